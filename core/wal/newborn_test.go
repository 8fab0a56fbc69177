package wal

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// A new log is a newborn's until Settle, wherever the power goes in between: a node
// whose disk was lost must not be taken for one that remembers. Once Settle has returned
// it is not one any more.
func TestNewbornUntilSettled(t *testing.T) {
	for offAt := 1; ; offAt++ {
		disk := newSimDisk()
		settled, over := settle(disk, offAt)
		for what, after := range map[string]*simDisk{
			"the process died": disk.killed(), "all is lost that was not durable": disk.powerCut(nil),
			"some is lost": disk.powerCut(rand.New(rand.NewPCG(1, uint64(offAt)))),
		} {
			what = fmt.Sprintf("power lost at call %d, %s", offAt, what)
			l := open(t, after)
			newborn := l.Doubt() != nil && l.Doubt().Newborn()
			if settled && l.Doubt() != nil {
				t.Fatalf("%s: doubt %+v after Settle", what, l.Doubt())
			}
			if !settled && !newborn && l.LastIndex() < 2 {
				t.Fatalf("%s: %d entries and no doubt: nothing was settled", what, l.LastIndex())
			}
			l.Close()
		}
		if over {
			return
		}
	}
}

// settle writes two entries to a new log, opens it once more and settles it, until the
// power goes at a call. over: there are not so many calls.
func settle(disk *simDisk, offAt int) (settled, over bool) {
	disk.offAt = offAt
	for try := range 2 {
		l, err := Open(simOptions(disk))
		if err != nil {
			return false, false
		}
		err = tryWrite(l, &core.HardState{Term: 1}, core.Index(try+1), []byte("x"))
		if err == nil && try == 1 {
			settled = l.Settle() == nil
		}
		if err := l.Close(); err != nil {
			return settled, false
		}
	}
	return settled, true
}

// A damaged log of a newborn stays one: of what came before it, nothing is known either.
func TestDamagedNewborn(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
	at := l.writer.at
	write(t, l, nil, 2, []byte("y"))
	write(t, l, nil, 3, []byte("z"))
	l.Close()
	disk.inode(segmentSuffix).data[at+100] ^= 1
	o := simOptions(disk)
	o.Quarantine = true
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Recovery().Verdict != Quarantined || !l.Doubt().Newborn() || l.LastIndex() != 1 {
		t.Fatalf("%v, doubt %+v, the log ends at %d", l.Recovery().Verdict, l.Doubt(), l.LastIndex())
	}
}
