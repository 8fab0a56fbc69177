package experiment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/raft"
)

// What Times accept, a node accepts, and at each limit the next value is refused.
func TestTimesFitTogether(t *testing.T) {
	for _, c := range []struct {
		times Times
		lease bool
		want  string // part of the error; empty: none
		ticks int    // of the lease; zero: the longest
	}{
		{DefaultTimes(), true, "", 0},
		{Times{}, true, "", 0},
		{Times{100 * ms, 200 * ms, 10, 0}, false, "", 0},
		{Times{100 * ms, 200 * ms, 10, 0}, true, "--election 200ms, --heartbeat 100ms, --lease.drift 10%", 0},
		{Times{100 * ms, 400 * ms, 50, 0}, true, "", 0},
		{Times{100 * ms, 400 * ms, 51, 0}, true, "--lease.drift 51%", 0},
		{Times{100 * ms, time.Second, 10, 800 * ms}, true, "", 8},
		{Times{100 * ms, time.Second, 10, 801 * ms}, true, "--lease.length 801ms", 0},
		{Times{100 * ms, time.Second, 10, 200 * ms}, true, "", 2},
		{Times{100 * ms, time.Second, 10, 199 * ms}, true, "--lease.length 199ms", 0},
		{Times{100 * ms, time.Second, 10, 350 * ms}, true, "", 3},
		{Times{100 * ms, time.Second, 0, 0}, false, "--lease.drift 0%", 0},
		{Times{0, time.Second, 10, 0}, false, "--heartbeat 0s", 0},
		{Times{100 * ms, 100 * ms, 10, 0}, false, "--election 100ms", 0},
		{Times{100 * ms, 11 * time.Minute, 10, 0}, false, "--election 11m0s", 0},
	} {
		times := c.times.withDefaults()
		err := times.validate(c.lease)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, leases %v: %v, want %q", c.times, c.lease, err, c.want)
		}
		if err != nil {
			continue
		}
		var n node.Config
		times.configure(&n, c.lease)
		if n.LeaseTicks != c.ticks || n.Tick != times.Heartbeat || (n.LeaseDriftPercent > 0) != c.lease {
			t.Errorf("%+v: node %+v", c.times, n)
		}
		if longest := raft.LongestLease(n.ElectionTicks, n.LeaseDriftPercent); c.lease && max(n.LeaseTicks, 2) > longest {
			t.Errorf("%+v: a lease of %d ticks is accepted, the longest is %d", c.times, n.LeaseTicks, longest)
		}
	}
	if got := fmt.Sprint(DefaultTimes().longestLease()); got != "800ms" {
		t.Errorf("by default a lease lasts %s, want 800ms", got)
	}
}
