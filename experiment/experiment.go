// Package experiment turns settings into a plan and a plan into a result: it
// expands lists into arms, shuffles them into blocks, and runs each replicate
// on a freshly started cluster. It owns no flag and prints nothing; that is
// cmd/raftbench. It renders nothing; that is reports.
//
// Run works on the caller's goroutine, one replicate after the other. The
// goroutines of a replicate (nodes, transports, driver, faults) have ended when it
// returns.
package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/experiment/fault"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// Settings describe an experiment. Slices are lists of which every combination
// becomes an arm.
type Settings struct {
	Layer Layer // empty: LayerRaft

	Transports []transports.Spec
	Nodes      []int
	Clients    []int     // closed loop: each has one operation under way
	Rates      []float64 // open loop: operations per second; empty means closed loop
	Payloads   []int     // bytes of a value
	BatchSizes []int     // bytes (Kafka: batch.size)
	BatchOps   []int     // operations; zero: no such limit. Empty: zero
	Lingers    []time.Duration
	Policies   []batch.Policy // empty: linger where the linger is above zero, else natural
	Pipelines  []int          // AppendEntries under way to a follower
	Storages   []StorageKind  // empty: in memory
	Fsyncs     []Fsync        // of logs on disk; empty: always
	Machines   []MachineKind  // empty: kv
	Sessions   []int          // that the nodes remember; zero: none. Empty: zero

	// Named are arms with a name of their own. If there are any, the lists above are
	// those of the Settings that each brings along, and everything else is as here.
	Named []NamedArm

	Reads    float64 // share of operations that read
	ReadMode ReadMode
	ReadFrom client.ReadFrom // empty: the leader
	Keys     int
	Zipf     float64 // exponent; zero: all keys equally likely
	Arrivals workloads.Arrivals

	// Data is the directory below which the logs on disk are, in one for each replicate,
	// and stay. Empty: in temporary ones that are removed.
	Data string

	Snapshots Snapshots

	// Stages make an open loop whose rate changes, instead of Rates and of Duration.
	// The last one has an end, too.
	Stages workloads.Stages

	// Duration of the window that is measured. Operations, if not zero, ends it
	// instead.
	Duration   time.Duration
	Operations uint64

	// Slice is the length of the slices of their windows in which the arms of a block take
	// turns. Zero: each has its window in one piece. SliceAuto: slices of DefaultSlice
	// where that is possible.
	Slice time.Duration

	// Warmup before the window. Zero: none. WarmupAuto: until throughput is stationary.
	Warmup time.Duration

	// Idle is how long the idle cluster is watched before each replicate, so that its
	// cost can be subtracted. Zero: not at all.
	Idle time.Duration

	// MaxOutstanding bounds the operations of an open loop that are under way, and
	// MaxOutstandingBytes their bytes; that is zero: workloads.DefaultMaxOutstandingBytes.
	MaxOutstanding      int
	MaxOutstandingBytes int

	// KeepEvery is how often what replicates under way have so far is kept; zero:
	// DefaultKeepEvery.
	KeepEvery time.Duration

	Repeat int // replicates of every arm
	Seed   uint64

	Timeout time.Duration // of one operation, with redirects and retries
	// ReadTimeout and WriteTimeout are that of reads and of writes; zero: Timeout.
	ReadTimeout, WriteTimeout time.Duration

	Retry client.Retry // after an attempt that failed
	Hedge client.Hedge // of reads that take long; the cluster opens its endpoints

	// Faults are done to each cluster while its window runs.
	Faults fault.Script

	// FaultsFlag is the flag that gave Faults, for complaints about them. Empty: --fault.
	FaultsFlag string

	Times    Times         // of elections and leases
	Timeouts core.Timeouts // of the transports' calls by class; zero fields: the defaults
	BasePort int           // of node 1; zero: free ports
}

// timeout is the time that a read, or a write, has.
func (s *Settings) timeout(read bool) time.Duration {
	own := s.WriteTimeout
	if read {
		own = s.ReadTimeout
	}
	if own > 0 {
		return own
	}
	return s.Timeout
}

// NamedArm is a name for the arms that the lists of some settings make.
type NamedArm struct {
	Name     string
	Settings *Settings // only its lists count
}

// window is how long the window of an arm will be; zero: until Operations are done.
func (s *Settings) window(a *Arm) time.Duration {
	switch length, _ := a.Stages.Duration(); {
	case s.Operations > 0:
		return 0
	case len(a.Stages) > 0:
		return length
	default:
		return s.Duration
	}
}

// WarmupAuto lets the driver decide when the warm-up ends.
const WarmupAuto time.Duration = -1

// Validate names the setting that makes no sense, the value and what is allowed.
func (s *Settings) Validate() error {
	for _, check := range []func() error{
		s.validateLists, s.validateScalars, s.validatePayloads, s.validateBatching, s.validateErrors,
		s.validateStorage, s.validateMachines, s.validateTimes, s.validateSnapshots, s.validateReads,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) validateLists() error {
	if err := allowed("layer", []Layer{LayerRaft, LayerEcho}, cmp.Or(s.Layer, LayerRaft)); err != nil {
		return err
	}
	if len(s.Transports) == 0 {
		return errors.New("--transport: name at least one")
	}
	for name, list := range map[string][]int{"-c": s.Clients, "--payload": s.Payloads, "--batch.size": s.BatchSizes, "--pipeline": s.Pipelines} {
		if len(list) == 0 {
			return fmt.Errorf("%s: name at least one value", name)
		}
	}
	for _, n := range s.Nodes {
		if n < 1 || n > cluster.MaxNodes {
			return fmt.Errorf("--nodes %d: want 1 to %d", n, cluster.MaxNodes)
		}
	}
	for _, c := range s.Clients {
		if c < 1 || c > MaxClients {
			return fmt.Errorf("-c %d: want 1 to %d clients", c, MaxClients)
		}
	}
	for _, r := range s.Rates {
		if r <= 0 || r > 1e9 {
			return fmt.Errorf("-r %v: want more than 0 and at most 1e9 operations per second", r)
		}
	}
	switch length, ends := s.Stages.Duration(); {
	case len(s.Stages) > 0 && !ends:
		return fmt.Errorf("--stages %v: the last one has no end", s.Stages)
	case length > maxTime:
		return fmt.Errorf("--stages %v: they take %v, want at most %v", s.Stages, length, maxTime)
	}
	for _, p := range s.Pipelines {
		if p < 1 || p > 4096 {
			return fmt.Errorf("--pipeline %d: want 1 to 4096", p)
		}
	}
	return nil
}

// MaxClients bounds the clients of a closed loop.
const MaxClients = 1 << 20

// maxTime and maxOperations bound one replicate, so that a slip of the finger is
// found before it has run for a day.
const (
	maxTime       = 24 * time.Hour
	maxOperations = 1 << 40
	maxIdle       = time.Minute
)

func (s *Settings) validateScalars() error {
	switch {
	case max(s.Duration, s.Warmup, s.Timeout) > maxTime:
		return fmt.Errorf("-d %v, --warmup %v, --timeout %v: want at most %v each", s.Duration, s.Warmup, s.Timeout, maxTime)
	case s.Operations > maxOperations:
		return fmt.Errorf("-n %d: want 1 to %d", s.Operations, uint64(maxOperations))
	case s.Idle < 0 || s.Idle > maxIdle:
		return fmt.Errorf("--idle %v: want 0 to %v", s.Idle, maxIdle)
	case s.Duration <= 0 && s.Operations == 0 && len(s.Stages) == 0:
		return fmt.Errorf("-d %v: want more than zero", s.Duration)
	case s.Slice != SliceAuto && (s.Slice < 0 || s.Slice%workloads.DefaultSeriesWidth != 0): // a part of a bucket would be a hole in the series
		return fmt.Errorf("--slice %v: want 0, auto, or a multiple of %v", s.Slice, workloads.DefaultSeriesWidth)
	case s.Repeat < 1 || s.Repeat > 1000:
		return fmt.Errorf("--repeat %d: want 1 to 1000", s.Repeat)
	case s.Warmup < 0 && s.Warmup != WarmupAuto:
		return fmt.Errorf("--warmup %v: want a duration from 0, or auto", s.Warmup)
	case !(s.Reads >= 0 && s.Reads <= 1): // nor NaN
		return fmt.Errorf("--reads %v: want a share from 0 to 1", s.Reads)
	case s.Keys > workloads.MaxKeys:
		return fmt.Errorf("--keys %d: want 1 to %d", s.Keys, workloads.MaxKeys)
	case !(s.Zipf >= 0 && s.Zipf <= workloads.MaxZipfExponent):
		return fmt.Errorf("--zipf %v: want 0 to %d", s.Zipf, workloads.MaxZipfExponent)
	case s.Timeout <= 0:
		return fmt.Errorf("--timeout %v: want more than zero", s.Timeout)
	case s.BasePort < 0 || s.BasePort > 65000:
		return fmt.Errorf("--port %d: want 1 to 65000, or 0 for any free ports", s.BasePort)
	case s.MaxOutstanding < 1:
		return fmt.Errorf("--max-outstanding %d: want at least 1", s.MaxOutstanding)
	case s.MaxOutstandingBytes < 0:
		return fmt.Errorf("--max-outstanding.bytes %d: want at least 1, or 0 for %s", s.MaxOutstandingBytes, core.FormatSize(workloads.DefaultMaxOutstandingBytes))
	}
	return nil
}

func (s *Settings) validateTimes() error {
	times := s.Times.withDefaults()
	if err := times.validate(s.ReadMode == ReadLease); err != nil {
		return err
	}
	if s.Timeouts.ReconnectMax >= times.Election {
		return fmt.Errorf("--timeout.reconnect %v: want less than the election timeout, --election %v, or a fail-over measures the back-off", s.Timeouts.ReconnectMax, times.Election)
	}
	return nil
}

func (s *Settings) validatePayloads() error {
	for _, p := range s.Payloads {
		if p < 0 || p > MaxPayloadBytes {
			return fmt.Errorf("--payload %d: want 0 to %d bytes, so that an entry fits into a message", p, MaxPayloadBytes)
		}
		if _, err := s.workload(p).NewGenerator(0); err != nil {
			return err
		}
	}
	return nil
}

// MaxPayloadBytes is the largest value: half of the transports' message limit.
const MaxPayloadBytes = 4 << 20

func (s *Settings) validateBatching() error {
	for _, size := range s.BatchSizes {
		if size < 1 || size > MaxPayloadBytes {
			return fmt.Errorf("--batch.size %d: want 1 to %d bytes", size, MaxPayloadBytes)
		}
	}
	for _, n := range s.BatchOps {
		if n < 0 || n > maxBatchOps {
			return fmt.Errorf("--batch.ops %d: want 1 to %d, or 0 for no limit", n, maxBatchOps)
		}
	}
	for _, l := range s.Lingers {
		if l < 0 || l > time.Minute {
			return fmt.Errorf("--linger %v: want 0 to 1m", l)
		}
	}
	for _, p := range s.Policies {
		if err := (batch.Config{Policy: p, Linger: lingerFor(p)}).Validate(); err != nil {
			return fmt.Errorf("--batch.policy %q: allowed are %s", p, batch.PolicyNames())
		}
	}
	return nil
}

// maxBatchOps is more than fit into the largest batch.
const maxBatchOps = 1 << 20

// lingerFor is some linger that goes with a policy.
func lingerFor(p batch.Policy) time.Duration {
	if p == batch.Linger {
		return time.Millisecond
	}
	return 0
}

func (s *Settings) workload(payload int) workloads.Workload {
	return workloads.Workload{
		Seed:            s.Seed,
		Reads:           s.Reads,
		ReadsThroughLog: s.ReadMode == ReadLog,
		Keys:            s.Keys,
		ZipfExponent:    s.Zipf,
		PayloadMinBytes: payload,
		PayloadMaxBytes: payload,
	}
}
