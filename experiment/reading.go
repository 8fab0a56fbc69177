package experiment

import (
	"maps"
	"runtime"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
)

// reading is everything that adds up, at one end of a window.
type reading struct {
	meter    meter
	wire     cluster.Traffic
	counters counters

	// What a look in between leaves out.
	host          hostReading
	waits         waits
	distributions []batch.Distribution
}

// ends holds the readings at both ends of a window, which are taken while it is
// looked at. Its methods may be called concurrently.
//
// The two readings of a window took 0.72 ms of one CPU together (BenchmarkReading,
// three nodes over rawtcp, two shared CPUs), once in each window. They lie outside of
// what they measure but for the first lines of the later one: a part of 32 us
// (BenchmarkMeter).
type ends struct {
	mu         sync.Mutex
	opening    *reading
	closing    *reading
	goroutines int64 // at most, of the looks in between

	partials int64        // given to partial within the window
	keeping  reports.Cost // what each of them took; set when the driver has finished
}

// open takes the reading at the start of the window. What it measures comes last,
// so that it is not part of it.
func (r *replicate) open() {
	r.look()
	before := &reading{
		host:          r.host.read(),
		waits:         readWaits(),
		distributions: r.system.distributions(),
		counters:      r.system.count(),
		wire:          r.system.traffic(),
	}
	before.meter = readMeter(r.host.files)
	r.faults.begin(time.Now())
	r.ends.mu.Lock()
	defer r.ends.mu.Unlock()
	r.ends.opening = before
}

// close takes the reading at the end of the window, in the opposite order.
func (r *replicate) close() {
	r.faults.stop()
	after := r.between()
	r.look()
	after.distributions, after.waits, after.host = r.system.distributions(), readWaits(), r.host.read()
	r.ends.mu.Lock()
	defer r.ends.mu.Unlock()
	r.ends.closing = after
}

// between takes a reading while the window goes on, of what has a cost.
func (r *replicate) between() *reading {
	now := &reading{meter: readMeter(r.host.files)}
	now.wire, now.counters = r.system.traffic(), r.system.count()
	return now
}

// look notes what does not add up.
func (r *replicate) look() {
	n := int64(runtime.NumGoroutine() - r.strangers)
	r.ends.mu.Lock()
	defer r.ends.mu.Unlock()
	r.ends.goroutines = max(r.ends.goroutines, n)
}

// kept notes that something was given to partial.
func (e *ends) kept() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opening != nil && e.closing == nil {
		e.partials++
	}
}

// between returns the two readings; nil if the window did not begin, or did not
// end.
func (e *ends) between() (before, after *reading, goroutines int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opening, e.closing, e.goroutines
}

// use is what happened from one reading to another, or in several stretches of the same
// window.
type use struct {
	cost          reports.Cost
	counters      map[string]uint64
	distributions []batch.Distribution
	waits         waits
	around        *surroundings // nil: nothing is known of the machine
}

// since is the use from an earlier reading to this one. Of a reading in between, only
// cost and counters are of use.
func (r *replicate) since(before, after *reading) *use {
	u := &use{cost: after.meter.since(before.meter), counters: after.counters.since(before.counters)}
	if !r.inProcess {
		addWire(&u.cost, before.wire, after.wire)
	}
	r.addLog(&u.cost, before.counters, after.counters)
	if !after.host.at.IsZero() {
		u.distributions = differences(before.distributions, after.distributions)
		u.waits = after.waits.since(before.waits)
		u.around = after.host.since(before.host, after.meter.cpu(before.meter))
	}
	return u
}

// add adds what happened in another stretch, which came after.
func (u *use) add(v *use) {
	other := sums(&v.cost)
	for i, sum := range sums(&u.cost) {
		if *sum != nil && *other[i] != nil {
			*sum = new(**sum + **other[i])
		}
	}
	for name, n := range v.counters {
		u.counters[name] += n
	}
	u.distributions = join(u.distributions, v.distributions)
	u.waits.add(v.waits)
	u.around.add(v.around)
}

// settle ends a stretch: what was used in it is added up, and the next may begin.
func (r *replicate) settle() {
	before, after, _ := r.ends.between()
	if before == nil || after == nil {
		return
	}
	r.ends.mu.Lock()
	r.ends.opening, r.ends.closing = nil, nil
	r.ends.mu.Unlock()
	u := r.since(before, after)
	if r.used == nil {
		r.used = u
		return
	}
	r.used.add(u)
}

// addCost fills in what was used.
func (r *replicate) addCost(out *reports.Replicate, u *use) {
	_, _, goroutines := r.ends.between()
	out.Cost = u.cost
	out.Cost.GoroutinesMax = new(goroutines)
	out.Counters = maps.Clone(u.counters) // u goes on while out is written
	out.Reorders = out.Counters["reorders"]
	if r.idle.length > 0 {
		out.Idle = r.idle.over(out.Window, r.ends.keeping, r.ends.partials)
	}
}

// surroundings is what went on around the window.
func (r *replicate) surroundings() *surroundings {
	s := *r.used.around
	s.usable = usableCPUs(r.host, runtime.GOMAXPROCS(0))
	s.scheduling = r.used.waits.p99()
	return &s
}

// usableCPUs is how many CPUs the process may keep busy at once.
func usableCPUs(h *host, maxProcs int) float64 {
	usable := float64(min(maxProcs, runtime.NumCPU()))
	if limit := h.cgroup.cpus(); limit > 0 {
		usable = min(usable, limit)
	}
	return usable
}

// minWatched is the shortest window about which the readings say anything: the
// kernel counts CPU time of the machine in steps of 10 ms, and the readings take a
// part of a millisecond.
const minWatched = 50 * time.Millisecond
