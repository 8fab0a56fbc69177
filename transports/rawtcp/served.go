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
	settled  atomic.Int32 // answered, returned: at two it is nobody's
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
// If Receive panics, the second never happens, and it is not used again.
func (sv *served) settle() {
	if sv.settled.Add(1) < 2 {
		return
	}
	t := sv.session.t
	sv.session, sv.block = nil, nil
	sv.settled.Store(0)
	sv.in.Response = sv.response
	sv.in.Err, sv.in.Tag = nil, nil
	sv.response.Reset()
	sv.in.Rearm()
	if sv.worthKeeping() {
		t.served[sv.kind].Put(sv)
	}
}

// worthKeeping is false for requests with memory that would not be needed often.
func (sv *served) worthKeeping() bool {
	switch r := sv.in.Request.(type) {
	case *core.AppendEntriesRequest:
		return cap(r.Entries) <= maxKeptItems
	case *core.ProposeRequest:
		return cap(r.Commands) <= maxKeptItems
	case *core.ReadRequest:
		return cap(r.Queries) <= maxKeptItems
	}
	return true
}
