package dial_test

import (
	"sync"
	"testing"

	"github.com/raftbench/raftbench/transports/dial"
)

func TestRoom(t *testing.T) {
	r := dial.NewRoom(100, 4)
	steps := []struct {
		take, give int
		ok         bool
	}{
		{take: 500, ok: true}, // the first one, however large
		{take: 1}, {give: 500},
		{take: 60, ok: true}, {take: 40, ok: true}, {take: 1}, {give: 40}, {take: 41}, {take: 40, ok: true},
	}
	for i, s := range steps {
		if s.give > 0 {
			r.Give(s.give)
		} else if r.Take(s.take) != s.ok {
			t.Fatalf("step %d: take %d: %t, want %t", i, s.take, !s.ok, s.ok)
		}
	}
	one := dial.NewRoom(1, 1)
	for range 2 {
		if !one.Take(1000) {
			t.Fatal("the room of a pool of one has an end")
		}
	}
}

// Of many that come at once, no more get in than there is room for, and all that they
// took comes back.
func TestRoomIsSharedConcurrently(t *testing.T) {
	r := dial.NewRoom(1000, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if r.Take(300) {
					r.Give(300)
				}
			}
		})
	}
	all.Wait()
	taken := 0
	for r.Take(300) {
		taken++
	}
	if taken != 3 {
		t.Fatalf("%d times 300 bytes fit into 1000, want 3", taken)
	}
}
