package batch

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// path is a cluster in virtual time as a client's link sees it: a server that takes
// perBatch and perItem for every batch, one after the other, at the end of a way that takes
// latency there and back. Several links may share it.
type path struct {
	latency  time.Duration
	perBatch time.Duration
	perItem  time.Duration
	merges   bool    // takes everything that waits at once, as a log with group commit does
	noise    float64 // of the time that the server takes: sigma of a lognormal factor
	links    int
	depth    int // batches in flight on a link
}

// load is either open, at so many items a second, or closed.
type load struct {
	rate    float64
	callers int // of all links; they wait for one item at a time
}

type event struct {
	at time.Duration
	do func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	x := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return x
}

// link is a client's link.
type link struct {
	queue    *Queue[time.Duration] // items are the times at which they came
	inFlight int
	wake     time.Duration // when it is going to look again; zero: never
}

type simulation struct {
	path   path
	load   load
	rng    *rand.Rand
	now    time.Duration
	events events
	links  []*link

	busy    bool
	waiting []arrival // at the server

	warm      time.Duration
	end       time.Duration
	latencies []time.Duration
}

type arrival struct {
	link  *link
	items []time.Duration
}

const itemBytes = 128

// simulate returns the latencies of the items that were done after warm, and how many
// a second.
func simulate(p path, l load, c Config, with func() estimator, seed uint64, warm, length time.Duration) ([]time.Duration, float64) {
	s := &simulation{path: p, load: l, rng: rand.New(rand.NewPCG(seed, 1)), warm: warm, end: warm + length}
	for range max(1, p.links) {
		q := NewQueue[time.Duration](c)
		if with != nil {
			q.adapt = with()
		}
		s.links = append(s.links, &link{queue: q})
	}
	if l.callers > 0 {
		for i := range l.callers {
			k := s.links[i%len(s.links)]
			s.after(time.Duration(i)*time.Microsecond, func() { s.submit(k, 1) })
		}
	} else {
		s.next()
	}
	for s.events.Len() > 0 && s.now < s.end {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	slices.Sort(s.latencies)
	return s.latencies, float64(len(s.latencies)) / length.Seconds()
}

func (s *simulation) after(d time.Duration, do func()) {
	heap.Push(&s.events, event{s.now + d, do})
}

func (s *simulation) time() time.Time { return time.Unix(0, int64(s.now)) }

// next has the next item of an open loop come.
func (s *simulation) next() {
	s.after(time.Duration(s.rng.ExpFloat64()/s.load.rate*1e9), func() {
		s.submit(s.links[s.rng.IntN(len(s.links))], 1)
		s.next()
	})
}

func (s *simulation) submit(k *link, items int) {
	for range items {
		k.queue.Push(s.now, 1, itemBytes, s.time())
	}
	s.dispatch(k)
}

func (s *simulation) dispatch(k *link) {
	for k.inFlight < s.path.depth {
		callers := (s.load.callers + len(s.links) - 1) / len(s.links)
		items, reason := k.queue.Next(Situation{Now: s.time(), InFlight: k.inFlight,
			Sole: callers > 0 && k.queue.Len() >= callers})
		if reason == Open {
			break
		}
		k.inFlight++
		a := arrival{k, slices.Clone(items)}
		s.after(s.path.latency/2, func() { s.waiting = append(s.waiting, a); s.serve() })
	}
	at, ok := k.queue.Deadline()
	if !ok || k.inFlight >= s.path.depth {
		return
	}
	due := time.Duration(at.UnixNano())
	if k.wake > s.now && k.wake <= due {
		return
	}
	k.wake = due
	s.after(max(0, due-s.now), func() { s.dispatch(k) })
}

func (s *simulation) serve() {
	if s.busy || len(s.waiting) == 0 {
		return
	}
	n := 1
	if s.path.merges {
		n = len(s.waiting)
	}
	batch := slices.Clone(s.waiting[:n])
	s.waiting = s.waiting[n:]
	items := 0
	for _, a := range batch {
		items += len(a.items)
	}
	factor := math.Exp(s.path.noise*s.rng.NormFloat64() - s.path.noise*s.path.noise/2)
	took := time.Duration(factor * float64(s.path.perBatch+time.Duration(items)*s.path.perItem))
	s.busy = true
	s.after(took, func() {
		s.busy = false
		for _, a := range batch {
			s.after(s.path.latency/2, func() { s.complete(a) })
		}
		s.serve()
	})
}

func (s *simulation) complete(a arrival) {
	a.link.inFlight--
	a.link.queue.Done(len(a.items), s.time())
	if s.now >= s.warm {
		for _, at := range a.items {
			s.latencies = append(s.latencies, s.now-at)
		}
	}
	// As the client does: the next batch leaves before the submitters hear of this one.
	s.dispatch(a.link)
	if s.load.callers > 0 {
		s.submit(a.link, len(a.items))
	}
}
