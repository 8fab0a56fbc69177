// Package reports holds what a measurement leaves behind: the model of a run
// (Run, Arm, Replicate, Histogram, Series), the file it is kept in, and what is
// worked out from it (Summary, Comparison). Everything a reader sees is worked
// out from a Run alone, so a stored result can be rendered again at any time.
//
// It is not the measurement: it takes no time and starts no load. It draws
// nothing either; the forms are its subpackages: tables (terminal, Markdown,
// CSV), hlog and hgrm (HdrHistogram), benchfmt (Go benchmarks), junit, plots (PNG,
// SVG), page (HTML), and render, which writes all of them into a directory.
//
// It starts no goroutine. A Run has one writer; any number of readers may share
// one that nobody changes.
package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Run is one execution of raftbench, with all that a sceptic needs to judge it.
type Run struct {
	Status Status `json:"status"`

	Tool     Tool      `json:"tool"`
	Argv     []string  `json:"argv,omitempty"` // the command line, the program's name first
	Seed     uint64    `json:"seed,string"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"` // zero while Status is StatusRunning

	// Settings are the effective settings of the experiment and where each came from.
	Settings    []Setting   `json:"settings,omitempty"`
	Environment Environment `json:"environment"`
	Plan        Plan        `json:"plan"`

	// Warnings are one-line remarks on the machine and on the plan.
	Warnings []string `json:"warnings,omitempty"`

	// Calibration is what this machine was found capable of telling apart, if it was
	// calibrated. It is part of the run so that a comparison works from the file alone.
	Calibration *Calibration `json:"calibration,omitempty"`

	Arms []Arm `json:"arms"`
}

// Status says how a run ended.
type Status string

// The ways for a run to stand.
const (
	StatusRunning     Status = "running"     // its process lives
	StatusComplete    Status = "complete"    // all that was planned is there
	StatusInterrupted Status = "interrupted" // by a signal or an error; the warnings say which
	StatusKilled      Status = "killed"      // its process died: what is there is whole, but for a partial replicate
)

// Tool names the program that measured.
type Tool struct {
	Version   string `json:"version"`
	GoVersion string `json:"go_version"`
	Revision  string `json:"revision"` // of its source; empty: unknown
	Modified  bool   `json:"modified"` // the source had changes that were not committed

	// BuildFlags are the flags of go build that change what the program does, and
	// the architecture level: "-race=true -gcflags=-N GOAMD64=v1".
	BuildFlags string `json:"build_flags,omitempty"`
}

// Setting is one setting of the experiment.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"` // "default", "profile", "file", "environment", "flag"
}

// Environment describes the machine. The host's name is left out on purpose:
// results are published.
type Environment struct {
	OS                string  `json:"os"`
	Arch              string  `json:"arch"`
	Kernel            string  `json:"kernel"`
	CPUModel          string  `json:"cpu_model"`
	Virtual           bool    `json:"virtual"` // a virtual machine
	NumCPU            int     `json:"num_cpu"` // that this process may use
	GOMAXPROCS        int     `json:"gomaxprocs"`
	MemoryBytes       int64   `json:"memory_bytes"`
	CgroupCPULimit    float64 `json:"cgroup_cpu_limit"` // in CPUs; zero: none
	ClockSource       string  `json:"clock_source"`
	CongestionControl string  `json:"tcp_congestion_control"`

	ClockReadNS float64 `json:"clock_read_ns"`          // what it takes to read the clock
	Governor    string  `json:"cpu_governor,omitempty"` // of the CPU's frequency
	Turbo       string  `json:"cpu_turbo,omitempty"`    // "on", "off"; empty: unknown

	// What others took of the CPUs shortly before the run, as shares from 0 to 1.
	LoadAverage float64 `json:"load_average"` // of the last minute
	OtherCPU    float64 `json:"other_cpu"`    // other processes
	StolenCPU   float64 `json:"stolen_cpu"`   // the hypervisor

	SwapBytes     int64  `json:"swap_bytes"`
	SwapUsedBytes int64  `json:"swap_used_bytes"`
	FileLimit     uint64 `json:"open_file_limit"` // file descriptors of this process

	// Variables that change the Go runtime; empty: not set.
	GOGC       string `json:"gogc,omitempty"`
	GOMEMLIMIT string `json:"gomemlimit,omitempty"`
	GODEBUG    string `json:"godebug,omitempty"`
}

// Calibration is what raftbench calibrate found out about a machine.
type Calibration struct {
	Measured time.Time `json:"measured"`
	Machine  string    `json:"machine"` // Run.Machine of the calibration: it holds for no other
	Pairs    int       `json:"pairs"`   // A/A pairs that the noise floor is worked out from

	// Slice is Plan.Slice of the calibration: it holds for runs whose arms took turns, or
	// if it is zero for those whose arms did not.
	Slice time.Duration `json:"slice_ns,omitempty"`

	// NoiseFloor is, for each metric by name, the relative difference that two equal
	// arms may show here: no smaller effect is called one.
	NoiseFloor map[string]float64 `json:"noise_floor"`

	// DispatchLag is how late the open loop of an idle machine is, at 20,000
	// operations a second against a target that does nothing; in nanoseconds.
	DispatchLag *Histogram `json:"dispatch_lag,omitempty"`
}

// Plan is what was to be measured.
type Plan struct {
	Replicates  int           `json:"replicates"`  // of each arm
	Interleaved bool          `json:"interleaved"` // each block runs every arm once, in random order
	Warmup      time.Duration `json:"warmup_ns"`
	Window      time.Duration `json:"window_ns"` // zero: Operations ends it
	// Slice is the length of the slices of their windows in which the arms of a block took
	// turns; zero: each arm had its window in one piece.
	Slice      time.Duration `json:"slice_ns,omitempty"`
	Operations uint64        `json:"operations"` // per replicate; zero: Window ends it
	Estimated  time.Duration `json:"estimated_ns"`
}

// Measured reports whether there is a replicate.
func (r *Run) Measured() bool {
	return slices.ContainsFunc(r.Arms, func(a Arm) bool { return len(a.Replicates) > 0 })
}

// FindArm returns the arm with the label, or nil.
func (r *Run) FindArm(label string) *Arm {
	for i := range r.Arms {
		if r.Arms[i].Label == label {
			return &r.Arms[i]
		}
	}
	return nil
}

// Validate reports the first thing that keeps the run from being a run: a
// missing or doubled label, columns of unequal length, a negative time. It is
// about the form of the file; whether the measurement may be trusted is
// Replicate.Valid.
func (r *Run) Validate() error {
	switch r.Status {
	case StatusRunning, StatusComplete, StatusInterrupted, StatusKilled:
	default:
		return fmt.Errorf("status is %q: want %q, %q, %q or %q", r.Status, StatusRunning, StatusComplete, StatusInterrupted, StatusKilled)
	}
	seen := map[string]bool{}
	for i := range r.Arms {
		a := &r.Arms[i]
		if a.Label == "" {
			return fmt.Errorf("arm %d has no label", i+1)
		}
		if strings.ContainsFunc(a.Label, unicode.IsControl) {
			return fmt.Errorf("arm %d: its label %q has a control character", i+1, a.Label)
		}
		if seen[a.Label] {
			return fmt.Errorf("two arms have the label %q", a.Label)
		}
		seen[a.Label] = true
		if err := a.validate(); err != nil {
			return fmt.Errorf("arm %q: %w", a.Label, err)
		}
	}
	return nil
}
