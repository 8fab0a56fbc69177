package core_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

func TestCallCountersTellErrorsApart(t *testing.T) {
	var c core.CallCounters
	c.Calls.Add(1)
	c.Requests.Add(2)
	c.HandlerPanics.Add(3)
	for n, err := range []error{core.ErrOverflow, core.ErrTimeout, core.ErrUnavailable, core.ErrBroken, core.ErrClosed, core.ErrCanceled, nil} {
		for range n + 4 {
			c.Ended(err)
			if err != nil {
				err = fmt.Errorf("once more: %w", err)
			}
		}
	}
	want := core.TransportStats{Calls: 1, Requests: 2, HandlerPanics: 3, Overflows: 4, Timeouts: 5, Unavailable: 6, Broken: 7}
	if d := cmp.Diff(want, c.Stats()); d != "" {
		t.Fatalf("stats (-want +got):\n%s", d)
	}
}
