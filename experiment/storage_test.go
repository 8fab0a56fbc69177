package experiment

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/reports"
)

// Storage and fsync make arms, and a log in memory has no fsync.
func TestStorageArms(t *testing.T) {
	s := settings(t, "inproc")
	s.Storages, s.Fsyncs = StorageKinds(), Fsyncs()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, a := range p.Arms {
		labels = append(labels, a.Label)
	}
	want := "inproc storage=mem, inproc storage=wal fsync=always, inproc storage=wal fsync=none"
	if got := strings.Join(labels, ", "); got != want {
		t.Fatalf("arms %s, want %s", got, want)
	}
	if load := s.describe(p.Arms[1]).Workload.Load; load.Storage != "wal" || load.Fsync != "always" {
		t.Fatalf("load %+v", load)
	}
	for want, change := range map[string]func(){
		`--storage "tape": allowed are mem, wal`:      func() { s.Storages = []StorageKind{"tape"} },
		`--fsync "sometimes": allowed are always, no`: func() { s.Fsyncs = []Fsync{"sometimes"} },
	} {
		s.Storages, s.Fsyncs = nil, nil
		change()
		if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// runStorage runs once over a log on disk.
func runStorage(t *testing.T, change func(*Settings)) *reports.Run {
	t.Helper()
	s := settings(t, "inproc")
	s.Storages, s.Operations = []StorageKind{StorageWAL}, 500
	s.Duration = minWatched
	change(s)
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	run, err := Run(context.Background(), s, p, Header{}, nil, &saved{})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Temporary directories are gone when a replicate has ended.
func TestTemporaryLogsAreRemoved(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	run := runStorage(t, func(s *Settings) { s.Repeat = 2 })
	if n := replicates(run); n != 2 {
		t.Fatalf("%d replicates, want 2", n)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

// Logs below Data stay, one directory for each replicate and node, and can be opened.
func TestLogsBelowDataStay(t *testing.T) {
	data := t.TempDir()
	run := runStorage(t, func(s *Settings) { s.Data, s.Repeat, s.Fsyncs = data, 2, Fsyncs() })
	if n := replicates(run); n != 4 {
		t.Fatalf("%d replicates, want 4", n)
	}
	dirs, err := filepath.Glob(filepath.Join(data, "*", "node-*"))
	if err != nil || len(dirs) != 4*run.Arms[0].Workload.Nodes {
		t.Fatalf("directories %q, %v", dirs, err)
	}
	seed := run.Arms[0].Replicates[0].Seed
	dir := filepath.Join(data, "1-1-inproc_storage=wal_fsync=always", "node-1")
	if run.Arms[0].Replicates[0].Block != 1 {
		t.Fatal("the first replicate is not of the first block")
	}
	l, err := wal.Open(wal.Options{Dir: dir, Identity: wal.Identity{Cluster: seed, Node: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.LastIndex() < 500 || l.Recovery().Verdict != wal.Clean {
		t.Fatalf("log ends at %d, %v", l.LastIndex(), l.Recovery().Verdict)
	}
}

// The result says what the logs cost.
func TestCostOfLogs(t *testing.T) {
	l := &logs{}
	r := &replicate{arm: Arm{Storage: Storage{Kind: StorageWAL}}}
	before, after := counters{"wal_fsyncs": 5, "wal_bytes": 512}, counters{"wal_fsyncs": 9, "wal_bytes": 2048}
	var c reports.Cost
	r.addLog(&c, before, after)
	if *c.Fsyncs != 4 || *c.LogBytes != 1536 {
		t.Fatalf("%d syncs and %d bytes, want 4 and 1536", *c.Fsyncs, *c.LogBytes)
	}
	r.arm.Storage.Kind, c = StorageMem, reports.Cost{}
	r.addLog(&c, before, after)
	if c.Fsyncs != nil || c.LogBytes != nil || len(l.distributions()) > 0 {
		t.Fatal("a log in memory has a cost")
	}
	data := t.TempDir()
	l, err := newLogs(data, "a b", Storage{StorageWAL, FsyncAlways}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.storage(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	counted := counters{}
	l.count(counted)
	if counted["wal_fsyncs"] == 0 || counted["wal_bytes"] < 512 {
		t.Fatalf("counted %v", counted)
	}
	if _, err := newLogs(data, "a b", Storage{StorageWAL, FsyncAlways}, 1, nil); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Fatalf("a directory was used twice: %v", err)
	}
}

func TestRemarkOnTmpfs(t *testing.T) {
	const shm = "/dev/shm"
	if !inMemory(shm) {
		t.Skip("there is no tmpfs at " + shm)
	}
	p := &Plan{Arms: []Arm{{Storage: Storage{Kind: StorageWAL}}}}
	if list := warnDisk(&Settings{Data: shm}, p); len(list) != 1 || !strings.Contains(list[0], shm) {
		t.Fatalf("remarks %q", list)
	}
	p.Arms[0].Storage.Kind = StorageMem
	if list := warnDisk(&Settings{Data: shm}, p); list != nil {
		t.Fatalf("remarks %q on a log in memory", list)
	}
}

// A node whose log is damaged while it is down starts all the same, in doubt, and the run
// says so.
func TestDamagedLogIsQuarantinedAndSaid(t *testing.T) {
	var said []string
	l, err := newLogs(t.TempDir(), "inproc", Storage{StorageWAL, FsyncAlways}, 1, func(text string) { said = append(said, text) })
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []bool{false, true} {
		if damaged {
			if err := os.Remove(filepath.Join(l.dir, "node-1", "mark")); err != nil {
				t.Fatal(err)
			}
		}
		s, err := l.storage(1)
		if err != nil {
			t.Fatal(err)
		}
		if doubt := s.(*wal.Log).Doubt(); doubt == nil || doubt.Amnesia() != damaged {
			t.Fatalf("damaged: %t, and the log is in doubt about %+v", damaged, doubt)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "node 1 takes no part") || !strings.Contains(said[0], "mark") {
		t.Fatalf("said %q", said)
	}
}
