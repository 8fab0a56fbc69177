package grpc

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
)

// request is one request that arrived on a stream, and its answer.
type request struct {
	core.Incoming
	from  *inbound
	id    uint64
	bytes int // SizeBytes of the request

	// held: a handler that panicked may still look at it, so it is not used again.
	held bool
}

// failed returns an answer for r that says err. It leaves r alone, which is the
// handler's yet.
func (r *request) failed(err error) *request {
	f := &request{from: r.from, id: r.id, bytes: r.bytes, held: true}
	f.Err = err
	return f
}

// incomingPools keep requests for the next that arrive, by kind.
type incomingPools [7]sync.Pool

// decode returns a request for m, which it may point into.
func (p *incomingPools) decode(m proto.Message) (*request, error) {
	kind := requestKind(m)
	if kind == 0 {
		return nil, fmt.Errorf("%w: no request in it", errMalformed)
	}
	r, ok := p[kind].Get().(*request)
	if ok {
		r.Rearm()
	} else {
		r = new(request)
		r.Request, r.Response = kind.NewRequest(), kind.NewResponse()
		r.State = r
	}
	return r, decodeRequest(r.Request, m)
}

// keepBytes is the largest response whose memory is kept for the next one.
const keepBytes = 64 << 10

// put takes back a request that was answered.
func (p *incomingPools) put(r *request) {
	if r.held {
		return
	}
	kind := r.Request.Kind()
	if a, ok := r.Request.(*core.AppendEntriesRequest); ok && cap(a.Entries) <= slabKeep {
		clear(a.Entries) // drops the data; the list is used again
		*a = core.AppendEntriesRequest{Entries: a.Entries[:0]}
	} else {
		r.Request = kind.NewRequest()
	}
	if r.Response.SizeBytes() > keepBytes {
		r.Response = kind.NewResponse()
	}
	r.Response.Reset()
	r.Err, r.Tag, r.from = nil, nil, nil
	p[kind].Put(r)
}
