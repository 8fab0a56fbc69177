package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/reports"
)

// StorageKind says where nodes keep their log.
type StorageKind string

// The kinds of storage.
const (
	StorageMem StorageKind = "mem" // in memory: isolates the transport
	StorageWAL StorageKind = "wal" // on disk (core/wal)
)

// StorageKinds lists them.
func StorageKinds() []StorageKind { return []StorageKind{StorageMem, StorageWAL} }

// Fsync says when a log on disk is durable.
type Fsync string

// The ways to sync.
const (
	FsyncAlways Fsync = "always" // before anything is acknowledged
	FsyncNone   Fsync = "none"   // when the system likes: what was acknowledged outlives the process and not the power
)

// Fsyncs lists them.
func Fsyncs() []Fsync { return []Fsync{FsyncAlways, FsyncNone} }

// Storage is how the nodes of an arm keep their log. Fsync is empty in memory.
type Storage struct {
	Kind  StorageKind
	Fsync Fsync
}

// storages is the product of kinds and ways to sync; in memory there is nothing to sync.
func (s *Settings) storages() []Storage {
	kinds, fsyncs := s.Storages, s.Fsyncs
	if len(kinds) == 0 {
		kinds = []StorageKind{StorageMem}
	}
	if len(fsyncs) == 0 {
		fsyncs = []Fsync{FsyncAlways}
	}
	var out []Storage
	for _, kind := range kinds {
		if kind == StorageMem {
			out = append(out, Storage{Kind: kind})
			continue
		}
		for _, fsync := range fsyncs {
			out = append(out, Storage{kind, fsync})
		}
	}
	return out
}

// storageLabel names what differs between the storages.
func (s *Settings) storageLabel(v Storage) string {
	label := "storage=" + string(v.Kind)
	if v.Kind == StorageWAL && len(s.Fsyncs) > 1 {
		label += " fsync=" + string(v.Fsync)
	}
	return label
}

func (s *Settings) validateStorage() error {
	if err := allowed("--storage", StorageKinds(), s.Storages...); err != nil {
		return err
	}
	return allowed("--fsync", Fsyncs(), s.Fsyncs...)
}

// UsesDisk reports whether an arm of the plan keeps its log on disk.
func (p *Plan) UsesDisk() bool {
	return slices.ContainsFunc(p.Arms, func(a Arm) bool { return a.Storage.Kind == StorageWAL })
}

// logs are the logs on disk of one cluster, each in a directory of its own.
type logs struct {
	dir       string
	temporary bool
	cluster   uint64
	noSync    bool
	warn      func(text string) // of what a node found when it opened its log again

	mu   sync.Mutex
	open map[core.NodeID]*wal.Log // the one that the node opened last
}

// newLogs makes the directory of a replicate: below data, with a name that must not be
// taken, or, if data is empty, a temporary one.
func newLogs(data, name string, s Storage, cluster uint64, warn func(string)) (*logs, error) {
	l := &logs{temporary: data == "", cluster: cluster, noSync: s.Fsync == FsyncNone, warn: warn, open: map[core.NodeID]*wal.Log{}}
	l.dir = filepath.Join(data, fileName(name))
	err := error(nil)
	if l.temporary {
		l.dir, err = os.MkdirTemp("", "raftbench-wal-")
	} else {
		err = os.Mkdir(l.dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("--data: make the directory of a replicate: %w", err)
	}
	return l, nil
}

// fileName makes a label the name of a directory.
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-=.", r) {
			return r
		}
		return '_'
	}, label)
}

// storage opens the log of a node, as cluster.Config.OpenStorage. If it was damaged while
// the node was down, the node starts in quarantine.
func (l *logs) storage(id core.NodeID) (core.Storage, error) {
	log, err := wal.Open(wal.Options{
		Dir:      filepath.Join(l.dir, fmt.Sprintf("node-%d", id)),
		Identity: wal.Identity{Cluster: l.cluster, Node: id},
		NoSync:   l.noSync,

		Quarantine: true,
	})
	if err != nil {
		return nil, err
	}
	if d := log.Recovery().Damage; d != nil {
		l.warn(fmt.Sprintf("%v takes no part in elections and commits until it has caught up: %v", id, d))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[id] = log
	return log, nil
}

// distributions joins those of all logs.
func (l *logs) distributions() []batch.Distribution {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []batch.Distribution
	for _, log := range l.open {
		all = join(all, log.Distributions())
	}
	return all
}

// count adds up what was written and synced.
func (l *logs) count(c counters) {
	for _, d := range l.distributions() {
		switch d.Name {
		case "wal_fsync_ns":
			c["wal_fsyncs"] = d.Histogram.Count()
		case "wal_frame_bytes":
			c["wal_bytes"] = d.Histogram.Sum()
		}
	}
}

// addLog adds what the nodes' logs cost, if they are on disk.
func (r *replicate) addLog(c *reports.Cost, before, after counters) {
	if r.arm.Storage.Kind == StorageWAL {
		c.Fsyncs = new(int64(after["wal_fsyncs"] - before["wal_fsyncs"]))
		c.LogBytes = new(int64(after["wal_bytes"] - before["wal_bytes"]))
	}
}

// close removes the directory if it is a temporary one. The logs are closed already.
func (l *logs) close() error {
	if l == nil || !l.temporary {
		return nil
	}
	return os.RemoveAll(l.dir)
}

// warnDisk is a remark on where the logs on disk are.
func warnDisk(s *Settings, p *Plan) []string {
	dir := s.Data
	if dir == "" {
		dir = os.TempDir()
	}
	if !p.UsesDisk() || !inMemory(dir) {
		return nil
	}
	return []string{fmt.Sprintf("--data: %s is in memory (tmpfs): a sync costs nothing there, and makes nothing durable", dir)}
}
