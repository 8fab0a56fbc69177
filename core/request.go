package core

import (
	"fmt"
	"time"
)

// Request is one of the six request types of this package.
//
// Requests and responses are self-contained: each says who sent it and in which
// term, so that no safety argument rests on pairing a response with its request.
type Request interface {
	Kind() Kind
	Class() Class
	// SizeBytes is what the request counts against limits in bytes: its data
	// and a fixed overhead, not its exact size in any encoding.
	SizeBytes() int
}

// Response is one of the six response types of this package.
type Response interface {
	Kind() Kind
	SizeBytes() int
	// Reset empties the response, keeping the memory of its slices for reuse.
	Reset()
}

// fixedSizeBytes is what the fields of fixed size of any message count.
const fixedSizeBytes = 64

// RequestVoteRequest asks for a vote, or with PreVote whether one would be
// given (dissertation §3.4, §9.6).
type RequestVoteRequest struct {
	From      NodeID
	Term      Term // the candidate's term; with PreVote the term it would start
	LastIndex Index
	LastTerm  Term
	PreVote   bool
	Transfer  bool // the leader asked for this election: stickiness does not apply (§3.10)
}

// RequestVoteResponse answers a RequestVoteRequest.
type RequestVoteResponse struct {
	From    NodeID
	Term    Term // the voter's term; for a granted pre-vote the term asked for
	PreVote bool
	Granted bool
}

// AppendEntriesRequest replicates entries; without entries it is a heartbeat
// (dissertation §3.5). The entries' indexes follow PrevIndex without a gap.
//
// One of term 0, in which nobody leads, is the question of a node that may have lost
// its disk (core/raft, newborn): Session is the number of its life.
type AppendEntriesRequest struct {
	From        NodeID
	Term        Term
	PrevIndex   Index
	PrevTerm    Term
	Commit      Index
	ReadContext uint64 // the newest ReadIndex round the leader wants confirmed (§6.4); zero for none
	Session     uint64 // the leader's replication session with this follower
	Entries     []Entry
}

// AppendEntriesResponse answers an AppendEntriesRequest. To the question of a newborn
// it says no; HintIndex is where the log ends, or where it ended when the newborn first
// asked its leader.
type AppendEntriesResponse struct {
	From        NodeID
	Term        Term
	Success     bool
	PrevIndex   Index  // of the request: tells a stale rejection from a current one
	Match       Index  // on success: the log agrees with the leader's through here
	HintIndex   Index  // on rejection: the leader should probe no later than here; on success: see Abstain
	HintTerm    Term   // on rejection: the follower's term at HintIndex
	ReadContext uint64 // of the request
	Session     uint64 // of the request

	// Clock is the follower's when it answered, in ticks since it started: told with a
	// ReadContext, where leaders hold leases, so that they notice clocks that differ by
	// more than was declared. Zero: not told.
	Clock uint64
}

// Abstain takes back from an acknowledgement what could help to commit something, or to
// confirm who leads, because this node may have lost what it knew (Doubt): it vouches for
// what is committed alone. A success says so by a HintIndex that is not zero, which is how
// far the logs agree all the same.
func (r *AppendEntriesResponse) Abstain(commit Index) {
	r.ReadContext, r.Clock = 0, 0
	if r.Success {
		r.Match, r.HintIndex = min(r.Match, commit), max(r.Match, 1)
	}
}

// Abstains reports whether a success comes from a node that abstains.
func (r *AppendEntriesResponse) Abstains() bool { return r.Success && r.HintIndex != 0 }

// InstallSnapshotRequest carries one chunk of a snapshot (dissertation §5.3).
type InstallSnapshotRequest struct {
	From     NodeID
	Term     Term
	Snapshot SnapshotMeta
	Session  uint64
	Offset   uint64 // of Data within the snapshot, in bytes
	Data     []byte
	Done     bool // Data is the last chunk
}

// InstallSnapshotResponse answers an InstallSnapshotRequest.
type InstallSnapshotResponse struct {
	From       NodeID
	Term       Term
	Session    uint64
	NextOffset uint64 // the offset the follower wants next, in bytes
	Match      Index  // not zero: the follower's log agrees with the leader's through here; no more chunks are wanted
}

// TimeoutNowRequest tells a follower to start an election at once (dissertation §3.10).
type TimeoutNowRequest struct {
	From NodeID
	Term Term
}

// TimeoutNowResponse answers a TimeoutNowRequest.
type TimeoutNowResponse struct {
	From NodeID
	Term Term
}

// Status says what became of a client's request.
type Status uint8

// The statuses of a ProposeResponse and a ReadResponse.
const (
	// StatusOK: every command was committed and applied; every query answered.
	StatusOK Status = iota
	// StatusNotLeader: nothing was executed; Leader says where to go, if known.
	StatusNotLeader
	// StatusOverloaded: nothing was executed; the node's queue is full.
	StatusOverloaded
	// StatusUnknown: the node lost its leadership with the commands in its log.
	// They may be committed yet or never.
	StatusUnknown
	// StatusExpired: nothing was executed; no time was left when the node came to it, or
	// too little for what was in its log before.
	StatusExpired
)

func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusNotLeader:
		return "not leader"
	case StatusOverloaded:
		return "overloaded"
	case StatusUnknown:
		return "unknown"
	case StatusExpired:
		return "expired"
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// ProposeRequest carries a batch of commands from a client to the leader.
type ProposeRequest struct {
	From  NodeID // the client; clients share one name space with nodes
	Trace bool   // the response should carry a Trace

	// Remaining is the time that all of the batch has left when it leaves the sender;
	// zero: without end; negative: none. It is a duration, because the clocks of two
	// machines differ: the receiver counts from when it was handed the request, and so
	// gives it the time that it was on its way besides. A node does not execute
	// what has no time left (StatusExpired). AppendEntries has no such thing: Raft
	// repeats what is not acknowledged, however late.
	Remaining time.Duration

	// Commands stand in the log directly behind each other, in this order. What a change
	// of leader leaves of them are the first ones.
	Commands [][]byte
}

// ProposeResponse answers a ProposeRequest when all of its commands have been
// committed and applied, or when they will not be.
type ProposeResponse struct {
	From   NodeID
	Status Status
	Leader NodeID // whom the node believes to lead; zero for nobody
	Traced bool   // Trace is set: the request asked for it, and Status is StatusOK
	Trace  Trace
	Results
}

// ReadRequest carries a batch of linearizable queries from a client to the leader.
// One without queries is a follower's question for the index from which it may
// answer reads itself, once it has applied that far (dissertation §6.4): the only
// result is the index and a term whose leader knew that it was committed, 8 bytes each,
// little-endian.
type ReadRequest struct {
	From      NodeID
	Trace     bool          // the response should carry a Trace
	Remaining time.Duration // as in ProposeRequest
	Queries   [][]byte
}

// ReadResponse answers a ReadRequest.
type ReadResponse struct {
	From   NodeID
	Status Status
	Leader NodeID
	Traced bool // as in ProposeResponse
	Trace  Trace
	Results
}

// Kind implements Request.
func (*RequestVoteRequest) Kind() Kind { return KindRequestVote }

// Kind implements Request.
func (*AppendEntriesRequest) Kind() Kind { return KindAppendEntries }

// Kind implements Request.
func (*InstallSnapshotRequest) Kind() Kind { return KindInstallSnapshot }

// Kind implements Request.
func (*TimeoutNowRequest) Kind() Kind { return KindTimeoutNow }

// Kind implements Request.
func (*ProposeRequest) Kind() Kind { return KindPropose }

// Kind implements Request.
func (*ReadRequest) Kind() Kind { return KindRead }

// Class implements Request.
func (*RequestVoteRequest) Class() Class { return ClassControl }

// Class implements Request. A heartbeat is control traffic.
func (r *AppendEntriesRequest) Class() Class {
	if len(r.Entries) == 0 {
		return ClassControl
	}
	return ClassAppend
}

// Class implements Request.
func (*InstallSnapshotRequest) Class() Class { return ClassSnapshot }

// Class implements Request.
func (*TimeoutNowRequest) Class() Class { return ClassControl }

// Class implements Request.
func (*ProposeRequest) Class() Class { return ClassClient }

// Class implements Request.
func (*ReadRequest) Class() Class { return ClassClient }

// SizeBytes implements Request.
func (*RequestVoteRequest) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Request.
func (r *AppendEntriesRequest) SizeBytes() int { return fixedSizeBytes + EntriesSizeBytes(r.Entries) }

// SizeBytes implements Request.
func (r *InstallSnapshotRequest) SizeBytes() int {
	return fixedSizeBytes + len(r.Snapshot.Config) + len(r.Data)
}

// SizeBytes implements Request.
func (*TimeoutNowRequest) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Request.
func (r *ProposeRequest) SizeBytes() int { return fixedSizeBytes + listSizeBytes(r.Commands) }

// SizeBytes implements Request.
func (r *ReadRequest) SizeBytes() int { return fixedSizeBytes + listSizeBytes(r.Queries) }

// listItemBytes is what one item of a list counts beyond its data.
const listItemBytes = 4

func listSizeBytes(list [][]byte) int {
	n := listItemBytes * len(list)
	for _, b := range list {
		n += len(b)
	}
	return n
}

// Kind implements Response.
func (*RequestVoteResponse) Kind() Kind { return KindRequestVote }

// Kind implements Response.
func (*AppendEntriesResponse) Kind() Kind { return KindAppendEntries }

// Kind implements Response.
func (*InstallSnapshotResponse) Kind() Kind { return KindInstallSnapshot }

// Kind implements Response.
func (*TimeoutNowResponse) Kind() Kind { return KindTimeoutNow }

// Kind implements Response.
func (*ProposeResponse) Kind() Kind { return KindPropose }

// Kind implements Response.
func (*ReadResponse) Kind() Kind { return KindRead }

// SizeBytes implements Response.
func (*RequestVoteResponse) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Response.
func (*AppendEntriesResponse) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Response.
func (*InstallSnapshotResponse) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Response.
func (*TimeoutNowResponse) SizeBytes() int { return fixedSizeBytes }

// SizeBytes implements Response.
func (r *ProposeResponse) SizeBytes() int { return fixedSizeBytes + listSizeBytes(r.list) }

// SizeBytes implements Response.
func (r *ReadResponse) SizeBytes() int { return fixedSizeBytes + listSizeBytes(r.list) }

// Reset implements Response.
func (r *RequestVoteResponse) Reset() { *r = RequestVoteResponse{} }

// Reset implements Response.
func (r *AppendEntriesResponse) Reset() { *r = AppendEntriesResponse{} }

// Reset implements Response.
func (r *InstallSnapshotResponse) Reset() { *r = InstallSnapshotResponse{} }

// Reset implements Response.
func (r *TimeoutNowResponse) Reset() { *r = TimeoutNowResponse{} }

// Reset implements Response.
func (r *ProposeResponse) Reset() {
	r.From, r.Status, r.Leader = 0, StatusOK, 0
	r.Traced, r.Trace = false, Trace{}
	r.Truncate()
}

// Reset implements Response.
func (r *ReadResponse) Reset() {
	r.From, r.Status, r.Leader = 0, StatusOK, 0
	r.Traced, r.Trace = false, Trace{}
	r.Truncate()
}
