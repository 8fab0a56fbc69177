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

func flipLog(d *simDisk) { d.names[simDir+"/0000000002.wal"].data[3*sectorBytes] ^= 1 }

func removeLog(d *simDisk) {
	for _, n := range []uint64{1, 2} {
		delete(d.names, filepath.Join(simDir, segmentName(n)))
	}
}

// Where the mark is damaged nobody knows the last term and vote, even if all of the log can
// be read: its last frame may be gone. The node must not believe that it remembers them: it
// begins again as a newborn, of which it is known that there was something before.
func TestTermAndVoteThatNobodyKnows(t *testing.T) {
	harmMark := map[string]func(*simDisk){
		"the mark":               func(*simDisk) {},
		"the mark's newest slot": func(d *simDisk) { flipMark(d, newestSlot(t, d)) },
		"the mark's older slot":  func(d *simDisk) { flipMark(d, 1-newestSlot(t, d)) },
		"both slots of the mark": func(d *simDisk) { flipMark(d, 0, 1) },
		"an empty mark":          func(d *simDisk) { clear(d.inode(markName).data) },
		"no mark":                func(d *simDisk) { delete(d.names, simDir+"/"+markName) },
	}
	harmLog := map[string]func(*simDisk){
		"the log":          func(*simDisk) {},
		"a damaged log":    flipLog,
		"no log":           removeLog,
		"no last frame":    eraseLastFrame,
		"no good snapshot": func(d *simDisk) { removeLog(d); d.inode(snapshotSuffix).data[0] ^= 1 },
	}
	for mark, harmMark := range harmMark {
		for log, harmLog := range harmLog {
			if mark != "the mark" || log != "the log" {
				wantAmnesia(t, mark+", "+log, mark != "the mark", func(d *simDisk) { harmMark(d); harmLog(d) })
			}
		}
	}
}

// eraseLastFrame erases what was written last.
func eraseLastFrame(d *simDisk) {
	data := d.names[simDir+"/0000000002.wal"].data
	end := lastDirty(data)
	clear(data[end-sectorBytes : end])
}

func wantAmnesia(t *testing.T, what string, want bool, harm func(*simDisk)) {
	t.Helper()
	for _, closed := range []bool{true, false} {
		disk, _ := small(t, closed)
		disk = disk.killed()
		harm(disk)
		_, err := Open(simOptions(disk))
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Doubt.Amnesia() != want || damage.Doubt.Newborn() != want {
			t.Fatalf("%s, closed %t: opened with %v; want a DamageError, and amnesia: %t", what, closed, err, want)
		}
		wantRemembered(t, disk, what, want)
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
