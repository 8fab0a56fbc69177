package node

import "github.com/raftbench/raftbench/core"

// outgoing holds the calls of one turn and the calls that can be used again.
type outgoing struct {
	calls []*core.Call
	spare [core.KindRead + 1][]*core.Call // by kind
}

// maxSpareCalls bounds what is kept for use again, for each kind.
const maxSpareCalls = 1024

// add starts a call at the end of the turn.
func (o *outgoing) add(to core.NodeID, req core.Request) {
	call := o.get(req.Kind())
	call.To, call.Request, call.Err = to, req, nil
	o.calls = append(o.calls, call)
}

func (o *outgoing) get(kind core.Kind) *core.Call {
	list := o.spare[kind]
	if n := len(list); n > 0 {
		o.spare[kind] = list[:n-1]
		return list[n-1]
	}
	return &core.Call{Response: kind.NewResponse()}
}

// sent forgets the calls, which are the transport's now.
func (o *outgoing) sent() {
	clear(o.calls)
	o.calls = o.calls[:0]
}

// recycle keeps an ended call for use again.
func (o *outgoing) recycle(call *core.Call) {
	kind := call.Response.Kind()
	call.Request, call.Tag = nil, nil
	if len(o.spare[kind]) < maxSpareCalls {
		o.spare[kind] = append(o.spare[kind], call)
	}
}
