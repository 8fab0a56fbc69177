package wal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/raftbench/raftbench/core"
)

// makeDir makes a directory with its parents, and makes all their names durable. Also of
// those that were there: the process that made them may have died before it synced them,
// and a loss of power would take the directory away with all that is synced in it. Those
// above that we may not read, or whose file system syncs no directories, are nothing that we made.
func makeDir(fs fileSystem, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return nil
	}
	if err := makeDir(fs, parent); err != nil {
		return err
	}
	made, err := fs.Mkdir(dir)
	if err != nil {
		return err
	}
	err = fs.SyncDir(parent)
	if !made && (errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)) {
		return nil
	}
	return err
}

// listing is what a directory holds.
type listing struct {
	segments  []uint64            // numbers, lowest first
	snapshots []core.SnapshotMeta // newest last
	temps     []string
	hasMark   bool
	strangers []string // names that no log gives
}

func list(fs fileSystem, dir string) (listing, error) {
	names, err := fs.ReadDir(dir)
	if err != nil {
		return listing{}, err
	}
	var l listing
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			l.segments = append(l.segments, n)
		} else if meta, ok := snapshotMeta(name); ok {
			l.snapshots = append(l.snapshots, meta)
		} else if strings.HasSuffix(name, tempSuffix) {
			l.temps = append(l.temps, name)
		} else if name == markName {
			l.hasMark = true
		} else if name != lockName && !strings.HasSuffix(name, damagedSuffix) && !strings.HasSuffix(name, refusedSuffix) {
			l.strangers = append(l.strangers, name)
		}
	}
	slices.Sort(l.segments)
	slices.SortFunc(l.snapshots, func(a, b core.SnapshotMeta) int { return cmp.Compare(a.Index, b.Index) })
	return l, nil
}

// isNew reports whether there is no log yet.
func (l *listing) isNew() bool { return !l.hasMark && len(l.segments) == 0 && len(l.snapshots) == 0 }

// onlyMark reports whether the process that made the log got no further than its mark.
func (l *listing) onlyMark() bool { return l.hasMark && len(l.segments) == 0 && len(l.snapshots) == 0 }

// checkNew refuses to make a log among somebody else's files.
func (l *listing) checkNew(dir string) error {
	if len(l.strangers) > 0 || len(l.temps) > 0 {
		return fmt.Errorf("wal: %s: %w: it holds %s", dir, ErrForeign, strings.Join(append(l.strangers, l.temps...), ", "))
	}
	return nil
}

// removeTemps removes what a crash has left unfinished.
func (l *listing) removeTemps(fs fileSystem, dir string) error {
	for _, name := range l.temps {
		if err := fs.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
