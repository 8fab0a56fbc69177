package grpc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// outcomes is a handler that notes how calls end.
type outcomes struct{ errs []error }

func (o *outcomes) Receive([]*core.Incoming) {}

func (o *outcomes) Complete(calls []*core.Call) {
	for _, c := range calls {
		o.errs = append(o.errs, c.Err)
	}
}

// testLane returns a lane whose sender is not running: the test does its steps.
func testLane(batchBytes int) (*lane, *outcomes) {
	h := new(outcomes)
	e := &endpoint{
		Endpoint:   core.Endpoint{Handler: h, Limits: core.Limits{}.WithDefaults(), Timeouts: core.Timeouts{}.WithDefaults()},
		ctx:        context.Background(),
		sweeper:    newSweeper(),
		pool:       newPool(),
		batchBytes: batchBytes,
	}
	l := newLane(e, &peer{id: 2}, core.ClassAppend, nil, nil, 0, 1)
	l.running = true
	return l, h
}

func appendOf(n int) *core.Call {
	return &core.Call{
		To:       2,
		Request:  &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, n)}}},
		Response: new(core.AppendEntriesResponse),
	}
}

func TestBatchHoldsWhatFits(t *testing.T) {
	one := appendOf(0).Request.SizeBytes()
	for _, test := range []struct {
		name   string
		budget int
		data   []int
		want   []int // requests in each message
	}{
		{"all", 3 * one, []int{0, 0, 0}, []int{3}},
		{"two and one", 3*one - 1, []int{0, 0, 0}, []int{2, 1}},
		{"a large one alone", 3 * one, []int{0, 100 * one, 0, 0}, []int{1, 1, 2}},
		{"off", 0, []int{0, 0, 0}, []int{1, 1, 1}},
	} {
		l, _ := testLane(test.budget)
		for _, n := range test.data {
			l.add([]*core.Call{appendOf(n)}, 0)
		}
		var got []int
		var last uint64
		for l.waiting() {
			l.take()
			got = append(got, len(l.batch))
			for _, p := range l.batch {
				if p.id <= last {
					t.Errorf("%s: request %d is sent after %d", test.name, p.id, last)
				}
				last = p.id
			}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s: requests in each message (-want +got):\n%s", test.name, d)
		}
	}
}

// A call must not be given back while its request is being read, and a call that
// was given back must not be read any more.
func TestCallThatEndsOnItsWayOut(t *testing.T) {
	all := func(*pending) bool { return true }

	l, h := testLane(maxBatchBytes)
	l.add([]*core.Call{appendOf(1)}, 0)
	l.end(core.ErrTimeout, all)
	if l.take(); len(l.batch) != 0 || len(h.errs) != 1 {
		t.Fatalf("a queued call that has timed out: %d to be sent, %d ended; want 0 and 1", len(l.batch), len(h.errs))
	}

	l, h = testLane(maxBatchBytes)
	l.add([]*core.Call{appendOf(1), appendOf(1)}, 0)
	l.take()
	first := l.batch[0].call
	l.end(core.ErrTimeout, func(p *pending) bool { return p.call == first })
	if len(h.errs) != 0 {
		t.Fatalf("a call ended with %v while it was being encoded", h.errs[0])
	}
	if !l.encoded(new(outbound), nil) {
		t.Fatal("the batch is not to be sent, because one of its calls has timed out")
	}
	if len(h.errs) != 1 || !errors.Is(h.errs[0], core.ErrTimeout) {
		t.Fatalf("after encoding: ended %v, want one timeout", h.errs)
	}
	l.end(core.ErrBroken, all)
	if len(h.errs) != 2 || !errors.Is(h.errs[1], core.ErrBroken) || len(l.table) != 0 || l.bytes != 0 {
		t.Fatalf("in the end: ended %v, %d calls of %d B under way", h.errs, len(l.table), l.bytes)
	}
}

// A stream that ends while a batch is being encoded has taken nothing of it.
func TestStreamThatEndsWhileEncoding(t *testing.T) {
	l, h := testLane(maxBatchBytes)
	l.add([]*core.Call{appendOf(1)}, 0)
	l.take()
	if l.encoded(&outbound{dead: true}, nil) {
		t.Fatal("the batch is to be sent over a stream that has ended")
	}
	if len(h.errs) != 1 || !core.NotSent(h.errs[0]) {
		t.Fatalf("ended %v, want one call that was not sent", h.errs)
	}
}

func TestReconnectIsFullJitter(t *testing.T) {
	timeouts := core.Timeouts{}.WithDefaults()
	c := connectParams(timeouts).Backoff
	// grpc-go: the pause is random between (1-Jitter) and (1+Jitter) times what
	// grows from BaseDelay to MaxDelay.
	lo, hi := float64(c.MaxDelay)*(1-c.Jitter), float64(c.MaxDelay)*(1+c.Jitter)
	if lo != 0 || time.Duration(hi) != timeouts.ReconnectMax {
		t.Errorf("pauses are from %v to %v, want 0 to %v", time.Duration(lo), time.Duration(hi), timeouts.ReconnectMax)
	}
	if c.BaseDelay > c.MaxDelay {
		t.Errorf("the first pause %v is longer than the last %v", c.BaseDelay, c.MaxDelay)
	}
}
