package session_test

import (
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/core/session"
)

// Whatever ends first, Received is the number through which everything has.
func TestNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var n session.Numbers
	underWay := map[uint64]bool{}
	last := uint64(0)
	for range 20_000 {
		if seq, ok := n.Take(); ok {
			if seq != last+1 {
				t.Fatalf("number %d after %d", seq, last)
			}
			last, underWay[seq] = seq, true
		} else if last-n.Received() != session.Window {
			t.Fatalf("no number after %d, though all through %d have ended", last, n.Received())
		}
		if rng.IntN(3) == 0 { // now and then many at once
			for seq := range underWay {
				if rng.IntN(4) == 0 {
					delete(underWay, seq)
					n.End(seq)
				}
			}
		}
		oldest := last + 1
		if len(underWay) < 20 {
			for seq := range underWay {
				oldest = min(oldest, seq)
			}
			if n.Received() != oldest-1 {
				t.Fatalf("received through %d, want %d", n.Received(), oldest-1)
			}
		}
	}
}

func TestNumbersFillTheWindow(t *testing.T) {
	var n session.Numbers
	for range session.Window {
		if _, ok := n.Take(); !ok {
			t.Fatal("the window is full too soon")
		}
	}
	for seq := uint64(2); seq <= session.Window; seq++ {
		n.End(seq)
	}
	if _, ok := n.Take(); ok || n.Received() != 0 {
		t.Fatalf("a number beyond the window, with all received through %d", n.Received())
	}
	n.End(1)
	if seq, ok := n.Take(); !ok || seq != session.Window+1 || n.Received() != session.Window {
		t.Fatalf("%d, %v, received through %d", seq, ok, n.Received())
	}
}
