// Package codec measures what encoding and decoding messages costs, without a
// transport: time, bytes and allocations, for each message, size and codec. The
// results are in the format of Go's benchmarks, for benchstat.
//
// It works on the caller's goroutine and starts none.
package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/codecs"
	"github.com/raftbench/raftbench/transports/wire"
)

// Message is one thing to encode. Exactly one of Request and Response is set.
type Message struct {
	Name     string // "AppendEntries/entries=64"
	Payload  int    // bytes of each entry, command or result; zero: there is none
	Request  core.Request
	Response core.Response
}

// Operation is what is measured.
type Operation string

// The operations.
const (
	Encode Operation = "encode"
	Decode Operation = "decode"
)

// Result is the cost of one operation on one message.
type Result struct {
	Operation Operation
	Codec     string
	Message   Message

	N            int     // operations measured
	NSPerOp      float64 // time
	EncodedBytes int     // length of the encoded message
	AllocBytes   float64 // per operation
	Allocs       float64 // per operation
}

// Measure encodes and decodes a message for about benchtime each. It first looks
// whether what comes out is what went in; a codec that loses something
// is an error and not fast.
func Measure(ctx context.Context, named codecs.Named, m Message, benchtime time.Duration) ([]Result, error) {
	c := named.New()
	body, err := check(c, m)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", named.Name, m.Name, err)
	}
	var results []Result
	buf := make([]byte, 0, 2*len(body))
	into := m.empty()
	for _, op := range []struct {
		name Operation
		run  func() error
	}{
		{Encode, func() error { _, err := m.encode(c, buf); return err }},
		{Decode, func() error { return m.decode(c, body, into) }},
	} {
		r, err := measure(ctx, op.run, benchtime)
		if err != nil {
			return nil, fmt.Errorf("%s, %s, %s: %w", named.Name, m.Name, op.name, err)
		}
		r.Operation, r.Codec, r.Message, r.EncodedBytes = op.name, named.Name, m, len(body)
		results = append(results, r)
	}
	return results, nil
}

// errDiffers: a codec changed a message.
var errDiffers = errors.New("what was decoded is not what was encoded")

// check sends two messages through c and returns the bytes of the second: a codec
// that describes its types in the first does not do so in that one. The bytes
// must decode any number of times.
func check(c codecs.Codec, m Message) ([]byte, error) {
	var body []byte
	for range 2 {
		var err error
		if body, err = m.encode(c, nil); err != nil {
			return nil, err
		}
		into := m.empty()
		if err := m.decode(c, body, into); err != nil {
			return nil, err
		}
		if !bytes.Equal(canonical(into), canonical(m)) {
			return nil, errDiffers
		}
	}
	return body, nil
}

// canonical is the one encoding that a message has in transports/wire.
func canonical(m Message) []byte {
	if m.Request != nil {
		return wire.AppendRequest(nil, m.Request)
	}
	return wire.AppendResponse(nil, m.Response)
}

// empty is a message of the same kind to decode into.
func (m Message) empty() Message {
	if m.Request != nil {
		return Message{Request: m.Request.Kind().NewRequest()}
	}
	return Message{Response: m.Response.Kind().NewResponse()}
}

func (m Message) encode(c codecs.Codec, buf []byte) ([]byte, error) {
	if m.Request != nil {
		return c.EncodeRequest(buf, m.Request)
	}
	return c.EncodeResponse(buf, m.Response)
}

func (m Message) decode(c codecs.Codec, body []byte, into Message) error {
	if m.Request != nil {
		return c.DecodeRequest(body, into.Request)
	}
	return c.DecodeResponse(body, into.Response)
}

// measure repeats run for about benchtime, in rounds that grow, and reports on
// the last.
func measure(ctx context.Context, run func() error, benchtime time.Duration) (Result, error) {
	for n := 1; ; {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		r, took, err := round(run, n)
		if err != nil || took >= benchtime || n >= maxRounds {
			return r, err
		}
		// Aim a little beyond benchtime, but no more than a hundredfold at once:
		// the first rounds are short and say little.
		next := int(1.2 * float64(n) * float64(benchtime) / float64(max(took, 1)))
		n = min(max(next, n+1), 100*n, maxRounds)
	}
}

// maxRounds bounds the repetitions, as in package testing.
const maxRounds = 1e9

// round repeats run n times.
func round(run func() error, n int) (Result, time.Duration, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range n {
		if err := run(); err != nil {
			return Result{}, 0, err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return Result{
		N:          n,
		NSPerOp:    float64(took) / float64(n),
		AllocBytes: float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		Allocs:     float64(after.Mallocs-before.Mallocs) / float64(n),
	}, took, nil
}
