package wal

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// A process dies anywhere between making a directory and making its name durable. What
// the next one acknowledges there outlives a loss of power.
func TestDirectoryOfAProcessThatDied(t *testing.T) {
	for offAt := 1; ; offAt++ {
		disk := newSimDisk()
		disk.offAt = offAt
		err := makeDir(disk, simDir)
		disk.restart()
		l := open(t, disk)
		write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
		after := open(t, disk.powerCut(nil))
		if after.LastIndex() != 1 {
			t.Fatalf("the process that made the directory died at call %d, the next one wrote an entry, the power went: the log ends at %d", offAt, after.LastIndex())
		}
		if err := errors.Join(after.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			if offAt == 1 {
				t.Fatal("the process did not die")
			}
			return
		}
	}
}

// unreadable is a disk with a directory that cannot be synced.
type unreadable struct {
	*simDisk
	dir string
	err error
}

func (u unreadable) SyncDir(dir string) error {
	if dir == u.dir {
		return u.err
	}
	return u.simDisk.SyncDir(dir)
}

// A directory above that may not be read is left alone, unless something was made in it;
// one that cannot be synced is not.
func TestDirectoriesAboveOnesOwn(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		err  error
		fine bool
	}{
		"above, not ours to read":      {"/", os.ErrPermission, true},
		"above, where none is synced":  {"/", &os.PathError{Op: "sync", Path: "/", Err: syscall.EINVAL}, true},
		"above, and the disk fails":    {"/", errSim, false},
		"where one is made, forbidden": {"/data", os.ErrPermission, false},
	} {
		disk := newSimDisk()
		if _, err := disk.Mkdir("/data"); err != nil {
			t.Fatal(err)
		}
		if err := makeDir(unreadable{disk, c.dir, c.err}, simDir); c.fine != (err == nil) || !c.fine && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
