package grpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// newTrace returns t in protobuf, or nil if there is no trace. It allocates:
// few requests ask for one.
func newTrace(traced bool, t *core.Trace) *raftpb.Trace {
	if !traced {
		return nil
	}
	return &raftpb.Trace{
		Clock: t.Clock, Received: int64(t.Received),
		Inbox: int64(t.Inbox), Log: int64(t.Log), Quorum: int64(t.Quorum), Apply: int64(t.Apply),
	}
}

func decodeTrace(m *raftpb.Trace) (traced bool, t core.Trace) {
	if m == nil {
		return false, core.Trace{}
	}
	return true, core.Trace{
		Clock: m.Clock, Received: time.Duration(m.Received),
		Inbox: time.Duration(m.Inbox), Log: time.Duration(m.Log),
		Quorum: time.Duration(m.Quorum), Apply: time.Duration(m.Apply),
	}
}
