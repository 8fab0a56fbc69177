package workloads

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads/kv"
)

// KeyBytes is the length of every key of a Workload: its number, big-endian.
const KeyBytes = 8

// payloadIDBytes is how much of a value its identity takes: 16 bits of worker
// and 48 bits of sequence number.
const payloadIDBytes = 8

// noisePageBytes is the random memory that payloads are cut from. It is small, so
// that it stays in the first-level cache.
const noisePageBytes = 4 << 10

// mix is the Generator of a Workload.
//
// Measured by BenchmarkGenerator (2 shared cores, 16 B values): 16 ns an operation
// with uniform keys, 22 ns with Zipf keys, no allocation.
type mix struct {
	workload Workload
	keys     keyPicker
	rng      *rand.Rand
	id       uint64 // worker and sequence number of the next put
	noise    [noisePageBytes]byte
}

// NewGenerator returns the operations of one worker. Values differ in their
// first 8 bytes from all other values of all workers below 65,536, as far as
// they are that long, so that a test can tell which write it reads; the rest is
// noise that does not compress.
func (w Workload) NewGenerator(worker int) (Generator, error) {
	w, err := w.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &mix{
		workload: w,
		keys:     newKeyPicker(w.Keys, w.ZipfExponent),
		rng:      rand.New(newSource(w.Seed, streamGenerator, worker)),
		id:       uint64(worker) << 48,
	}
	for i := 0; i < len(g.noise); i += 8 {
		binary.LittleEndian.PutUint64(g.noise[i:], g.rng.Uint64())
	}
	return g, nil
}

// choice is one operation, without its bytes.
type choice struct {
	kind       OpType
	key        int
	valueBytes int    // of a put
	id         uint64 // of its value
}

// choose decides what the next operation is.
func (g *mix) choose() choice {
	c := choice{key: g.keys.pick(g.rng)}
	if g.workload.Reads > 0 && g.rng.Float64() < g.workload.Reads {
		c.kind = Get
		return c
	}
	c.valueBytes, c.id = g.workload.PayloadMinBytes, g.id
	if spread := g.workload.PayloadMaxBytes - c.valueBytes; spread > 0 {
		c.valueBytes += g.rng.IntN(spread + 1)
	}
	g.id++
	return c
}

// Next implements Generator.
func (g *mix) Next(op *client.Op) OpType {
	c := g.choose()
	var key [KeyBytes]byte
	binary.BigEndian.PutUint64(key[:], uint64(c.key))
	if c.kind == Get {
		op.Read = !g.workload.ReadsThroughLog
		op.Command = kv.AppendGet(op.Command[:0], key[:])
		return Get
	}
	op.Read = false
	op.Command = kv.AppendPut(op.Command[:0], key[:], nil)
	op.Command = g.appendPayload(op.Command, c)
	return Put
}

// Skip implements Skipper.
func (g *mix) Skip() OpType { return g.choose().kind }

// appendPayload appends a value: its identity, or as many of the identity's last
// bytes as fit, and noise.
func (g *mix) appendPayload(dst []byte, c choice) []byte {
	var id [payloadIDBytes]byte
	binary.BigEndian.PutUint64(id[:], c.id)
	n := min(c.valueBytes, payloadIDBytes)
	dst = append(dst, id[payloadIDBytes-n:]...)

	// A different cut of the page for every value; 61 is odd, so all offsets come up.
	for from, left := int((c.id+1)*61%noisePageBytes), c.valueBytes-n; left > 0; from = 0 {
		n := min(left, noisePageBytes-from)
		dst = append(dst, g.noise[from:from+n]...)
		left -= n
	}
	return dst
}

// The random streams of a run. Independent numbers for independent decisions: a
// change of the key distribution must not move the arrivals.
const (
	streamGenerator uint64 = iota + 1
	streamArrivals
	streamLeadIn
	streamTarget
)

// newSource returns the random numbers of one stream of one worker. PCG's
// algorithm is fixed by its documentation, so a seed stays good across releases.
func newSource(seed, stream uint64, worker int) *rand.PCG {
	return rand.NewPCG(seed, stream<<32|uint64(worker))
}
