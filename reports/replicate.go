package reports

import (
	"fmt"
	"time"
)

// Replicate is one measurement of an arm on a freshly started cluster.
type Replicate struct {
	Index    int    `json:"index"`    // from 1, within the arm
	Block    int    `json:"block"`    // from 1; the replicates of one block are paired
	Position int    `json:"position"` // from 1: the place within the block's random order
	Seed     uint64 `json:"seed,string"`

	After  time.Duration `json:"after_ns"` // from Run.Started to the start of the window
	Warmup time.Duration `json:"warmup_ns"`
	Window time.Duration `json:"window_ns"` // how long was really measured

	Operations Operations        `json:"operations"`
	Errors     map[string]uint64 `json:"errors,omitempty"` // by class; they add up to Failed and Unknown

	Histograms []OpHistogram `json:"histograms,omitempty"`
	Series     Series        `json:"series"`
	Events     []Event       `json:"events,omitempty"`

	// Breakers is when circuit breakers changed, seen in steps of 20 ms; of runs with a
	// fault script alone. Until it says otherwise a breaker is closed.
	Breakers []BreakerChange `json:"breakers,omitempty"`

	// Steps are the stages of an open loop's schedule; nil if it has only one.
	Steps []Step `json:"steps,omitempty"`

	Cost Cost `json:"cost"`
	// Idle is what the same cluster used without a load, scaled to the length of the
	// window; costs per operation are Cost less Idle. Nil: not measured.
	Idle     *Cost             `json:"idle,omitempty"`
	Counters map[string]uint64 `json:"counters,omitempty"` // of the transports of all nodes together

	// InFlight is the operations under way, averaged over the window, on two ways that
	// know nothing of each other: counted, and from the latencies (Little's law).
	InFlight *InFlight `json:"in_flight,omitempty"`

	Elections uint64 `json:"elections"` // won within the window
	Reorders  uint64 `json:"reorders"`  // appends that arrived out of order

	Distributions []Distribution `json:"distributions,omitempty"` // batch sizes, queue depths

	// Breakdown is where the time of sampled operations went; nil if none was sampled.
	Breakdown *Breakdown `json:"breakdown,omitempty"`

	// Discarded is what the warm-up measured; nil if there was none. It is kept for
	// the sceptic and is part of no other number.
	Discarded *Discarded `json:"discarded,omitempty"`

	// Partial says that the replicate was under way when the process died or was
	// interrupted: what is here is what it had until then. It is never Valid.
	Partial bool `json:"partial,omitempty"`

	// Valid says that the checks of the driver passed. If not, Reasons says
	// which did not, one line each; the replicate is shown and never ranked.
	Valid   bool     `json:"valid"`
	Reasons []string `json:"reasons,omitempty"`

	// Warnings is what the checks noticed that does not make the replicate invalid,
	// one line each.
	Warnings []string `json:"warnings,omitempty"`
}

// Operations counts by how they ended. Started is the sum of Succeeded, Failed,
// Unknown and InFlight; refused operations were never started.
type Operations struct {
	Started   uint64 `json:"started"`
	Succeeded uint64 `json:"succeeded"` // committed and applied
	// Completed is the successes that were done within the window, whenever they had
	// started: what throughput and costs per operation are of. Succeeded is of the
	// operations that were due within it, whenever they were done. Nil: only Succeeded
	// is known.
	Completed *uint64 `json:"completed,omitempty"`
	Failed    uint64  `json:"failed"`    // certainly not executed
	Unknown   uint64  `json:"unknown"`   // may have been executed
	Refused   uint64  `json:"refused"`   // by the bound on outstanding operations
	InFlight  uint64  `json:"in_flight"` // when the window closed
}

// Add adds p to o.
func (o *Operations) Add(p Operations) {
	o.Started += p.Started
	if o.Completed != nil || p.Completed != nil {
		o.Completed = new(o.Done() + p.Done())
	}
	o.Succeeded += p.Succeeded
	o.Failed += p.Failed
	o.Unknown += p.Unknown
	o.Refused += p.Refused
	o.InFlight += p.InFlight
}

// Done is Completed, or Succeeded where only that is known.
func (o *Operations) Done() uint64 {
	if o.Completed != nil {
		return *o.Completed
	}
	return o.Succeeded
}

// Kind says between which two moments a histogram of an operation counts.
type Kind string

// The kinds of histograms.
const (
	KindResponse Kind = "response" // intended start to done: what a user waits
	KindService  Kind = "service"  // sent to done: what the system took
	KindLag      Kind = "lag"      // intended start to sent: how late the driver was
)

// OpHistogram is the latency of the successful operations of one type.
type OpHistogram struct {
	Op        string     `json:"op"` // "put", "get"
	Kind      Kind       `json:"kind"`
	Histogram *Histogram `json:"hdr"` // in nanoseconds
}

// Event is something that happened within the window: an election, a fault.
type Event struct {
	At   time.Duration `json:"at_ns"` // from the start of the window
	Kind string        `json:"kind"`  // "election", "fault", "repair", "change"
	Text string        `json:"text"`

	// Fault is what was done, of a fault, a repair and a change of a script.
	Fault *Fault `json:"fault,omitempty"`
}

// Fault is one thing that was done to a node.
type Fault struct {
	Verb string        `json:"verb"` // "cut", "kill", "transfer"; "heal", "restart"; "add", "promote", "remove", "replace"
	Node int           `json:"node"`
	Took time.Duration `json:"took_ns"`

	// FirstSuccess is from Event.At, or from when a change was committed, to when an
	// operation was done that had begun after it. Nil: none was within the window.
	FirstSuccess *time.Duration `json:"first_success_ns,omitempty"`
}

// BreakerChange is a circuit breaker that is in another state than before.
type BreakerChange struct {
	At    time.Duration `json:"at_ns"` // from the start of the window
	From  string        `json:"from"`  // whose breaker it is: "node 1", "client 1"
	Peer  int           `json:"peer"`  // the node that it calls
	State string        `json:"state"` // "closed", "half-open", "open"
}

// Cost is what a replicate used within its window. Nil means that it could not
// be measured, which is not zero.
type Cost struct {
	CPUUser       *int64 `json:"cpu_ns_user"`    // of the whole process
	CPUSystem     *int64 `json:"cpu_ns_system"`  // of the whole process
	CPUClients    *int64 `json:"cpu_ns_clients"` // of the driver and the clients; nil where they share a process with nodes
	CPUNodes      *int64 `json:"cpu_ns_nodes"`   // of all nodes together; nil as above
	WireBytes     *int64 `json:"wire_bytes"`     // payload of the TCP segments, both directions
	WireSegments  *int64 `json:"wire_segments"`
	Allocs        *int64 `json:"allocs"`
	AllocBytes    *int64 `json:"alloc_bytes"`
	GCCycles      *int64 `json:"gc_cycles"`
	GCPause       *int64 `json:"gc_pause_ns"`    // total
	GoroutinesMax *int64 `json:"goroutines_max"` // of nodes, clients and driver
	ReadSyscalls  *int64 `json:"read_syscalls"`
	WriteSyscalls *int64 `json:"write_syscalls"`

	// What the nodes' logs on disk cost, all together; nil if they are in memory.
	Fsyncs   *int64 `json:"fsyncs,omitempty"`
	LogBytes *int64 `json:"log_bytes,omitempty"` // written, in whole sectors

	// Context switches of the process's threads: those that had to wait for
	// something, and those that the kernel interrupted to run another.
	VoluntarySwitches   *int64 `json:"voluntary_switches"`
	InvoluntarySwitches *int64 `json:"involuntary_switches"`
}

// Distribution is how something that is not a latency was spread: batch sizes,
// queue depths, waits.
type Distribution struct {
	Name      string     `json:"name"` // "append_entries_per_batch"
	Unit      string     `json:"unit"` // "entries", "bytes", "ns"
	Histogram *Histogram `json:"hdr"`
}

// InFlight is a mean number of operations under way.
type InFlight struct {
	Observed float64 `json:"observed"` // a counter, integrated over the window
	Expected float64 `json:"expected"` // what rate and time in the system make of it
}

// Discarded is what a replicate measured before its window began.
type Discarded struct {
	Ended      string        `json:"ended"` // why the warm-up ended: "fixed", "stationary", "limit", "interrupted"
	Operations Operations    `json:"operations"`
	Histograms []OpHistogram `json:"histograms,omitempty"`
	Series     Series        `json:"series"`
}

// Breakdown is where the time of sampled operations went, from intended start to
// done.
type Breakdown struct {
	Samples uint64 `json:"samples"`
	// Response is the mean response time of all operations, in nanoseconds, sampled
	// or not; what the stages' means should add up to.
	Response float64 `json:"response_ns_mean"`
	// Sampled is that of the sampled ones, and Error its standard error: by what chance
	// makes it miss Response. Zero: nobody has written it down.
	Sampled float64 `json:"sampled_ns_mean,omitempty"`
	Error   float64 `json:"sampled_ns_error,omitempty"`
	Stages  []Stage `json:"stages"` // in the order in which an operation passes them
}

// Stage is one stretch of an operation's way.
type Stage struct {
	Name string  `json:"name"` // "dispatch" (open loop), "queue", "linger", "request", "inbox", "log", "quorum", "apply", "reply", "deliver"
	Mean float64 `json:"mean_ns"`
	// Histogram of the sampled durations in nanoseconds; zeros are counted.
	Histogram *Histogram `json:"hdr"`
}

// Sum is the sum of the stages' means in nanoseconds.
func (b *Breakdown) Sum() float64 {
	sum := 0.0
	for _, s := range b.Stages {
		sum += s.Mean
	}
	return sum
}

// Throughput is successful operations per second, of those that were done within
// the window.
func (r *Replicate) Throughput() float64 {
	if r.Window <= 0 {
		return 0
	}
	return float64(r.Operations.Done()) / r.Window.Seconds()
}

// Response is the histogram of response times of all operation types together.
func (r *Replicate) Response() *Histogram { return MergeHistograms(r.kind(KindResponse)...) }

// Ops lists the operation types that have histograms, in order of appearance.
func (r *Replicate) Ops() []string {
	var ops []string
	seen := map[string]bool{}
	for _, h := range r.Histograms {
		if !seen[h.Op] {
			seen[h.Op] = true
			ops = append(ops, h.Op)
		}
	}
	return ops
}

func (r *Replicate) kind(k Kind) []*Histogram {
	var list []*Histogram
	for _, h := range r.Histograms {
		if h.Kind == k {
			list = append(list, h.Histogram)
		}
	}
	return list
}

func (r *Replicate) validate() error {
	if r.Window < 0 || r.Warmup < 0 || r.After < 0 {
		return fmt.Errorf("a time is negative")
	}
	seen := map[OpHistogram]bool{}
	for _, h := range r.Histograms {
		if h.Histogram == nil {
			return fmt.Errorf("histogram %s %s is missing", h.Op, h.Kind)
		}
		h.Histogram = nil // leaves what must be unique
		if seen[h] {
			return fmt.Errorf("histogram %s %s is there twice", h.Op, h.Kind)
		}
		seen[h] = true
	}
	return r.Series.validate()
}
