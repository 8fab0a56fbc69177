package workloads

import (
	"fmt"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// What is passed over leaves the rest as it is: whichever operations an overloaded
// driver refuses, the others are those that they would have been.
func TestSkippedOperationsAreThoseThatWouldHaveBeen(t *testing.T) {
	w := Workload{Seed: 7, Reads: 0.4, ZipfExponent: 0.99, PayloadMinBytes: 4, PayloadMaxBytes: 300}
	want := generate(t, w, 3, 1000)
	g, err := w.NewGenerator(3)
	if err != nil {
		t.Fatal(err)
	}
	var op client.Op
	for i := range want {
		if i%3 > 0 {
			if kind := g.(Skipper).Skip().String(); kind != want[i][:len(kind)] {
				t.Fatalf("operation %d was passed over as a %s, and is %.40s", i, kind, want[i])
			}
			continue
		}
		kind := g.Next(&op)
		if got := fmt.Sprintf("%v %v %x", kind, op.Read, op.Command); got != want[i] {
			t.Fatalf("operation %d is %.40s after some were passed over, and else %.40s", i, got, want[i])
		}
	}
}

// An open loop has no more bytes under way than it may; what a read will bring
// counts, too. Room that is given back is used again.
func TestBytesUnderWayAreBounded(t *testing.T) {
	const size = 3 // of each command of scripted
	for name, tt := range map[string]struct {
		kind                 OpType
		maxBytes, readBytes  int
		latency              time.Duration
		started, refusedMost uint64
	}{
		"puts":                      {Put, 10 * size, 100, 300 * ms, 10, 190},
		"one exceeds it":            {Put, 10*size + 1, 0, 300 * ms, 11, 189},
		"gets by their results":     {Get, 1000, 100, 300 * ms, 10, 190},
		"gets of unknown size":      {Get, 10 * size, 0, 300 * ms, 10, 190},
		"one is always let in":      {Get, 50, 100, 300 * ms, 1, 199},
		"room that comes back":      {Put, 10 * size, 0, 5*ms + 500*time.Microsecond, 200, 0},
		"room that comes back late": {Put, 10 * size, 0, 20*ms - 500*time.Microsecond, 101, 99}, // 11 wait at 180 ms
	} {
		v := &virtualTime{latency: answerIn(tt.latency)}
		m := runOn(t, Config{
			Generate: scripted(tt.kind), Schedule: open(1000, Constant), Duration: 200 * ms,
			MaxOutstandingBytes: tt.maxBytes, ReadBytes: tt.readBytes,
		}, v, v.connect)
		o := m.Window.Total()
		if o.Started != tt.started || o.Refused != tt.refusedMost || m.MaxOutstandingBytes != tt.maxBytes {
			t.Errorf("%s: with %d B, %d operations were started and %d refused; want %d and %d",
				name, m.MaxOutstandingBytes, o.Started, o.Refused, tt.started, tt.refusedMost)
		}
	}
}

// fillingCounter counts how many operations were filled in, and how many passed over.
type fillingCounter struct {
	script
	filled, skipped int
}

func (c *fillingCounter) Next(op *client.Op) OpType {
	c.filled++
	return c.script.Next(op)
}

func (c *fillingCounter) Skip() OpType {
	c.skipped++
	return Put
}

// A refused operation is not filled in: its bytes would cost what the target needs.
func TestRefusedOperationsAreNotFilledIn(t *testing.T) {
	g := new(fillingCounter)
	v := &virtualTime{latency: answerIn(300 * ms)}
	m := runOn(t, Config{
		Generate: func(int) (Generator, error) { return g, nil },
		Schedule: open(1000, Constant), Duration: 200 * ms, MaxOutstanding: 10,
	}, v, v.connect)
	if o := m.Window.Total(); o.Refused != 190 || g.filled != 10 || g.skipped != 190 {
		t.Fatalf("%d refused; %d filled in and %d passed over, want 10 and 190", o.Refused, g.filled, g.skipped)
	}
}

// submits counts the calls of Submit.
type submits struct {
	Target
	n *int
}

func (s submits) Submit(ops []*client.Op) {
	*s.n++
	s.Target.Submit(ops)
}

// A dispatcher that has to refuse looks for room a few times while what is under way comes
// back, instead of once for each operation; the target always has something to do, and what
// starts is late by little.
func TestOverloadedDispatcherLeavesTheTargetItsTime(t *testing.T) {
	const service, window, bound = 100 * time.Microsecond, 480 * ms, 160
	const response = bound * service
	idle := time.Duration(0) // when the target has done all that it has
	n, v := 0, &virtualTime{latency: func(sent time.Duration) time.Duration {
		idle = max(idle, sent) + service
		return idle - sent
	}}
	connect := func(i int, done func([]*client.Op)) (Target, error) {
		target, err := v.connect(i, done)
		return submits{target, &n}, err
	}
	m := runOn(t, Config{Generate: scripted(Put), Schedule: open(100_000, Constant), MaxOutstanding: bound, Duration: window}, v, connect)
	o := m.Window.Total()
	if most := bound + 2*fullPauses*int(window/response); n > most {
		t.Errorf("something was sent %d times, want at most %d: about %d in each of %d responses", n, most, fullPauses, window/response)
	}
	if could := uint64(window/service) + bound; o.Started+10 < could || o.Started+o.Refused != 48_000 {
		t.Errorf("%d operations were started and %d refused, want %d, which is all that the target can do, and 48,000 together", o.Started, o.Refused, could)
	}
	if late := time.Duration(o.Lag.Max()); late > response/(fullPauses-1) {
		t.Errorf("an operation was late by %v, want at most a sixteenth of %v", late, response)
	}
}
