package rawtcp

import (
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// served is a request that arrived, with room for its response. It is used again
// when it was answered and the Receive that it was given to has returned.
type served struct {
	in       core.Incoming
	kind     core.Kind
	response core.Response
	session  *session
	block    *block // holds what the request points to
	id       uint64
	bytes    int           // of its frame
	settled  atomic.Uint32 // counts answered and returned: when it is even, it is nobody's
}

// maxKeptItems is the longest list in a request that is kept for later.
const maxKeptItems = 4096

// newServed returns an unused one for a request of this kind; nil: no such kind.
func (t *transport) newServed(kind core.Kind) *served {
	if int(kind) >= len(t.served) {
		return nil
	}
	if sv, ok := t.served[kind].Get().(*served); ok {
		return sv
	}
	sv := &served{kind: kind, response: kind.NewResponse()}
	if sv.response == nil {
		return nil
	}
	sv.in.Request = kind.NewRequest()
	sv.in.Response = sv.response
	sv.in.State = sv
	return sv
}

// settle is called once when it is answered and once when Receive has returned.
// The second call makes it unused again, and reports true: it is the caller's to
// keep. If Receive panics, there is none, and it is not used again.
func (sv *served) settle() bool {
	if sv.settled.Add(1)%2 != 0 {
		return false
	}
	sv.session, sv.block = nil, nil
	sv.in.Response = sv.response
	sv.in.Err, sv.in.Tag = nil, nil
	sv.response.Reset()
	sv.in.Rearm()
	return true
}

// keepServed takes back an unused one with room for a list of this length.
func (t *transport) keepServed(sv *served, items int) {
	if items <= maxKeptItems {
		t.served[sv.kind].Put(sv)
	}
}

// forget drops what the request of an unused one points to, which is in a block
// that it has no share of any more. It returns for how long a list there is room.
func (sv *served) forget() (items int) {
	switch r := sv.in.Request.(type) {
	case *core.AppendEntriesRequest:
		clear(r.Entries)
		return cap(r.Entries)
	case *core.InstallSnapshotRequest:
		r.Data = nil
	case *core.ProposeRequest:
		clear(r.Commands)
		return cap(r.Commands)
	case *core.ReadRequest:
		clear(r.Queries)
		return cap(r.Queries)
	}
	return 0
}

// Requests that Receive has answered before it returns stay where they are in the
// session's batch and serve the next one: 64 waiting callers take 2.5 % less CPU a
// call than with the pool. At most maxInPlace do, of those with room for at most
// maxItemsInPlace items: about 1 KiB each.
const (
	maxInPlace      = 512
	maxItemsInPlace = 16
)

// unused returns one for the request that comes next in the batch.
func (s *session) unused(kind core.Kind) *served {
	if n := len(s.batch); n < cap(s.batch) {
		if sv := s.batch[:n+1][n]; sv != nil && sv.kind == kind {
			return sv
		}
	}
	return s.t.newServed(kind)
}

// settle says of the whole batch that Receive has returned.
func (s *session) settle() {
	for i, sv := range s.batch {
		if !sv.settle() {
			s.batch[i] = nil // the handler still has it
			continue
		}
		if items := sv.forget(); i >= maxInPlace || items > maxItemsInPlace {
			s.batch[i] = nil
			s.t.keepServed(sv, items)
		}
	}
}
