package raft

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// newNewbornNode makes node 1 of 3 with an empty disk, in its life 77.
func newNewbornNode(t *testing.T, change ...func(*Config)) *testNode {
	t.Helper()
	return newNode(t, 0, nil, append([]func(*Config){func(c *Config) { c.Newborn = 77 }}, change...)...)
}

// tell answers the newborn's question.
func (n *testNode) tell(from core.NodeID, term core.Term, last core.Index, life uint64) {
	n.t.Helper()
	n.respond(&core.AppendEntriesResponse{From: from, Term: term, HintIndex: last, Session: life})
}

func (n *testNode) wantNewborn(want bool) {
	n.t.Helper()
	if n.Newborn() != want {
		n.t.Fatalf("newborn: %v, want %v", n.Newborn(), want)
	}
}

// A node that lost its disk broke the promise of section 3.8 that a vote is kept: so
// it gives none, whatever it is asked, and does not stand for election.
func TestNewbornAbstains_3_8(t *testing.T) {
	n := newNewbornNode(t)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3})
	for _, q := range []core.RequestVoteRequest{
		{From: 3, Term: 4, LastIndex: 9, LastTerm: 3}, {From: 3, Term: 4, LastIndex: 9, LastTerm: 3, PreVote: true},
		{From: 3, Term: 4, LastIndex: 9, LastTerm: 3, Transfer: true},
	} {
		if a := n.vote(q); a.Granted || a.Term != 3 {
			t.Fatalf("%+v is answered with %+v", q, a)
		}
	}
	ask[*core.TimeoutNowResponse](n, &core.TimeoutNowRequest{From: 2, Term: 3})
	n.Campaign()
	n.ticks(100)
	n.wantRole(Follower, 3)
}

// Of what a newborn has it acknowledges what is committed anyway (section 3.5).
func TestNewbornHelpsToCommitNothing_3_5(t *testing.T) {
	n := newNewbornNode(t)
	a := n.append(core.AppendEntriesRequest{From: 2, Term: 3, Entries: entriesOf(1, 1, 2, 3), Commit: 1, ReadContext: 9})
	if !a.Success || a.Match != 1 || a.ReadContext != 0 {
		t.Fatalf("acknowledged: %+v, want a match of 1 and no read", a)
	}
}

// What the leader had when it heard of the newborn may have been acknowledged by it;
// the entry after that was not.
func TestNewbornGrowsWithAnEntryOfItsOwnLife(t *testing.T) {
	n := newNewbornNode(t)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, Entries: entriesOf(1, 1, 2, 3), Commit: 3})
	if asked := take[*core.AppendEntriesRequest](n, 2); asked[len(asked)-1].Term != 0 || asked[len(asked)-1].Session != 77 {
		t.Fatalf("the leader is asked by %+v", asked)
	}
	n.tell(2, 3, 4, 78)
	n.tell(3, 3, 0, 77)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 3, PrevTerm: 3, Entries: entriesOf(4, 3), Commit: 4})
	n.wantNewborn(true) // the leader itself has told nothing about this life
	n.tell(2, 3, 4, 77)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 4, PrevTerm: 3, Entries: entriesOf(5, 3), Commit: 4})
	n.wantNewborn(true)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 5, PrevTerm: 3, Commit: 5})
	n.wantNewborn(false)
	// It may have voted in term 3, and not for the leader.
	n.cfg.Newborn = 0
	n.restart()
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 3, LastIndex: 9, LastTerm: 3}); a.Granted {
		t.Fatal("a vote in a term in which a former life may have given it")
	}
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 4, LastIndex: 9, LastTerm: 3}); !a.Granted {
		t.Fatal("no vote in a later term")
	}
}

// Only what is durable counts, and only in the term of the leader that was told.
func TestNewbornGrowsWhenDurable_3_8(t *testing.T) {
	n := newNewbornNode(t)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, Entries: entriesOf(1, 1), Commit: 1})
	n.tell(2, 3, 1, 77)
	n.append(core.AppendEntriesRequest{From: 3, Term: 4, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 3), Commit: 2})
	n.wantNewborn(true)
	n.tell(3, 4, 2, 77)
	n.slow = true
	n.step(&core.AppendEntriesRequest{From: 3, Term: 4, PrevIndex: 2, PrevTerm: 3, Entries: entriesOf(3, 4), Commit: 3})
	n.wantNewborn(true)
	n.persistAll()
	n.wantNewborn(false)
}

// A cluster begins if nobody has anything, and not in a term in which a candidate may
// have had the vote of a former life (section 3.4: one vote a term).
func TestFoundersGiveNoVoteTwice_3_4(t *testing.T) {
	n := newNewbornNode(t)
	n.tell(2, 5, 0, 77)
	n.wantNewborn(true)
	n.tell(3, 2, 0, 77)
	n.wantNewborn(false)
	if a := n.vote(core.RequestVoteRequest{From: 2, Term: 5}); a.Granted {
		t.Fatal("a vote in the term that a candidate was in")
	}
	n.cfg.Newborn = 0
	n.restart()
	if a := n.vote(core.RequestVoteRequest{From: 2, Term: 5}); a.Granted {
		t.Fatal("a vote in that term after a restart")
	}
	if a := n.vote(core.RequestVoteRequest{From: 2, Term: 6}); !a.Granted {
		t.Fatal("no vote in a later term")
	}
}

// An answer to a former life, and one of somebody who is no founder, found nothing.
func TestFoundersAnswerThisLife(t *testing.T) {
	n := newNewbornNode(t)
	n.tell(2, 0, 0, 77)
	n.tell(3, 0, 0, 76)
	n.tell(4, 0, 0, 77)
	n.wantNewborn(true)
	n.tell(3, 1, 1, 77) // it has something by now
	n.wantNewborn(true)
}

// Who is alone asks nobody, and who is to join does not found.
func TestNewbornAlone(t *testing.T) {
	newNewbornNode(t, func(c *Config) { c.Voters = []core.NodeID{1} }).wantNewborn(false)
	newNewbornNode(t, func(c *Config) { c.Voters = nil }).wantNewborn(true)
}

// Candidates that come while a cluster begins are answered when it has, each once;
// or when there is a leader.
func TestNewbornKeepsCandidatesWaiting(t *testing.T) {
	n := newNewbornNode(t)
	first := n.step(&core.RequestVoteRequest{From: 2, Term: 1, PreVote: true})
	second := n.step(&core.RequestVoteRequest{From: 2, Term: 1, PreVote: true})
	if a := n.answers[first]; a == nil || a.(*core.RequestVoteResponse).Granted || n.answers[second] != nil {
		t.Fatalf("answers %+v, want a refusal of the first", n.answers)
	}
	n.tell(2, 0, 0, 77)
	n.tell(3, 0, 0, 77)
	n.drain()
	if a := n.answers[second]; a == nil || !a.(*core.RequestVoteResponse).Granted {
		t.Fatalf("answers %+v, want the second granted", n.answers)
	}
	n = newNewbornNode(t)
	waiting := n.step(&core.RequestVoteRequest{From: 2, Term: 1, PreVote: true})
	n.append(core.AppendEntriesRequest{From: 3, Term: 1})
	if a := n.answers[waiting]; a == nil || a.(*core.RequestVoteResponse).Granted {
		t.Fatalf("answers %+v, want a refusal: there is a leader", n.answers)
	}
}

// A leader forgets what a newborn had, once for each life.
func TestLeaderWelcomesANewbornOnce(t *testing.T) {
	n := newNode(t, 1, []core.Term{1})
	n.lead()
	n.ack(2, 2)
	n.wantCommit(2)
	question := &core.AppendEntriesRequest{From: 2, Session: 77}
	for range 2 {
		if a := ask[*core.AppendEntriesResponse](n, question); a.HintIndex != 2 || a.Term != 2 || a.Session != 77 || a.Success {
			t.Fatalf("the newborn is told %+v", a)
		}
	}
	if p := n.peer(2); p.match != 0 || n.LastIndex() != 3 {
		t.Fatalf("match %d, the log ends at %d; want 0 and 3", p.match, n.LastIndex())
	}
	ask[*core.AppendEntriesResponse](n, &core.AppendEntriesRequest{From: 9, Session: 77})
	if n.LastIndex() != 3 {
		t.Fatal("a stranger is welcomed")
	}
}
