package client

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// To the nanosecond: an operation that was queued at 10 and left at 100, the gate
// having been open for 30 of that, and was delivered at 1000.
func TestStagesSumExactly(t *testing.T) {
	const submitted, sent, open, done = 10, 100, 30, 1000
	parts := core.Trace{Clock: 7, Received: 300, Inbox: 20, Log: 30, Quorum: 40, Apply: 50}
	change := func(f func(*core.Trace)) core.Trace {
		c := parts
		f(&c)
		return c
	}
	stages := func(request, reply time.Duration) Stages {
		return Stages{StageQueue: 60, StageLinger: 30, StageRequest: request, StageInbox: 20, StageLog: 30, StageQuorum: 40, StageApply: 50, StageReply: reply}
	}
	for name, c := range map[string]struct {
		clock uint64 // the client's
		trace core.Trace
		want  Stages // zero: not sampled
	}{
		"the clock is shared":           {7, parts, stages(200, 560)},
		"the clock is another":          {8, parts, stages(760, 0)},
		"nobody has a clock":            {0, change(func(t *core.Trace) { t.Clock = 0 }), stages(760, 0)},
		"received before it was sent":   {7, change(func(t *core.Trace) { t.Received = 99 }), Stages{}},
		"answered after it was done":    {7, change(func(t *core.Trace) { t.Received = 861 }), Stages{}},
		"answered the moment before":    {7, change(func(t *core.Trace) { t.Received = 860 }), stages(760, 0)},
		"more than there was":           {8, change(func(t *core.Trace) { t.Apply = 1000 }), Stages{}},
		"less than nothing":             {8, change(func(t *core.Trace) { t.Apply = -1 }), Stages{}},
		"more than a duration can hold": {8, change(func(t *core.Trace) { t.Inbox, t.Log, t.Quorum, t.Apply = 1<<62, 1<<62, 1<<62, 1<<62 }), Stages{}},
	} {
		t.Run(name, func(t *testing.T) {
			origin := time.Now()
			cl := &Client{config: Config{SampleEvery: 1, WriteTimeout: time.Second, Clock: core.Clock{ID: c.clock, Origin: origin}}}
			op := &Op{deadline: origin.Add(submitted + time.Second), open: 5}
			f := &flight{lane: &cl.writes, ops: []*Op{op}, traced: true, sent: sent, open: 5 + open}
			f.proposeResponse.Traced, f.proposeResponse.Trace = true, c.trace
			cl.account(f)
			cl.finish([]*Op{op}, done)
			if op.Sampled != (c.want != Stages{}) {
				t.Fatalf("sampled: %v, stages %v", op.Sampled, op.Stages)
			}
			if !op.Sampled {
				return
			}
			if d := cmp.Diff(c.want, op.Stages); d != "" {
				t.Errorf("stages (-want +got):\n%s", d)
			}
			if op.Stages.Sum() != done-submitted {
				t.Errorf("sum %d, want %d", op.Stages.Sum(), done-submitted)
			}
		})
	}
}

// Lingering is what the gate was open for, and never more than the whole wait.
func TestLingerIsAtMostTheWait(t *testing.T) {
	origin := time.Now()
	cl := &Client{config: Config{SampleEvery: 1, WriteTimeout: time.Second, Clock: core.Clock{Origin: origin}}}
	cl.reads.read = true
	for _, c := range []struct{ opened, linger time.Duration }{{0, 0}, {40, 40}, {90, 90}, {91, 90}, {-1, 0}} {
		op := &Op{deadline: origin.Add(10 + time.Second), open: 500}
		f := &flight{lane: &cl.reads, ops: []*Op{op}, traced: true, sent: 100, open: 500 + c.opened}
		f.readResponse.Traced = true
		cl.account(f)
		cl.finish(f.ops, 200)
		if s := op.Stages; s[StageLinger] != c.linger || s[StageQueue] != 90-c.linger || s.Sum() != 190 {
			t.Errorf("the gate was open for %d: queue %d, linger %d, sum %d", c.opened, s[StageQueue], s[StageLinger], s.Sum())
		}
	}
}

func TestGate(t *testing.T) {
	var g gate
	for i, step := range []struct {
		now  time.Duration
		turn bool
		open time.Duration
	}{
		{10, false, 10},
		{20, true, 20}, // shut
		{30, false, 20},
		{40, true, 20},  // open
		{35, false, 20}, // read before another's turn
		{50, false, 30},
		{60, true, 40},
		{70, true, 40},
		{70, true, 40},
		{80, false, 40},
	} {
		if step.turn {
			g.turn(step.now)
		}
		if got := g.open(step.now); got != step.open {
			t.Fatalf("step %d: open for %d, want %d", i, got, step.open)
		}
	}
}

func TestStagesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for s := range Stage(NumStages) {
		seen[s.String()] = true
	}
	if len(seen) != NumStages || seen["unknown"] || Stage(NumStages).String() != "unknown" {
		t.Fatalf("names %v", seen)
	}
}

// A trace that nobody asked for is left alone.
func TestATraceUnaskedForIsLeftAlone(t *testing.T) {
	cl := &Client{config: Config{WriteTimeout: time.Second}}
	op := &Op{}
	f := &flight{lane: &cl.writes, ops: []*Op{op}}
	f.proposeResponse.Traced = true
	if cl.account(f); op.Sampled {
		t.Fatalf("sampled as %v", op.Stages)
	}
}
