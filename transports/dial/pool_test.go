package dial_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/dial"
)

// place is a Member that is told how it is.
type place struct {
	works bool
	asked int
}

func (p *place) Ready() bool {
	p.asked++
	return p.works
}

func picks(p *dial.Pool[*place], n int) map[*place]int {
	count := map[*place]int{}
	for range n {
		count[p.Pick()]++
	}
	return count
}

func TestPoolDealsInTurn(t *testing.T) {
	a, b, c := &place{works: true}, &place{works: true}, &place{works: true}
	count := picks(dial.NewPool(a, b, c), 300)
	if count[a] != 100 || count[b] != 100 || count[c] != 100 {
		t.Errorf("300 calls were dealt %d, %d, %d", count[a], count[b], count[c])
	}
}

// "a broken connection is not chosen while it is being dialed again"
func TestPoolPassesOverWhatIsBroken(t *testing.T) {
	a, b, c := &place{works: true}, &place{}, &place{works: true}
	count := picks(dial.NewPool(a, b, c), 300)
	if count[b] != 0 || count[a] < 100 || count[c] < 100 {
		t.Errorf("300 calls were dealt %d, %d, %d with the second broken", count[a], count[b], count[c])
	}
	if b.asked == 0 {
		t.Error("nobody asked the broken one, so nobody dials it again")
	}
	b.works = true
	if count := picks(dial.NewPool(a, b, c), 300); count[b] != 100 {
		t.Errorf("the one that works again got %d of 300", count[b])
	}
}

func TestPoolWhereNothingWorksStillDealsInTurn(t *testing.T) {
	a, b := new(place), new(place)
	if count := picks(dial.NewPool(a, b), 100); count[a] != 50 || count[b] != 50 {
		t.Errorf("100 calls were dealt %d, %d", count[a], count[b])
	}
}

func TestPoolOfOneIsNotAsked(t *testing.T) {
	a := new(place)
	if count := picks(dial.NewPool(a), 10); count[a] != 10 || a.asked != 0 {
		t.Errorf("%d of 10 calls, asked %d times", count[a], a.asked)
	}
}

func TestSharesAddUp(t *testing.T) {
	for _, c := range []struct{ bound, n int }{{50, 4}, {64 << 20, 3}, {7, 7}, {65536, 1}} {
		sum := 0
		for i := range c.n {
			sum += dial.Share(c.bound, i, c.n)
		}
		if sum != c.bound {
			t.Errorf("the shares of %d among %d add up to %d", c.bound, c.n, sum)
		}
	}
	if got := dial.Share(2, 0, 64); got != 1 {
		t.Errorf("a share of %d", got)
	}
}
