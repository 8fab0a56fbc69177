package wire

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

// The bytes of each request beside its data.
const (
	sizeRequestVote     = 4*8 + 1
	sizeAppendEntries   = 7 * 8
	sizeInstallSnapshot = 6*8 + 1 + 2*listHeadBytes
	sizeTimeoutNow      = 2 * 8
	sizePropose         = 2*8 + 1
	sizeRead            = 2*8 + 1
)

// SizeRequest returns the number of bytes that AppendRequest would append. It
// never exceeds req.SizeBytes().
func SizeRequest(req core.Request) int {
	switch r := req.(type) {
	case *core.RequestVoteRequest:
		return sizeRequestVote
	case *core.AppendEntriesRequest:
		return sizeAppendEntries + SizeEntries(r.Entries)
	case *core.InstallSnapshotRequest:
		return sizeInstallSnapshot + len(r.Snapshot.Config) + len(r.Data)
	case *core.TimeoutNowRequest:
		return sizeTimeoutNow
	case *core.ProposeRequest:
		return sizePropose + sizeList(r.Commands)
	case *core.ReadRequest:
		return sizeRead + sizeList(r.Queries)
	}
	return 0
}

// AppendRequest appends the encoding of req to buf. It keeps nothing of req.
func AppendRequest(buf []byte, req core.Request) []byte {
	le := binary.LittleEndian
	switch r := req.(type) {
	case *core.RequestVoteRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		buf = le.AppendUint64(buf, uint64(r.LastIndex))
		buf = le.AppendUint64(buf, uint64(r.LastTerm))
		return append(buf, flags(r.PreVote, r.Transfer))
	case *core.AppendEntriesRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		buf = le.AppendUint64(buf, uint64(r.PrevIndex))
		buf = le.AppendUint64(buf, uint64(r.PrevTerm))
		buf = le.AppendUint64(buf, uint64(r.Commit))
		buf = le.AppendUint64(buf, r.ReadContext)
		buf = le.AppendUint64(buf, r.Session)
		return AppendEntries(buf, r.Entries)
	case *core.InstallSnapshotRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = le.AppendUint64(buf, uint64(r.Term))
		buf = le.AppendUint64(buf, uint64(r.Snapshot.Index))
		buf = le.AppendUint64(buf, uint64(r.Snapshot.Term))
		buf = le.AppendUint64(buf, r.Session)
		buf = le.AppendUint64(buf, r.Offset)
		buf = append(buf, flags(r.Done))
		buf = appendBytes(buf, []byte(r.Snapshot.Config)) // at most a few hundred bytes, with a chunk
		return appendBytes(buf, r.Data)
	case *core.TimeoutNowRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		return le.AppendUint64(buf, uint64(r.Term))
	case *core.ProposeRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = append(buf, flags(r.Trace))
		buf = le.AppendUint64(buf, uint64(r.Remaining))
		return appendList(buf, r.Commands)
	case *core.ReadRequest:
		buf = le.AppendUint64(buf, uint64(r.From))
		buf = append(buf, flags(r.Trace))
		buf = le.AppendUint64(buf, uint64(r.Remaining))
		return appendList(buf, r.Queries)
	}
	return buf
}

// DecodeRequest decodes body, which must be one whole request of the given kind,
// into a request of that kind. It reuses the memory of the slices in into; the
// data they point to afterwards aliases body and is valid for as long as body
// is. Allocation is bounded by a small multiple of len(body). After an error,
// which matches ErrMalformed, into holds anything.
func DecodeRequest(kind core.Kind, body []byte, into core.Request) error {
	c := cursor{rest: body}
	if into == nil || into.Kind() != kind {
		return malformed(kind, "is not the kind of request asked for")
	}
	switch r := into.(type) {
	case *core.RequestVoteRequest:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		r.LastIndex, r.LastTerm = core.Index(c.uint64()), core.Term(c.uint64())
		f := c.flags(2)
		r.PreVote, r.Transfer = f&1 != 0, f&2 != 0
	case *core.AppendEntriesRequest:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		r.PrevIndex, r.PrevTerm = core.Index(c.uint64()), core.Term(c.uint64())
		r.Commit = core.Index(c.uint64())
		r.ReadContext, r.Session = c.uint64(), c.uint64()
		r.Entries = c.entries(r.PrevIndex, r.Entries)
	case *core.InstallSnapshotRequest:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
		r.Snapshot = core.SnapshotMeta{Index: core.Index(c.uint64()), Term: core.Term(c.uint64())}
		r.Session, r.Offset = c.uint64(), c.uint64()
		r.Done = c.flags(1) != 0
		r.Snapshot.Config = string(c.bytes())
		r.Data = c.bytes()
	case *core.TimeoutNowRequest:
		r.From, r.Term = core.NodeID(c.uint64()), core.Term(c.uint64())
	case *core.ProposeRequest:
		r.From, r.Trace = core.NodeID(c.uint64()), c.flags(1) != 0
		r.Remaining = time.Duration(c.uint64())
		r.Commands = c.list(r.Commands)
	case *core.ReadRequest:
		r.From, r.Trace = core.NodeID(c.uint64()), c.flags(1) != 0
		r.Remaining = time.Duration(c.uint64())
		r.Queries = c.list(r.Queries)
	}
	return c.end(kind)
}

// list takes a list into the memory of old.
func (c *cursor) list(old [][]byte) [][]byte {
	n := c.count(listHeadBytes)
	list := slices.Grow(old[:0], n)
	for range n {
		list = append(list, c.bytes())
	}
	return list
}
