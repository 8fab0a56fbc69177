package transporttest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// defect spoils a transport. The checks named in found must find it.
type defect struct {
	name   string // with slow in it, the checks are given more time
	found  []string
	spoils func(*hooks)
}

// slow marks a defect that shows only after a check has done much, and races one
// that the race detector finds as well, and so cannot be run under it.
const (
	slow  = "slow to find"
	races = "races"
)

// defects are those that need no wire.
var defects = []defect{
	{"loses completions", []string{"ExactlyOneCompletion", "RoundTrip", "BatchToSeveralPeers"}, func(h *hooks) {
		var n atomic.Int64
		h.complete = func(calls []*core.Call) {
			kept := slices.DeleteFunc(slices.Clone(calls), func(*core.Call) bool { return n.Add(1)%20 == 0 })
			h.user.Complete(kept)
		}
	}},
	{"loses requests without an error", []string{"BatchToSeveralPeers", "HandlerCallsFromReceive"}, func(h *hooks) {
		var n atomic.Int64
		h.receive = func(r []*core.Incoming) {
			h.user.Receive(slices.DeleteFunc(slices.Clone(r), func(*core.Incoming) bool { return n.Add(1)%20 == 0 }))
		}
	}},
	{"completes twice", []string{"ExactlyOneCompletion", "NoCrossTalk", "CloseWhileSending", "Timeout"}, func(h *hooks) {
		var n atomic.Int64
		h.complete = func(calls []*core.Call) {
			again := calls[0]
			h.user.Complete(calls)
			if n.Add(1)%20 == 1 {
				h.user.Complete([]*core.Call{again})
			}
		}
	}},
	{"delivers requests twice", []string{"Order", "BatchToSeveralPeers", "EmptySlices"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			extra := &core.Incoming{Request: r[0].Request, Response: r[0].Request.Kind().NewResponse()}
			h.user.Receive([]*core.Incoming{extra})
			h.user.Receive(r)
		}
		h.reply = dropForeign(h)
	}},
	{"swaps responses", []string{"NoCrossTalk", "ExactlyOneCompletion", "CallIsUsedAgain", "LateReply"}, func(h *hooks) {
		var mu sync.Mutex
		var append core.AppendEntriesResponse
		var propose core.ProposeResponse
		h.complete = func(calls []*core.Call) {
			mu.Lock()
			for _, c := range calls {
				switch r := c.Response.(type) {
				case *core.AppendEntriesResponse:
					append, *r = *r, append
				case *core.ProposeResponse:
					propose, *r = *r, propose
				}
			}
			mu.Unlock()
			h.user.Complete(calls)
		}
	}},
	{"mixes up nodes", []string{"BatchToSeveralPeers"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			to := calls[0].To
			for _, c := range calls {
				c.To, to = to, c.To
			}
			h.inner.Send(calls)
		}
	}},
	{"drops empty items", []string{"RoundTrip"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				if p, ok := in.Request.(*core.ProposeRequest); ok {
					p.Commands = slices.DeleteFunc(p.Commands, func(b []byte) bool { return len(b) == 0 })
				}
			}
			h.user.Receive(r)
		}
	}},
	{"does not ask for traces", []string{"RoundTrip"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				if p, ok := in.Request.(*core.ReadRequest); ok {
					p.Trace = false
				}
			}
			h.user.Receive(r)
		}
	}},
	{"keeps the time left of the request before", []string{"RemainingTime", "RoundTrip"}, func(h *hooks) {
		var before atomic.Int64
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				if p, ok := in.Request.(*core.ReadRequest); ok && p.Remaining == 0 {
					p.Remaining = time.Duration(before.Load())
				} else if ok {
					before.Store(int64(p.Remaining))
				}
			}
			h.user.Receive(r)
		}
	}},
	{"counts the time left in microseconds", []string{"RemainingTime", "RoundTrip"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				if p, ok := in.Request.(*core.ProposeRequest); ok {
					p.Remaining = p.Remaining.Truncate(time.Microsecond)
				}
			}
			h.user.Receive(r)
		}
	}},
	{"loses traces", []string{"RoundTrip"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if p, ok := c.Response.(*core.ProposeResponse); ok && p.Traced {
					p.Trace.Apply = 0
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"takes an empty trace for none", []string{"RoundTrip"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if p, ok := c.Response.(*core.ReadResponse); ok && p.Trace == (core.Trace{}) {
					p.Traced = false
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"keeps the trace of the call before", []string{"CallIsUsedAgain"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if p, ok := c.Response.(*core.ProposeResponse); ok {
					p.Traced, p.Trace.Inbox = true, 1
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"hands over old responses", []string{"CallIsUsedAgain", "NoCrossTalk"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				echoResponse(in.Response, in.Request, 99)
			}
			h.user.Receive(r)
		}
	}},
	{"shares the caller's memory (" + races + ")", []string{"RequestMemory"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			for _, in := range r {
				if shared, ok := memory.Load(in.Request.(*core.AppendEntriesRequest).Session); ok {
					in.Request = shared.(core.Request)
				}
			}
			h.user.Receive(r)
		}
		h.send = func(calls []*core.Call) {
			for _, c := range calls {
				memory.Store(c.Request.(*core.AppendEntriesRequest).Session, c.Request)
			}
			h.inner.Send(calls)
		}
	}},
	{"sends in another order", []string{"Order"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			slices.Reverse(calls)
			h.inner.Send(calls)
		}
	}},
	{"ends calls too early", []string{"Timeout", "TimeoutOfEachClass"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			for _, c := range calls {
				c.Timeout /= 2
			}
			h.inner.Send(calls)
		}
		t := &h.cfg.Timeouts
		t.Control, t.Append, t.Client = t.Control/2, t.Append/2, t.Client/2
	}},
	{"has one timeout for all", []string{"Timeout", "TimeoutOfEachClass"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			for _, c := range calls {
				c.Timeout = patience
			}
			h.inner.Send(calls)
		}
	}},
	{"answers before the timeout, with another error", []string{"Timeout", "Stats", "LateReply"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if errors.Is(c.Err, core.ErrTimeout) {
					c.Err = core.ErrBroken
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"does not cancel", []string{"Cancel"}, func(h *hooks) {
		h.cancel = func([]*core.Call) {}
	}},
	{"cancels twice", []string{"Cancel"}, func(h *hooks) {
		h.cancel = func(calls []*core.Call) {
			h.inner.Cancel(calls)
			for _, c := range calls {
				c.Err = core.ErrCanceled
			}
		}
	}},
	{"cancels what has ended", []string{"CancelRaces"}, func(h *hooks) {
		var mu sync.Mutex
		canceled := map[*core.Call]bool{}
		h.cancel = func(calls []*core.Call) {
			mu.Lock()
			defer mu.Unlock()
			canceled[calls[0]] = true
		}
		h.complete = func(calls []*core.Call) {
			mu.Lock()
			again := slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool { return !canceled[c] })
			mu.Unlock()
			h.user.Complete(calls)
			h.user.Complete(again)
		}
	}},
	{"writes to a response late", []string{"LateReply"}, func(h *hooks) {
		var mu sync.Mutex
		var ended []*core.ProposeResponse
		h.complete = func(calls []*core.Call) {
			mu.Lock()
			for _, c := range calls {
				if p, ok := c.Response.(*core.ProposeResponse); ok {
					ended = append(ended, p)
				}
			}
			mu.Unlock()
			h.user.Complete(calls)
		}
		h.send = func(calls []*core.Call) {
			mu.Lock()
			for _, p := range ended {
				p.From = 3
			}
			mu.Unlock()
			h.inner.Send(calls)
		}
	}},
	{"answers a second time", []string{"DoubleReply"}, func(h *hooks) {
		h.reply = func(r []*core.Incoming) {
			for i, in := range r {
				if slices.Contains(r[:i], in) {
					in.Rearm()
					h.user.Complete([]*core.Call{{Tag: "out of the blue"}})
				}
			}
			h.inner.Reply(r)
		}
	}},
	{"counts wrongly", []string{"Stats"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			h.inner.Send(calls)
			h.inner.Send([]*core.Call{stray(h)})
		}
		h.complete = dropStray(h)
	}},
	{"has no bounds", []string{"QueuedCalls", "QueuedBytes", "OneLargeCallOverAllConnections"}, func(h *hooks) {
		h.cfg.Limits.QueuedCalls, h.cfg.Limits.QueuedBytes = 1<<30, 1<<40
	}},
	{"bounds too tightly", []string{"QueuedCalls", "QueuedBytes"}, func(h *hooks) {
		h.cfg.Limits.QueuedCalls, h.cfg.Limits.QueuedBytes = h.cfg.Limits.QueuedCalls/2, h.cfg.Limits.QueuedBytes/2
	}},
	{"does not let a large call through", []string{"OneCallIsAlwaysLetThrough"}, func(h *hooks) {
		h.cfg.Limits.MessageBytes = h.cfg.Limits.QueuedBytes
	}},
	{"has one lane", []string{"ControlPassesUnansweredBulk"}, func(h *hooks) {
		var bulk atomic.Int64
		h.send = func(calls []*core.Call) {
			for _, c := range calls {
				if c.Request.Class() != core.ClassControl {
					bulk.Add(1)
				} else if bulk.Load() > 0 {
					continue // it waits behind them
				}
				h.inner.Send([]*core.Call{c})
			}
		}
	}},
	{"waits for a peer in Send", []string{"HandlerThatNeverAnswersDelaysNobody", "HandlerCallsFromReceive"}, func(h *hooks) {
		ended := make(chan struct{}, 1<<16)
		h.complete = func(calls []*core.Call) {
			n := len(calls)
			h.user.Complete(calls)
			for range n {
				ended <- struct{}{}
			}
		}
		h.send = func(calls []*core.Call) {
			n := len(calls)
			h.inner.Send(calls)
			for range n {
				select {
				case <-ended:
				case <-h.release:
				}
			}
		}
	}},
	{"nests", []string{"CompleteSendsTheNext"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			for _, c := range calls {
				echoResponse(c.Response, c.Request, c.To)
			}
			h.user.Complete(slices.Clone(calls))
		}
	}},
	{"delivers what is empty", []string{"EmptySlices"}, func(h *hooks) {
		h.send = func(calls []*core.Call) {
			if len(calls) == 0 {
				h.user.Complete([]*core.Call{{}})
			}
			h.inner.Send(calls)
		}
	}},
	{"hides the handler's error", []string{"HandlerError", "ExactlyOneCompletion", "HandlerPanic"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if errors.Is(c.Err, core.ErrRemote) {
					c.Err = nil
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"hides the handler's panic", []string{"HandlerPanic"}, func(h *hooks) {
		h.receive = func(r []*core.Incoming) {
			defer func() { _ = recover() }()
			h.user.Receive(r)
		}
	}},
	{"takes what is too large", []string{"OversizeRequest", "OversizeResponse", "OversizeForThePeer"}, func(h *hooks) {
		h.cfg.Limits.MessageBytes = 1 << 30
	}},
	{"thinks that a dead peer is slow", []string{"DeadPeer"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if errors.Is(c.Err, core.ErrUnavailable) {
					c.Err = core.ErrTimeout
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"gives up on a peer", []string{"PeerComesBack"}, func(h *hooks) {
		var failed atomic.Bool
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if failed.Load() || errors.Is(c.Err, core.ErrUnavailable) {
					failed.Store(true)
					c.Err = core.ErrUnavailable
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"does not notice that a peer went", []string{"PeerClosesUnderCalls"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			h.user.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool { return errors.Is(c.Err, core.ErrBroken) }))
		}
	}},
	{"leaves calls to the timeout when it closes", []string{"CloseUnderCalls"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			h.user.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool { return errors.Is(c.Err, core.ErrClosed) }))
		}
	}},
	{"delivers completions after Close", []string{"CloseWhileSending"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			if !errors.Is(calls[0].Err, core.ErrClosed) {
				h.user.Complete(calls)
				return
			}
			late := slices.Clone(calls)
			time.AfterFunc(5*time.Millisecond, func() { h.user.Complete(late) })
		}
	}},
	{"delivers requests after Close", []string{"CloseInAFlood"}, func(h *hooks) {
		h.reply = dropForeign(h)
		h.close = func() error {
			err := h.inner.Close()
			extra := &core.Incoming{Request: heartbeat(1), Response: new(core.AppendEntriesResponse)}
			time.AfterFunc(5*time.Millisecond, func() { h.user.Receive([]*core.Incoming{extra}) })
			return err
		}
	}},
	{"cannot be closed unused", []string{"CloseBeforeAnyCall"}, func(h *hooks) {
		h.close = func() error {
			if h.Stats().Calls+h.Stats().Requests == 0 {
				<-h.release
			}
			return h.inner.Close()
		}
	}},
	{"cannot be closed twice", []string{"CloseTwice"}, func(h *hooks) {
		var once atomic.Bool
		h.close = func() error {
			if once.Swap(true) {
				return errors.New("closed already")
			}
			return h.inner.Close()
		}
	}},
	{"hangs in Reply after Close", []string{"CloseThenReply"}, func(h *hooks) {
		var closed atomic.Bool
		h.close = func() error { closed.Store(true); return h.inner.Close() }
		h.reply = func(r []*core.Incoming) {
			if closed.Load() {
				<-h.release
			}
			h.inner.Reply(r)
		}
	}},
	{"forgets calls after Close", []string{"SendAfterClose", "CloseWhileSending"}, func(h *hooks) {
		var closed atomic.Bool
		h.close = func() error { closed.Store(true); return h.inner.Close() }
		h.send = func(calls []*core.Call) {
			if !closed.Load() {
				h.inner.Send(calls)
			}
		}
	}},
	{"leaves a goroutine", []string{"NothingIsLeft"}, func(h *hooks) {
		go func() { <-h.release }()
	}},
}

// memory is the memory that "shares the caller's memory" shares.
var memory sync.Map

// dropForeign answers only what the good transport delivered.
func dropForeign(h *hooks) func([]*core.Incoming) {
	return func(r []*core.Incoming) {
		h.inner.Reply(slices.DeleteFunc(slices.Clone(r), func(in *core.Incoming) bool { return in.State == nil }))
	}
}

// stray is a call that nobody made.
func stray(h *hooks) *core.Call {
	return &core.Call{To: h.cfg.Self, Request: heartbeat(1), Response: new(core.AppendEntriesResponse), Tag: h}
}

func dropStray(h *hooks) func([]*core.Call) {
	return func(calls []*core.Call) {
		h.user.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool { return c.Tag == any(h) }))
	}
}
