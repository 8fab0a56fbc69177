package reports

import (
	"fmt"
	"time"
)

// Arm is one of the things a run compares: a transport with its options, under
// one workload.
type Arm struct {
	// Label names the arm within its run, as on the command line:
	// "grpc:mode=unary", or "rawtcp payload=1KiB" in a matrix.
	Label string `json:"label"`

	Transport string   `json:"transport"`
	Options   []Option `json:"options,omitempty"` // effective, the profile first

	// InProcess marks the zero line: no byte crosses a wire, so the arm is
	// shown and never ranked.
	InProcess bool `json:"in_process"`

	Workload Workload `json:"workload"`

	Replicates []Replicate `json:"replicates"`
}

// Option is one effective option of a transport.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Loop says who decides when the next operation starts. The two kinds are never
// compared with each other.
type Loop string

// The kinds of loop.
const (
	LoopClosed Loop = "closed" // a client sends when its last operation has ended
	LoopOpen   Loop = "open"   // operations start by a schedule, whatever happened to the last
)

// Workload is what an arm was asked to carry and how it was set up to do so.
type Workload struct {
	Load
	Tuning
}

// NameEcho is the Name of a load that has no Raft in it: each operation is one
// call that is answered at once.
const NameEcho = "echo"

// NameNull is the Name of a load that is replicated and then not applied to anything.
const NameNull = "null"

// NameCodec is the Name of a load that is no load: each operation encodes and decodes one
// message.
const NameCodec = "codec"

// Load is what the clients ask for. Arms are ranked against each other only
// under an equal load.
type Load struct {
	Name         string  `json:"name"` // "kv"; NameNull, NameEcho
	Loop         Loop    `json:"loop"`
	Nodes        int     `json:"nodes"`
	Clients      int     `json:"clients"`
	Rate         float64 `json:"rate_ops_per_s"`   // offered, in the mean of all stages; zero in a closed loop
	Stages       string  `json:"stages,omitempty"` // "10s:1k,20s:5k"; empty: one stage
	Arrivals     string  `json:"arrivals"`         // "poisson", "constant"; empty in a closed loop
	PayloadBytes int     `json:"payload_bytes"`
	Reads        float64 `json:"reads"` // share of the operations, 0 to 1
	ReadMode     string  `json:"read_mode"`
	ReadFrom     string  `json:"read_from,omitempty"` // "followers", "any"; empty: the leader
	Keys         int     `json:"keys"`
	KeyChoice    string  `json:"key_choice"` // "uniform", "zipf"
	Storage      string  `json:"storage"`
	Fsync        string  `json:"fsync,omitempty"` // "always", "none"; empty in memory
	Network      string  `json:"network"`         // "loopback", or the name of an emulated one

	// Faults is the script of what was done to the cluster, as in --fault; empty: nothing.
	Faults string `json:"faults,omitempty"`
}

// Tuning is what may be turned to carry the same load better.
type Tuning struct {
	BatchPolicy    string        `json:"batch_policy"`
	BatchSizeBytes int           `json:"batch_size_bytes"`
	BatchOps       int           `json:"batch_ops,omitempty"` // operations in a batch at most; zero: no such limit
	Linger         time.Duration `json:"linger_ns"`
	Pipeline       int           `json:"pipeline"` // AppendEntries in flight to each follower

	// Sessions is how many sessions of clients the nodes remember; zero: none. They promise
	// more for the same load. They are among what is tuned so that their cost gets
	// a verdict.
	Sessions int `json:"sessions,omitempty"`
}

func (a *Arm) validate() error {
	if a.Transport == "" {
		return fmt.Errorf("transport is missing")
	}
	if a.Workload.Loop != LoopClosed && a.Workload.Loop != LoopOpen {
		return fmt.Errorf("loop is %q: want %q or %q", a.Workload.Loop, LoopClosed, LoopOpen)
	}
	for i := range a.Replicates {
		if err := a.Replicates[i].validate(); err != nil {
			return fmt.Errorf("replicate %d: %w", i+1, err)
		}
	}
	return nil
}

// Response is the histogram of response times (intended start to done) of all
// operation types and all replicates together, in nanoseconds.
func (a *Arm) Response() *Histogram {
	var all []*Histogram
	for i := range a.Replicates {
		all = append(all, a.Replicates[i].kind(KindResponse)...)
	}
	return MergeHistograms(all...)
}
