package inproc

import (
	"errors"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// openPair opens a caller, whose completed calls arrive at the channel, and a
// node that answers as handler says.
func openPair(t *testing.T, handler core.Handler) (caller *endpoint, completed chan *core.Call) {
	t.Helper()
	h := &hub{inline: true, endpoints: map[core.NodeID]*endpoint{}}
	completed = make(chan *core.Call, 100)
	open := func(id core.NodeID, handler core.Handler) *endpoint {
		e, err := h.open(core.Endpoint{Self: id, Handler: handler})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e.(*endpoint)
	}
	caller = open(1, collector(completed))
	callee := open(2, handler)
	if p, ok := handler.(*peer); ok {
		p.transport = callee
	}
	return caller, completed
}

// collector hands over completed calls.
type collector chan *core.Call

func (c collector) Receive([]*core.Incoming) {}
func (c collector) Complete(calls []*core.Call) {
	for _, call := range calls {
		c <- call
	}
}

// keeper keeps requests without answering.
type keeper []*core.Incoming

func (k *keeper) Receive(requests []*core.Incoming) { *k = append(*k, requests...) }
func (k *keeper) Complete([]*core.Call)             {}

func newCall() *core.Call {
	return &core.Call{To: 2, Request: &core.AppendEntriesRequest{}, Response: &core.AppendEntriesResponse{}}
}

func TestAnIDIsOpenOnce(t *testing.T) {
	h := &hub{endpoints: map[core.NodeID]*endpoint{}}
	first, err := h.open(core.Endpoint{Self: 1, Handler: &peer{}})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := h.open(core.Endpoint{Self: 1, Handler: &peer{}}); err == nil || !strings.Contains(err.Error(), "node 1 is open already") {
		t.Fatalf("opened node 1 twice: %v", err)
	}
	for range 2 { // nobody's name can be had by many
		nameless, err := h.open(core.Endpoint{Handler: &peer{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nameless.Close() })
	}
}

func TestACallAllocatesNothing(t *testing.T) {
	caller, completed := openPair(t, &peer{})
	c := newCall()
	c.Request = &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, 128)}}}
	calls := []*core.Call{c}
	got := testing.AllocsPerRun(1000, func() {
		caller.Send(calls)
		<-completed
	})
	if got != 0 {
		t.Fatalf("%v allocations a call, want none", got)
	}
}

// TestAFlightInAHandlersHandsIsNotUsedAgain cancels a call and sends it again
// while the handler still has the first request.
func TestAFlightInAHandlersHandsIsNotUsedAgain(t *testing.T) {
	var held keeper
	caller, completed := openPair(t, &held)
	c := newCall()
	caller.Send([]*core.Call{c})
	caller.Cancel([]*core.Call{c})
	if c := <-completed; !errors.Is(c.Err, core.ErrCanceled) {
		t.Fatalf("canceled call ended with %v", c.Err)
	}
	caller.Send([]*core.Call{c})
	if len(held) != 2 || held[0] == held[1] {
		t.Fatal("the second call went out in the request that a handler holds")
	}
}

func TestLargeCopiesAreNotKept(t *testing.T) {
	caller, completed := openPair(t, &peer{})
	c := newCall()
	for _, size := range []int{keepBytes / 2, 2 * keepBytes} {
		c.Request = &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, size)}}}
		caller.Send([]*core.Call{c})
		<-completed
		if kept := cap(c.State.(*flight).data); kept > keepBytes || (size < keepBytes) != (kept > 0) {
			t.Fatalf("%d B kept after a request of %d B", kept, size)
		}
	}
}

// TestIdleEndpointHasNoTimer checks that an endpoint that waits for nothing does
// not wake up.
func TestIdleEndpointHasNoTimer(t *testing.T) {
	caller, completed := openPair(t, &peer{})
	if at := caller.clock.at.Load(); at != int64(never) {
		t.Fatalf("a new endpoint will wake up at %v", at)
	}
	c := newCall()
	c.Timeout = 1
	caller.Send([]*core.Call{c})
	<-completed
	for caller.clock.at.Load() != int64(never) { // one last time
	}
}
