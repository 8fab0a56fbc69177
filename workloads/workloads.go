// Package workloads is the load side of raftbench: what is asked (Workload,
// Generator), when (Schedule, or clients in a closed loop), by whom (Driver), what
// was measured (Sample, Recorder, Measurement), and whether it may be believed
// (LittlesLaw, Measurement.Stationary; of the driver itself, CheckPercentiles and
// MeasureDispatchLag).
//
// It is not a client of Raft: that is core/client, or whatever else implements
// Target. It is not a report either: package reports reads a Measurement and
// computes percentiles, intervals and verdicts.
//
// Goroutines: Driver.Run starts one for each worker, and two that wait for all
// workers to have sent the last and to be drained. In an open loop a worker's
// goroutine keeps an operating-system thread for itself, and so does the caller's
// while Run lasts. All have ended when Run returns. Completions are recorded on the
// goroutine that brings them.
package workloads

import (
	"fmt"
	"math"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads/kv"
)

// OpType tells operations apart whose latencies do not belong into one histogram.
type OpType uint8

// The operation types.
const (
	Put OpType = iota
	Get        // a read, whether as a query or through the log
)

// NumOpTypes is the number of operation types, for arrays indexed by OpType.
const NumOpTypes = 2

func (t OpType) String() string {
	switch t {
	case Put:
		return "put"
	case Get:
		return "get"
	default:
		return fmt.Sprintf("OpType(%d)", uint8(t))
	}
}

// Generator decides what one worker asks. It has one user at a time.
type Generator interface {
	// Next fills in the operation's Read and Command, reusing the memory of
	// Command, and returns its type. It does not touch the other fields.
	Next(op *client.Op) OpType
}

// Skipper is a Generator that can pass over an operation without making it. What an
// open loop refuses because too much is under way costs no more then than to decide
// what it would have been: at a hundred times what a target can do, filling in values of
// 16 KiB took a quarter of the CPU time that the target could have had.
type Skipper interface {
	// Skip passes over the operation that Next would have made, and returns its type.
	Skip() OpType
}

// Workload says what is asked: a mix of puts and gets on the kv state machine.
// The zero value puts empty values to one of 10,000 keys, all equally likely.
type Workload struct {
	// Seed decides every choice. The same seed and worker give the same
	// operations in the same order.
	Seed uint64

	// Reads is the share of operations that are gets, from 0 to 1.
	Reads float64

	// ReadsThroughLog makes gets commands, which are replicated like puts, instead
	// of queries.
	ReadsThroughLog bool

	// Keys is the number of distinct keys. Default 10,000; at most
	// kv.DefaultMaxKeys.
	Keys int

	// ZipfExponent is how skewed the choice of keys is: the k-th most popular key
	// is chosen with a probability proportional to 1/k^s. Zero, the default, makes
	// all keys equally likely; 0.99 is YCSB's default skew. From 0 to 10,
	// including values up to 1, which math/rand cannot do.
	ZipfExponent float64

	// PayloadMinBytes and PayloadMaxBytes bound the size of a value; every size in
	// between is equally likely. Equal means fixed. At most MaxPayloadBytes.
	PayloadMinBytes int
	PayloadMaxBytes int
}

// MaxPayloadBytes is the largest value that a Workload writes.
const MaxPayloadBytes = 64 << 20

// DefaultKeys is the number of keys of a Workload that does not say.
const DefaultKeys = 10_000

// MaxKeys and MaxZipfExponent bound a Workload.
const (
	MaxKeys         = kv.DefaultMaxKeys
	MaxZipfExponent = 10
)

// withDefaults returns w with zero fields replaced, or an error that names the
// field and what is allowed.
func (w Workload) withDefaults() (Workload, error) {
	if w.Keys == 0 {
		w.Keys = DefaultKeys
	}
	switch {
	case math.IsNaN(w.Reads) || w.Reads < 0 || w.Reads > 1:
		return w, fmt.Errorf("workload: reads %v: want a share from 0 to 1", w.Reads)
	case w.Keys < 1 || w.Keys > MaxKeys:
		return w, fmt.Errorf("workload: keys %d: want 1 to %d", w.Keys, MaxKeys)
	case math.IsNaN(w.ZipfExponent) || w.ZipfExponent < 0 || w.ZipfExponent > MaxZipfExponent:
		return w, fmt.Errorf("workload: zipf exponent %v: want 0 to %d", w.ZipfExponent, MaxZipfExponent)
	case w.PayloadMinBytes < 0 || w.PayloadMaxBytes < w.PayloadMinBytes || w.PayloadMaxBytes > MaxPayloadBytes:
		return w, fmt.Errorf("workload: payload from %d to %d bytes: want an ascending range within 0 to %d",
			w.PayloadMinBytes, w.PayloadMaxBytes, MaxPayloadBytes)
	}
	return w, nil
}
