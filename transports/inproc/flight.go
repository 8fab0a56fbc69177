package inproc

import (
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// keepBytes is the largest copy whose memory is kept for the next one.
const keepBytes = 64 << 10

// flight is one call on its way: what the handler sees, in memory of its own,
// and the call that waits for it. A call keeps its flight in Call.State and
// uses it again, unless a handler still has it: then the call gets a new one
// and the garbage collector takes the old.
type flight struct {
	link     *link
	peer     *endpoint
	call     *core.Call
	class    core.Class
	size     int
	deadline time.Duration // on the endpoint's clock

	in   core.Incoming
	data []byte // what in.Request points into

	// held is true while a handler may look at in: from Send to Reply, and for
	// ever if the handler panicked.
	held atomic.Bool
}

// flightOf returns a flight for c that nobody holds.
func flightOf(c *core.Call) *flight {
	f, ok := c.State.(*flight)
	if !ok || f.held.Load() {
		f = new(flight)
		f.in.State = f
		c.State = f
	}
	return f
}

// load copies the request of c and readies the flight for a handler.
func (f *flight) load(c *core.Call) {
	f.call = c
	f.in.Request = f.copyRequest(c.Request)
	if f.in.Response == nil || f.in.Response.Kind() != c.Request.Kind() {
		f.in.Response = c.Request.Kind().NewResponse()
	}
	f.in.Response.Reset()
	f.in.Err, f.in.Tag = nil, nil
	f.in.Rearm()
	f.held.Store(true)
}

// unload lets the flight be used again.
func (f *flight) unload() {
	if cap(f.data) > keepBytes {
		f.data, f.in.Request = nil, nil
	}
	if f.in.Response.SizeBytes() > keepBytes {
		f.in.Response = nil
	}
	f.held.Store(false)
}

// copyRequest returns a copy of r that lies in memory of the flight.
func (f *flight) copyRequest(r core.Request) core.Request {
	f.data = f.data[:0]
	if size := r.SizeBytes(); size > cap(f.data) {
		f.data = make([]byte, 0, size)
	}
	switch r := r.(type) {
	case *core.RequestVoteRequest:
		c := reuse[core.RequestVoteRequest](f.in.Request)
		*c = *r
		return c
	case *core.TimeoutNowRequest:
		c := reuse[core.TimeoutNowRequest](f.in.Request)
		*c = *r
		return c
	case *core.InstallSnapshotRequest:
		c := reuse[core.InstallSnapshotRequest](f.in.Request)
		*c = *r
		c.Data = f.copyBytes(r.Data)
		return c
	case *core.AppendEntriesRequest:
		c := reuse[core.AppendEntriesRequest](f.in.Request)
		entries := append(c.Entries[:0], r.Entries...)
		*c = *r
		for i := range entries {
			entries[i].Data = f.copyBytes(entries[i].Data)
		}
		c.Entries = entries
		return c
	case *core.ProposeRequest:
		c := reuse[core.ProposeRequest](f.in.Request)
		c.From, c.Trace, c.Remaining = r.From, r.Trace, r.Remaining
		c.Commands = f.copyList(c.Commands, r.Commands)
		return c
	case *core.ReadRequest:
		c := reuse[core.ReadRequest](f.in.Request)
		c.From, c.Trace, c.Remaining = r.From, r.Trace, r.Remaining
		c.Queries = f.copyList(c.Queries, r.Queries)
		return c
	}
	panic("inproc: request of unknown type")
}

// reuse returns old if it is a *T, and a new T otherwise.
func reuse[T any](old any) *T {
	if t, ok := old.(*T); ok {
		return t
	}
	return new(T)
}

// copyBytes copies b behind what f.data holds. SizeBytes counts no less than the
// bytes of all parts, so f.data never moves.
func (f *flight) copyBytes(b []byte) []byte {
	start := len(f.data)
	f.data = append(f.data, b...)
	return f.data[start:len(f.data):len(f.data)]
}

func (f *flight) copyList(dst, src [][]byte) [][]byte {
	dst = dst[:0]
	for _, b := range src {
		dst = append(dst, f.copyBytes(b))
	}
	return dst
}

// copyResponse copies src into dst, which is of the same kind.
func copyResponse(dst, src core.Response) {
	dst.Reset()
	switch src := src.(type) {
	case *core.RequestVoteResponse:
		*dst.(*core.RequestVoteResponse) = *src
	case *core.AppendEntriesResponse:
		*dst.(*core.AppendEntriesResponse) = *src
	case *core.InstallSnapshotResponse:
		*dst.(*core.InstallSnapshotResponse) = *src
	case *core.TimeoutNowResponse:
		*dst.(*core.TimeoutNowResponse) = *src
	case *core.ProposeResponse:
		d := dst.(*core.ProposeResponse)
		d.From, d.Status, d.Leader = src.From, src.Status, src.Leader
		d.Traced, d.Trace = src.Traced, src.Trace
		copyResults(&d.Results, &src.Results)
	case *core.ReadResponse:
		d := dst.(*core.ReadResponse)
		d.From, d.Status, d.Leader = src.From, src.Status, src.Leader
		d.Traced, d.Trace = src.Traced, src.Trace
		copyResults(&d.Results, &src.Results)
	}
}

func copyResults(dst, src *core.Results) {
	for _, b := range src.List() {
		dst.Append(b)
	}
}
