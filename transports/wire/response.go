package wire

import (
	"encoding/binary"
	"time"

	"github.com/raftbench/raftbench/core"
)

// The bytes of each response beside its results.
const (
	sizeRequestVoteResponse     = 2*8 + 1
	sizeAppendEntriesResponse   = 8*8 + 1
	sizeInstallSnapshotResponse = 5 * 8
	sizeTimeoutNowResponse      = 2 * 8
	sizeResultsHead             = 2*8 + 2
	sizeTrace                   = 6 * 8
)

// SizeResponse returns the number of bytes that AppendResponse would append. It
// never exceeds resp.SizeBytes() by more than 64.
func SizeResponse(resp core.Response) int {
	switch r := resp.(type) {
	case *core.RequestVoteResponse:
		return sizeRequestVoteResponse
	case *core.AppendEntriesResponse:
		if r.Clock > 0 {
			return sizeAppendEntriesResponse + 8
		}
		return sizeAppendEntriesResponse
	case *core.InstallSnapshotResponse:
		return sizeInstallSnapshotResponse
	case *core.TimeoutNowResponse:
		return sizeTimeoutNowResponse
	case *core.ProposeResponse:
		return sizeResults(r.Traced, &r.Results)
	case *core.ReadResponse:
		return sizeResults(r.Traced, &r.Results)
	}
	return 0
}

func sizeResults(traced bool, results *core.Results) int {
	n := sizeResultsHead + sizeList(results.List())
	if traced {
		n += sizeTrace
	}
	return n
}

// AppendResponse appends the encoding of resp to buf. It keeps nothing of resp. A
// Trace is part of it only where Traced says that it is set, a Clock where it is told.
func AppendResponse(buf []byte, resp core.Response) []byte {
	le := binary.LittleEndian
	switch r := resp.(type) {
	case *core.RequestVoteResponse:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		return append(buf, flags(r.PreVote, r.Granted))
	case *core.AppendEntriesResponse:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		buf = le.AppendUint64(buf, uint64(r.PrevIndex))
		buf = le.AppendUint64(buf, uint64(r.Match))
		buf = le.AppendUint64(buf, uint64(r.HintIndex))
		buf = le.AppendUint64(buf, uint64(r.HintTerm))
		buf = le.AppendUint64(buf, r.ReadContext)
		buf = le.AppendUint64(buf, r.Session)
		buf = append(buf, flags(r.Success, r.Clock > 0))
		if r.Clock > 0 {
			buf = le.AppendUint64(buf, r.Clock)
		}
		return buf
	case *core.InstallSnapshotResponse:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		buf = le.AppendUint64(buf, r.Session)
		buf = le.AppendUint64(buf, r.NextOffset)
		return le.AppendUint64(buf, uint64(r.Match))
	case *core.TimeoutNowResponse:
		buf = le.AppendUint64(buf, uint64(r.From))
		return le.AppendUint64(buf, uint64(r.Term))
	case *core.ProposeResponse:
		buf = appendResultsHead(buf, r.From, r.Status, r.Leader)
		buf = appendTrace(buf, r.Traced, &r.Trace)
		return appendList(buf, r.List())
	case *core.ReadResponse:
		buf = appendResultsHead(buf, r.From, r.Status, r.Leader)
		buf = appendTrace(buf, r.Traced, &r.Trace)
		return appendList(buf, r.List())
	}
	return buf
}

func appendResultsHead(buf []byte, from core.NodeID, status core.Status, leader core.NodeID) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, uint64(from))
	buf = append(buf, byte(status))
	return binary.LittleEndian.AppendUint64(buf, uint64(leader))
}

// appendTrace appends whether there is a trace and, if so, the trace.
func appendTrace(buf []byte, traced bool, t *core.Trace) []byte {
	buf = append(buf, flags(traced))
	if !traced {
		return buf
	}
	le := binary.LittleEndian
	buf = le.AppendUint64(buf, t.Clock)
	buf = le.AppendUint64(buf, uint64(t.Received))
	buf = le.AppendUint64(buf, uint64(t.Inbox))
	buf = le.AppendUint64(buf, uint64(t.Log))
	buf = le.AppendUint64(buf, uint64(t.Quorum))
	return le.AppendUint64(buf, uint64(t.Apply))
}

// DecodeResponse decodes body, which must be one whole response of the given
// kind, into a response of that kind, which it resets first. Results are copied:
// body may be reused at once. Allocation is bounded by a small multiple of
// len(body). After an error, which matches ErrMalformed, into holds anything.
func DecodeResponse(kind core.Kind, body []byte, into core.Response) error {
	c := cursor{rest: body}
	if into == nil || into.Kind() != kind {
		return malformed(kind, "is not the kind of response asked for")
	}
	switch r := into.(type) {
	case *core.RequestVoteResponse:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		f := c.flags(2)
		r.PreVote, r.Granted = f&1 != 0, f&2 != 0
	case *core.AppendEntriesResponse:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		r.PrevIndex, r.Match = core.Index(c.uint64()), core.Index(c.uint64())
		r.HintIndex, r.HintTerm = core.Index(c.uint64()), core.Term(c.uint64())
		r.ReadContext, r.Session = c.uint64(), c.uint64()
		f := c.flags(2)
		r.Success = f&1 != 0
		if r.Clock = 0; f&2 != 0 {
			r.Clock = c.nonzero()
		}
	case *core.InstallSnapshotResponse:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		r.Session, r.NextOffset = c.uint64(), c.uint64()
		r.Match = core.Index(c.uint64())
	case *core.TimeoutNowResponse:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
	case *core.ProposeResponse:
		r.From, r.Status, r.Leader = core.NodeID(c.uint64()), core.Status(c.byte()), core.NodeID(c.uint64())
		r.Traced, r.Trace = c.trace()
		c.results(&r.Results)
	case *core.ReadResponse:
		r.From, r.Status, r.Leader = core.NodeID(c.uint64()), core.Status(c.byte()), core.NodeID(c.uint64())
		r.Traced, r.Trace = c.trace()
		c.results(&r.Results)
	}
	return c.end(kind)
}

// trace takes what appendTrace appends.
func (c *cursor) trace() (traced bool, t core.Trace) {
	if c.flags(1) == 0 {
		return false, core.Trace{}
	}
	return true, core.Trace{
		Clock: c.uint64(), Received: c.duration(),
		Inbox: c.duration(), Log: c.duration(), Quorum: c.duration(), Apply: c.duration(),
	}
}

func (c *cursor) duration() time.Duration { return time.Duration(c.uint64()) }

// results takes a list of results, replacing those that into held.
func (c *cursor) results(into *core.Results) {
	into.Truncate()
	for range c.count(listHeadBytes) {
		into.Append(c.bytes())
	}
}
