package node

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/raft"
)

func TestExpiry(t *testing.T) {
	for _, c := range []struct{ now, remaining, want time.Duration }{
		{100, 0, 0}, // without end
		{100, 5, 105},
		{100, -1, 99},
		{100, -100, 1}, // and not zero, which would be without end
		{100, math.MinInt64, 1},
		{100, math.MaxInt64, 0}, // beyond the end of the clock
		{math.MaxInt64 - 5, 5, math.MaxInt64},
	} {
		if got := expiry(c.now, c.remaining); got != c.want {
			t.Errorf("at %d with %d left: %d, want %d", c.now, c.remaining, got, c.want)
		}
	}
}

// A question has as much time as the most patient of those for whom it is asked.
func TestLongest(t *testing.T) {
	in := func(expires time.Duration) *core.Incoming { return &core.Incoming{Expires: expires} }
	if got := longest([]*core.Incoming{in(20), in(50), in(30)}, 10); got != 40 {
		t.Errorf("%d, want 40", got)
	}
	if got := longest([]*core.Incoming{in(20), in(0)}, 10); got != 0 {
		t.Errorf("%d, and one of them has no end", got)
	}
}

// queries is a state machine that notes what it is asked.
type queries struct {
	core.StateMachine
	seen []string
}

func (q *queries) Query(query []byte, results *core.Results) {
	q.seen = append(q.seen, string(query))
	results.Append(query)
}

// A read that was confirmed in time and waited too long for the log to be applied
// is not looked up.
func TestReadExpiresWhileTheLogIsApplied(t *testing.T) {
	machine := new(queries)
	n := &Node{config: Config{ID: 1, StateMachine: machine}}
	n.inbox.clock.Origin = time.Now().Add(-time.Minute)
	var err error
	if n.raft, err = raft.New(raft.Config{ID: 1, Voters: []core.NodeID{1}, Log: memlog.New(), ElectionTicks: 10, HeartbeatTicks: 1}); err != nil {
		t.Fatal(err)
	}
	read := func(query string, expires time.Duration) *core.Incoming {
		return &core.Incoming{Request: &core.ReadRequest{Queries: [][]byte{[]byte(query)}}, Response: new(core.ReadResponse), Expires: expires}
	}
	requests := []*core.Incoming{read("late", time.Second), read("patient", time.Hour), read("endless", 0)}
	n.reads.confirmed = []readRound{{requests: requests}}
	n.answerReads()
	if d := cmp.Diff([]string{"patient", "endless"}, machine.seen); d != "" {
		t.Errorf("looked up (-want +got):\n%s", d)
	}
	var statuses []core.Status
	for _, r := range n.answers {
		statuses = append(statuses, r.Response.(*core.ReadResponse).Status)
	}
	if d := cmp.Diff([]core.Status{core.StatusExpired, core.StatusOK, core.StatusOK}, statuses); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

// What nodes say to each other has no deadline, and costs no look at the clock.
func TestOnlyClientsRequestsExpire(t *testing.T) {
	for _, kind := range core.Kinds() {
		req := kind.NewRequest()
		if _, ok := remainingOf(req); ok != (req.Class() == core.ClassClient) {
			t.Errorf("%v, of class %v: has a time left: %v", kind, req.Class(), ok)
		}
	}
}

// BenchmarkStamp is what a node pays for deadlines when requests arrive: a look at the
// clock for all that one read brought, and nothing for what nodes send.
func BenchmarkStamp(b *testing.B) {
	for name, req := range map[string]core.Request{
		"Propose": &core.ProposeRequest{Remaining: time.Second}, "AppendEntries": new(core.AppendEntriesRequest),
	} {
		b.Run(name, func(b *testing.B) {
			box := inbox{clock: core.Clock{Origin: time.Now()}}
			requests := make([]*core.Incoming, 8)
			for i := range requests {
				requests[i] = &core.Incoming{Request: req, Response: req.Kind().NewResponse()}
			}
			for b.Loop() {
				box.stamp(requests)
			}
		})
	}
}
