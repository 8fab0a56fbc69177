package raft

import (
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// FuzzStep steps anything into a Raft: requests, responses, failures, ticks.
// Each request gets one answer, the commit index never goes back, and the only
// panic is one that names a broken invariant (a leader that lacks what was
// committed is beyond what Raft tolerates, and is made up easily).
func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 2, 3, 0, 0, 1, 2, 3, 0, 0, 1, 5, 9, 9, 9, 9, 9, 7, 1, 1, 1, 1, 1})
	f.Add([]byte{8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4, 2, 2, 1, 1, 1, 4, 2, 2, 0, 1, 1, 9, 10})
	f.Add([]byte{1, 2, 2, 0, 0, 3, 1, 1, 1, 2, 3, 3, 9, 2, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		defer func() {
			if p := recover(); p != nil {
				if s, ok := p.(string); !ok || !strings.HasPrefix(s, "raft: broken invariant") {
					panic(p)
				}
			}
		}()
		b := &fuzzBytes{data: data}
		n := newNode(t, 1, []core.Term{1, 1}, func(c *Config) { c.LeaseDriftPercent = int(b.next()%2) * 10 })
		for len(b.data) > 0 {
			commit := n.Commit()
			fuzzAct(n, b)
			n.drain()
			if n.Commit() < commit {
				t.Fatalf("commit went back from %d to %d", commit, n.Commit())
			}
		}
		if len(n.answers) != int(n.token) {
			t.Fatalf("%d answers to %d requests", len(n.answers), n.token)
		}
	})
}

type fuzzBytes struct{ data []byte }

func (b *fuzzBytes) next() uint64 {
	if len(b.data) == 0 {
		return 0
	}
	v := b.data[0]
	b.data = b.data[1:]
	return uint64(v % 12)
}

func (b *fuzzBytes) bool() bool { return b.next()%2 == 0 }

func fuzzAct(n *testNode, b *fuzzBytes) {
	action, from, term := b.next(), core.NodeID(b.next()%5), core.Term(b.next())
	index, other := core.Index(b.next()), core.Term(b.next())
	switch action {
	case 0:
		n.step(&core.RequestVoteRequest{From: from, Term: term, LastIndex: index, LastTerm: other, PreVote: b.bool(), Transfer: b.bool()})
	case 1:
		q := &core.AppendEntriesRequest{From: from, Term: term, PrevIndex: index, PrevTerm: other, Commit: core.Index(b.next()), ReadContext: b.next(), Session: b.next()}
		for range b.next() % 5 {
			e := core.Entry{Index: q.PrevIndex + core.Index(len(q.Entries)) + 1, Term: max(other, core.Term(b.next()))}
			if b.next()%4 == 0 {
				c := b.configuration()
				e.Kind, e.Data = core.EntryConfiguration, []byte(c.Encode())
			}
			q.Entries = append(q.Entries, e)
		}
		n.step(q)
	case 2:
		c := b.configuration()
		n.step(&core.InstallSnapshotRequest{From: from, Term: term, Snapshot: core.SnapshotMeta{Index: index, Term: other, Config: c.Encode()}, Offset: b.next(), Done: b.bool()})
	case 3:
		n.step(&core.TimeoutNowRequest{From: from, Term: term})
	case 4:
		n.respond(&core.RequestVoteResponse{From: from, Term: term, PreVote: b.bool(), Granted: b.bool()})
	case 5:
		n.respond(&core.AppendEntriesResponse{From: from, Term: term, Success: b.bool(), PrevIndex: index, Match: core.Index(b.next()), HintIndex: core.Index(b.next()), HintTerm: other, ReadContext: b.next(), Session: b.next(), Clock: b.next() << (8 * (b.next() % 8))})
	case 6:
		n.respond(&core.InstallSnapshotResponse{From: from, Term: term, Session: b.next(), NextOffset: b.next(), Match: index})
	case 7:
		n.ReportFailure(from, &core.AppendEntriesRequest{Term: term, Session: b.next(), Entries: []core.Entry{{Index: index}}})
	case 8:
		n.ticks(int(1 + b.next()))
	case 9:
		_, _, _ = n.Propose([][]byte{{byte(index)}, {byte(other)}})
		_, _ = n.ReadIndex()
	case 10:
		n.Campaign()
	case 11:
		if b.bool() {
			_ = n.TransferLeadership(from)
		} else {
			_, _, _ = n.ChangeMembership(b.configuration())
		}
	}
}

// configuration returns one that is made up, and often not a valid one.
func (b *fuzzBytes) configuration() (c core.Configuration) {
	for id := core.NodeID(1); id <= 4; id++ {
		switch b.next() % 6 {
		case 0, 1, 2:
			c.Voters = append(c.Voters, id)
		case 3:
			c.Outgoing = append(c.Outgoing, id)
		case 4:
			c.Learners = append(c.Learners, id)
		}
	}
	return c
}
