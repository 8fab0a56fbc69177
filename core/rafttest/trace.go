package rafttest

import (
	"fmt"
	"io"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// tracer writes a line for each event. A nil writer costs a comparison, and
// callers that would have to build arguments ask on first.
type tracer struct{ w io.Writer }

func (t tracer) on() bool { return t.w != nil }

func (t tracer) printf(now int64, format string, args ...any) {
	if t.w != nil {
		// A trace that cannot be written is no reason to end a run.
		_, _ = fmt.Fprintf(t.w, "%8d "+format+"\n", append([]any{now}, args...)...)
	}
}

func describeRequest(req core.Request) string {
	switch q := req.(type) {
	case *core.RequestVoteRequest:
		return fmt.Sprintf("RequestVote term=%d last=%d/%d prevote=%t transfer=%t", q.Term, q.LastIndex, q.LastTerm, q.PreVote, q.Transfer)
	case *core.AppendEntriesRequest:
		return fmt.Sprintf("AppendEntries term=%d prev=%d/%d n=%d commit=%d read=%d session=%d", q.Term, q.PrevIndex, q.PrevTerm, len(q.Entries), q.Commit, q.ReadContext, q.Session)
	case *core.InstallSnapshotRequest:
		return fmt.Sprintf("InstallSnapshot term=%d snapshot=%d/%d offset=%d n=%d done=%t session=%d", q.Term, q.Snapshot.Index, q.Snapshot.Term, q.Offset, len(q.Data), q.Done, q.Session)
	case *core.TimeoutNowRequest:
		return fmt.Sprintf("TimeoutNow term=%d", q.Term)
	}
	return fmt.Sprintf("%T", req)
}

func describeResponse(resp core.Response) string {
	switch a := resp.(type) {
	case *core.RequestVoteResponse:
		return fmt.Sprintf("RequestVote term=%d granted=%t prevote=%t", a.Term, a.Granted, a.PreVote)
	case *core.AppendEntriesResponse:
		return fmt.Sprintf("AppendEntries term=%d success=%t prev=%d match=%d hint=%d/%d read=%d session=%d", a.Term, a.Success, a.PrevIndex, a.Match, a.HintIndex, a.HintTerm, a.ReadContext, a.Session)
	case *core.InstallSnapshotResponse:
		return fmt.Sprintf("InstallSnapshot term=%d next=%d match=%d session=%d", a.Term, a.NextOffset, a.Match, a.Session)
	case *core.TimeoutNowResponse:
		return fmt.Sprintf("TimeoutNow term=%d", a.Term)
	}
	return fmt.Sprintf("%T", resp)
}

func describeStatus(st *raft.Status) string {
	line := fmt.Sprintf("%v %v term=%d leader=%d commit=%d applied=%d last=%d durable=%d uncommitted=%dB reads=%d",
		st.ID, st.Role, st.Term, uint64(st.Leader), st.Commit, st.Applied, st.LastIndex, st.Durable, st.UncommittedBytes, st.PendingReads)
	for _, p := range st.Progress {
		line += fmt.Sprintf(" [%v %v match=%d next=%d inflight=%d/%dB]", p.Peer, p.State, p.Match, p.Next, p.Inflight, p.InflightBytes)
	}
	return line
}
