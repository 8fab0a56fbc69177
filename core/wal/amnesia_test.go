package wal

import (
	"errors"
	"path/filepath"
	"testing"
)

// flipMark damages slots of the mark.
func flipMark(d *simDisk, slots ...uint64) {
	for _, slot := range slots {
		d.inode(markName).data[slot*markSlotBytes+30] ^= 1
	}
}

// newestSlot is the one that counts.
func newestSlot(t *testing.T, d *simDisk) uint64 {
	t.Helper()
	m, _, err := readMark(&simFile{d, d.inode(markName)})
	if err != nil {
		t.Fatal(err)
	}
	return m.generation % markSlots
}

func flipLog(d *simDisk) { d.names["dir/0000000002.wal"].data[3*sectorBytes] ^= 1 }

func removeLog(d *simDisk) {
	for _, n := range []uint64{1, 2} {
		delete(d.names, filepath.Join("dir", segmentName(n)))
	}
}

// Where the mark is damaged and not all of the log can be read, nobody knows the last
// term and vote. The node must not believe that it remembers them: it begins again as a
// newborn, of which it is known that there was something before.
func TestTermAndVoteThatNobodyKnows(t *testing.T) {
	for what, c := range map[string]struct {
		harm    func(*simDisk)
		amnesia bool
	}{
		"a slot of the mark":                      {func(d *simDisk) { flipMark(d, newestSlot(t, d)) }, false},
		"both slots of the mark":                  {func(d *simDisk) { flipMark(d, 0, 1) }, false},
		"no mark":                                 {func(d *simDisk) { delete(d.names, "dir/"+markName) }, false},
		"the log":                                 {flipLog, false},
		"no log":                                  {removeLog, false},
		"the log and the mark's newest slot":      {func(d *simDisk) { flipMark(d, newestSlot(t, d)); flipLog(d) }, true},
		"the log and both slots of the mark":      {func(d *simDisk) { flipMark(d, 0, 1); flipLog(d) }, true},
		"the log, and no mark":                    {func(d *simDisk) { delete(d.names, "dir/"+markName); flipLog(d) }, true},
		"nothing but a snapshot":                  {func(d *simDisk) { delete(d.names, "dir/"+markName); removeLog(d) }, true},
		"no log, and a damaged slot of the mark":  {func(d *simDisk) { flipMark(d, 0); removeLog(d) }, true},
		"the log, the mark and what it rests on":  {func(d *simDisk) { flipMark(d, 0, 1); flipLog(d); d.inode(snapshotSuffix).data[0] ^= 1 }, true},
		"nothing but a snapshot that is damaged":  {func(d *simDisk) { delete(d.names, "dir/"+markName); removeLog(d); d.inode(snapshotSuffix).data[0] ^= 1 }, true},
		"no log, and a mark with nothing in both": {func(d *simDisk) { clear(d.inode(markName).data); removeLog(d) }, true},
	} {
		for _, closed := range []bool{true, false} {
			disk, _ := small(t, closed)
			disk = disk.killed()
			c.harm(disk)
			_, err := Open(simOptions(disk))
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Doubt.Amnesia() != c.amnesia || damage.Doubt.Newborn() != c.amnesia {
				t.Fatalf("%s, closed %t: opened with %v; want a DamageError, and amnesia: %t", what, closed, err, c.amnesia)
			}
			wantRemembered(t, disk, what, c.amnesia)
		}
	}
}

// wantRemembered opens a damaged log in quarantine, and again: the doubt stays until it is
// settled.
func wantRemembered(t *testing.T, disk *simDisk, what string, amnesia bool) {
	t.Helper()
	for _, settle := range []bool{false, true} {
		o := simOptions(disk)
		o.Quarantine = true
		l, err := Open(o)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if l.Doubt() == nil || l.Doubt().Amnesia() != amnesia {
			t.Fatalf("%s: in doubt about %+v, want amnesia: %t", what, l.Doubt(), amnesia)
		}
		if settle {
			err = l.Settle()
		}
		if err = errors.Join(err, l.Close()); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		disk = disk.killed()
	}
	l, err := Open(simOptions(disk))
	if err != nil || l.Doubt() != nil {
		t.Fatalf("%s: settled, and opened with %v", what, err)
	}
	l.Close()
}
