package batch_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/batch"
)

// thing is an item of the model below.
type thing struct {
	seq, ops, bytes int
	since           time.Time
}

// model plays an arbitrary schedule with a queue and checks what holds for every
// policy: items leave once and in order, a batch is within its limits unless it is
// one item, and at its deadline none waits on.
type model struct {
	t      *testing.T
	config batch.Config
	queue  *batch.Queue[thing]
	now    time.Time
	queued []thing
	pushed int
	flying [][]thing
}

func newModel(t *testing.T, c batch.Config) *model {
	return &model{t: t, config: c.WithDefaults(), queue: batch.NewQueue[thing](c), now: time.Unix(1000, 0)}
}

// step does what a byte says, and then what the owner of a queue does.
func (m *model) step(b byte) {
	arg := int(b >> 3)
	switch b & 7 {
	case 0, 1, 2:
		it := thing{m.pushed, 1 + arg%4, arg, m.now}
		m.pushed++
		m.queued = append(m.queued, it)
		m.queue.Push(it, it.ops, it.bytes, m.now)
	case 3:
		m.now = m.now.Add(time.Duration(arg) * 100 * time.Microsecond)
	case 4: // sleep until the deadline
		if at, ok := m.queue.Deadline(); ok && at.After(m.now) {
			m.now = at
		}
	case 5, 6: // not always the oldest
		if n := len(m.flying); n > 0 {
			i := arg % n
			m.queue.Done(len(m.flying[i]), m.now)
			m.flying = append(m.flying[:i], m.flying[i+1:]...)
		}
	case 7:
		m.remove(arg)
	}
	m.look(b == 255)
}

func (m *model) remove(nth int) {
	var kept []thing
	for _, it := range m.queued {
		if it.seq%32 != nth {
			kept = append(kept, it)
		}
	}
	gone := m.queue.Remove(func(it thing) bool { return it.seq%32 == nth })
	if len(gone) != len(m.queued)-len(kept) {
		m.t.Fatalf("%d items removed, want %d", len(gone), len(m.queued)-len(kept))
	}
	m.queued = kept
}

const modelDepth = 4

func (m *model) look(sole bool) {
	for len(m.flying) < modelDepth {
		items, reason := m.queue.Next(batch.Situation{Now: m.now, InFlight: len(m.flying), Sole: sole})
		if reason == batch.Open {
			break
		}
		m.check(items, reason)
		m.queued = m.queued[len(items):]
		m.flying = append(m.flying, append([]thing(nil), items...))
	}
	bytes := 0
	for _, it := range m.queued {
		bytes += it.bytes
	}
	if m.queue.Len() != len(m.queued) || m.queue.Bytes() != bytes {
		m.t.Fatalf("%d items of %d bytes queued, want %d of %d", m.queue.Len(), m.queue.Bytes(), len(m.queued), bytes)
	}
	if len(m.flying) < modelDepth {
		m.checkWaiting(bytes)
	}
}

func (m *model) check(items []thing, reason batch.Reason) {
	ops, bytes := 0, 0
	for i, it := range items {
		if it != m.queued[i] {
			m.t.Fatalf("item %d left when %d was due", it.seq, m.queued[i].seq)
		}
		ops += it.ops
		bytes += it.bytes
	}
	c := m.config
	switch {
	case len(items) == 0:
		m.t.Fatalf("an empty batch, because %v", reason)
	case len(items) > 1 && (bytes > c.SizeBytes || c.Ops > 0 && ops > c.Ops || c.Policy == batch.None):
		m.t.Fatalf("%d items, %d operations, %d bytes in a batch under %+v", len(items), ops, bytes, c)
	}
}

// checkWaiting is about what Next left there although a batch could leave.
func (m *model) checkWaiting(bytes int) {
	if len(m.queued) == 0 {
		return
	}
	c, waited := m.config, m.now.Sub(m.queued[0].since)
	at, ok := m.queue.Deadline()
	switch {
	case bytes >= c.SizeBytes:
		m.t.Fatalf("%d bytes wait, batch.size is %d", bytes, c.SizeBytes)
	case c.Policy == batch.None || c.Policy == batch.Natural && len(m.flying) == 0:
		m.t.Fatalf("%d items wait under policy %s, with %d batches in flight", len(m.queued), c.Policy, len(m.flying))
	case c.Linger > 0 && waited >= c.Linger:
		m.t.Fatalf("an item waits for %v, linger is %v", waited, c.Linger)
	case c.Linger > 0 && (!ok || at.After(m.queued[0].since.Add(c.Linger))):
		m.t.Fatalf("deadline %v (%v), want %v after %v at most", at, ok, c.Linger, m.queued[0].since)
	case ok && !at.After(m.now):
		m.t.Fatalf("the deadline %v has passed at %v, and nothing has left", at, m.now)
	case !ok && len(m.flying) == 0:
		m.t.Fatalf("%d items wait for nothing", len(m.queued))
	}
}

// schedules are the configurations that are played.
func schedules() []batch.Config {
	return []batch.Config{
		{Policy: batch.None},
		{Policy: batch.Natural, SizeBytes: 40},
		{SizeBytes: 40, Linger: time.Millisecond},
		{SizeBytes: 60, Ops: 5, Linger: 3 * time.Millisecond},
		{Policy: batch.Adaptive, SizeBytes: 50},
		{Policy: batch.Adaptive, SizeBytes: 1000, Ops: 20, Linger: 2 * time.Millisecond},
	}
}

func FuzzQueue(f *testing.F) {
	for i := range schedules() {
		f.Add(uint8(i), []byte("\x00\x08\x10\x03\x04\x05\xf8\xff\x07\x0b\x13"))
	}
	f.Fuzz(func(t *testing.T, which uint8, schedule []byte) {
		m := newModel(t, schedules()[int(which)%len(schedules())])
		for _, b := range schedule {
			m.step(b)
		}
	})
}

// TestRandomSchedules is FuzzQueue for long enough that Adaptive changes its gait.
func TestRandomSchedules(t *testing.T) {
	for i, c := range schedules() {
		m := newModel(t, c)
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		for range 200_000 {
			m.step(byte(rng.IntN(256)))
		}
		if n := m.queue.Stats().Batches(); n < 10_000 {
			t.Errorf("%+v: %d batches only", c, n)
		}
	}
}
