package raft

import (
	"fmt"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// describe says what a message is, in few words.
func describe(m Message) string {
	if m.Request != nil {
		return describeRequest(m.Request)
	}
	switch a := m.Response.(type) {
	case *core.RequestVoteResponse:
		return fmt.Sprintf("%s: %s, term %d", voteName(a.PreVote), yesNo(a.Granted), a.Term)
	case *core.AppendEntriesResponse:
		if a.Success {
			abstains := ""
			if a.Abstains() {
				abstains = ", abstains"
			}
			return fmt.Sprintf("append: has %d, term %d%s%s", a.Match, a.Term, answerName(a), abstains)
		}
		return fmt.Sprintf("append: no, try %d of term %d, term %d%s", a.HintIndex, a.HintTerm, a.Term, answerName(a))
	case *core.InstallSnapshotResponse:
		return fmt.Sprintf("snapshot: has %d, term %d", a.Match, a.Term)
	case *core.TimeoutNowResponse:
		return fmt.Sprintf("take over: heard, term %d", a.Term)
	}
	return "?"
}

func describeRequest(req core.Request) string {
	switch q := req.(type) {
	case *core.RequestVoteRequest:
		transfer := ""
		if q.Transfer {
			transfer = ", as asked"
		}
		return fmt.Sprintf("%s? term %d, log %d of term %d%s", voteName(q.PreVote), q.Term, q.LastIndex, q.LastTerm, transfer)
	case *core.AppendEntriesRequest:
		if q.Term == 0 {
			return fmt.Sprintf("who am I? life %d", q.Session)
		}
		return fmt.Sprintf("append%s after %d of term %d, commit %d, term %d%s", describeEntries(q.Entries), q.PrevIndex, q.PrevTerm, q.Commit, q.Term, readName(q.ReadContext))
	case *core.InstallSnapshotRequest:
		return fmt.Sprintf("%v, term %d", q.Snapshot, q.Term)
	case *core.TimeoutNowRequest:
		return fmt.Sprintf("take over! term %d", q.Term)
	}
	return "?"
}

func voteName(preVote bool) string {
	if preVote {
		return "pre-vote"
	}
	return "vote"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func readName(context uint64) string {
	if context == 0 {
		return ""
	}
	return fmt.Sprintf(", read %d", context)
}

func answerName(a *core.AppendEntriesResponse) string {
	if a.Clock == 0 {
		return readName(a.ReadContext)
	}
	return fmt.Sprintf("%s, clock %d", readName(a.ReadContext), a.Clock)
}

func describeEntries(entries []core.Entry) string {
	if len(entries) == 0 {
		return " nothing"
	}
	var words []string
	for i := range entries {
		words = append(words, describeEntry(&entries[i]))
	}
	return " [" + strings.Join(words, " ") + "]"
}

func describeEntry(e *core.Entry) string {
	at := fmt.Sprintf("%d/%d", e.Index, e.Term)
	switch e.Kind {
	case core.EntryNoOp:
		return at
	case core.EntryConfiguration:
		c, _ := core.DecodeConfiguration(e.Data)
		return fmt.Sprintf("%s(%v)", at, c)
	case core.EntryCommand:
	}
	return at + ":" + string(e.Data)
}

func (n *scriptNode) describeLog() string {
	if len(n.log.entries) == 0 {
		return fmt.Sprintf("%d: empty behind %d", uint64(n.id), n.log.LastIndex())
	}
	return fmt.Sprintf("%d:%s", uint64(n.id), describeEntries(n.log.entries))
}

func (n *scriptNode) describeStatus() string {
	s := n.raft.Status()
	text := fmt.Sprintf("%d: %v of term %d, vote %d, leader %d, commit %d, last %d, durable %d", uint64(s.ID), s.Role, s.Term, uint64(s.Vote), uint64(s.Leader), s.Commit, s.LastIndex, s.Durable)
	if s.HoldsLease {
		text += ", holds a lease"
	}
	if s.FastClock != 0 {
		text += fmt.Sprintf(", no lease beside %d", uint64(s.FastClock))
	}
	for _, p := range s.Progress {
		text += fmt.Sprintf("; %d %v match %d next %d", uint64(p.Peer), p.State, p.Match, p.Next)
	}
	return text
}
