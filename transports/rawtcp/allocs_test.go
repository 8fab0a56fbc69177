//go:build !race

package rawtcp

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// TestACallDoesNotAllocate on the steady path, at either end. (The race detector
// makes sync.Pool forget on purpose.)
func TestACallDoesNotAllocate(t *testing.T) {
	l := listenLocal(t)
	client := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	server := &endpoint{t: t}
	server.receive = func(requests []*core.Incoming) { server.Reply(requests) }
	server.transport = opened(t, client.set, core.Endpoint{Self: 2, Listener: l, Handler: server})
	defer server.Close()

	call := &core.Call{To: 2, Response: new(core.AppendEntriesResponse), Request: &core.AppendEntriesRequest{
		Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Data: make([]byte, 128)}},
	}}
	calls := []*core.Call{call}
	got := testing.AllocsPerRun(1000, func() {
		client.Send(calls)
		if c := client.wait(); c.Err != nil {
			t.Fatal(c.Err)
		}
	})
	// wait makes a timer; a garbage collection empties the pools.
	const ofWait = 3
	if got > ofWait {
		t.Errorf("%.1f allocations a call", got)
	}
}
