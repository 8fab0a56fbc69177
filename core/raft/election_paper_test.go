package raft

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// One test for each claim of the dissertation, named after its section.

func TestFollowerGrantsOneVotePerTerm_3_4(t *testing.T) {
	n := newNode(t, 1, nil)
	if !n.vote(core.RequestVoteRequest{From: 2, Term: 2}).Granted {
		t.Fatal("the first candidate got no vote")
	}
	if n.vote(core.RequestVoteRequest{From: 3, Term: 2}).Granted {
		t.Fatal("a second candidate got a vote in the same term")
	}
	if !n.vote(core.RequestVoteRequest{From: 2, Term: 2}).Granted {
		t.Fatal("the first candidate asked again and was refused")
	}
	if !n.vote(core.RequestVoteRequest{From: 3, Term: 3}).Granted {
		t.Fatal("no vote in the next term")
	}
}

func TestVoteSurvivesRestart_3_8(t *testing.T) {
	n := newNode(t, 1, nil)
	n.vote(core.RequestVoteRequest{From: 2, Term: 2})
	n.restart()
	if n.vote(core.RequestVoteRequest{From: 3, Term: 2}).Granted {
		t.Fatal("two votes in one term, one before and one after a restart")
	}
}

// Also the bug of etcd#14370.
func TestVoteLeavesWhenDurable_3_8(t *testing.T) {
	n := newNode(t, 1, nil)
	n.slow = true
	token := n.step(&core.RequestVoteRequest{From: 2, Term: 2})
	if n.answers[token] != nil {
		t.Fatal("the vote left before it was durable")
	}
	again := n.step(&core.RequestVoteRequest{From: 2, Term: 2}) // no write of its own
	if n.answers[again] != nil {
		t.Fatal("the vote left by way of a second request")
	}
	n.persistAll()
	for _, tok := range []uint64{token, again} {
		if a, ok := n.answers[tok].(*core.RequestVoteResponse); !ok || !a.Granted {
			t.Fatalf("request %d: answer %v after the write was durable", tok, a)
		}
	}
}

func TestHigherTermMakesFollower_3_3(t *testing.T) {
	requests := []core.Request{
		&core.RequestVoteRequest{From: 2, Term: 9, Transfer: true},
		&core.AppendEntriesRequest{From: 2, Term: 9},
		&core.InstallSnapshotRequest{From: 2, Term: 9},
		&core.TimeoutNowRequest{From: 2, Term: 9},
	}
	for _, req := range requests {
		t.Run(fmt.Sprintf("%T", req), func(t *testing.T) {
			n := newNode(t, 1, nil)
			n.lead()
			n.step(req)
			n.wantRole(Follower, 9)
		})
	}
	responses := []core.Response{
		&core.RequestVoteResponse{From: 2, Term: 9},
		&core.RequestVoteResponse{From: 2, Term: 9, PreVote: true},
		&core.AppendEntriesResponse{From: 2, Term: 9},
		&core.InstallSnapshotResponse{From: 2, Term: 9},
		&core.TimeoutNowResponse{From: 2, Term: 9},
	}
	for _, resp := range responses {
		t.Run(fmt.Sprintf("%T", resp), func(t *testing.T) {
			n := newNode(t, 1, nil)
			n.lead()
			n.respond(resp)
			n.wantRole(Follower, 9)
		})
	}
}

func TestLowerTermIsRefusedWithOurs_3_3(t *testing.T) {
	n := newNode(t, 5, []core.Term{5})
	if a := n.vote(core.RequestVoteRequest{From: 2, Term: 4, LastIndex: 9, LastTerm: 4}); a.Granted || a.Term != 5 {
		t.Fatalf("vote: %+v", a)
	}
	if a := n.append(core.AppendEntriesRequest{From: 2, Term: 4}); a.Success || a.Term != 5 {
		t.Fatalf("append: %+v", a)
	}
	if a := ask[*core.InstallSnapshotResponse](n, &core.InstallSnapshotRequest{From: 2, Term: 4, Snapshot: core.SnapshotMeta{Index: 9, Term: 4}, Done: true}); a.Match != 0 || a.Term != 5 {
		t.Fatalf("snapshot: %+v", a)
	}
	if a := ask[*core.TimeoutNowResponse](n, &core.TimeoutNowRequest{From: 2, Term: 4}); a.Term != 5 {
		t.Fatalf("timeout now: %+v", a)
	}
	n.wantRole(Follower, 5)
	if n.Leader() != 0 {
		t.Fatalf("%v was taken as leader", n.Leader())
	}
}

// Who asks need not be a member (§4.2.2), but it must be somebody else.
func TestNobodyAndSelfAreRefused_3_4(t *testing.T) {
	n := newNode(t, 1, nil)
	for _, id := range []core.NodeID{0, 1} {
		if n.vote(core.RequestVoteRequest{From: id, Term: 7}).Granted {
			t.Fatalf("%v got a vote", id)
		}
		if n.append(core.AppendEntriesRequest{From: id, Term: 7}).Success {
			t.Fatalf("%v was taken as leader", id)
		}
	}
	n.wantRole(Follower, 1)
}

func TestElectionTimeoutIsRandom_3_4(t *testing.T) {
	seen := map[int]bool{}
	for seed := range uint64(300) {
		n := newNode(t, 1, nil, func(c *Config) { c.Seed = seed })
		ticks := 0
		for n.Role() == Follower {
			n.ticks(1)
			ticks++
		}
		if ticks < 10 || ticks >= 20 {
			t.Fatalf("seed %d: the election began after %d ticks", seed, ticks)
		}
		seen[ticks] = true
	}
	if len(seen) != 10 {
		t.Fatalf("300 seeds gave only the timeouts %v", seen)
	}
}

func TestHeartbeatsKeepFollowersQuiet_3_4(t *testing.T) {
	n := newNode(t, 1, nil)
	for range 100 {
		n.ticks(5)
		n.wantRole(Follower, 1)
		n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	}
	n.ticks(20)
	n.wantRole(PreCandidate, 1)
}

// A refused candidate does not keep a follower from standing itself.
func TestOnlyAVoteGivenRestartsTheTimer_3_4(t *testing.T) {
	n := newNode(t, 1, []core.Term{1})
	n.ticks(9)
	n.vote(core.RequestVoteRequest{From: 2, Term: 2}) // its log is shorter
	if n.electionElapsed != 9 {
		t.Fatalf("a refused vote set the timer to %d", n.electionElapsed)
	}
	n.vote(core.RequestVoteRequest{From: 3, Term: 2, LastIndex: 1, LastTerm: 1})
	if n.electionElapsed != 0 {
		t.Fatalf("a vote left the timer at %d", n.electionElapsed)
	}
}

func TestCandidateWinsWithMajority_3_4(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 5, 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			n := newNode(t, 1, nil, func(c *Config) {
				c.DisablePreVote = true
				c.Voters = nil
				for i := range size {
					c.Voters = append(c.Voters, core.NodeID(i+1))
				}
			})
			n.Campaign()
			n.drain()
			for v := 2; n.Role() == Candidate; v++ {
				if v > size/2+1 {
					t.Fatalf("%d votes of %d do not suffice", v-1, size)
				}
				n.respond(&core.RequestVoteResponse{From: core.NodeID(v), Term: 2, Granted: true})
				if n.Role() == Leader && v < size/2+1 {
					t.Fatalf("%d votes of %d suffice", v, size)
				}
			}
			n.wantRole(Leader, 2)
		})
	}
}

func TestAVoteCountsOnce_3_4(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote, c.Voters = true, []core.NodeID{1, 2, 3, 4, 5} })
	n.Campaign()
	n.drain()
	for range 5 {
		n.respond(&core.RequestVoteResponse{From: 2, Term: 2, Granted: true})
	}
	n.respond(&core.RequestVoteResponse{From: 3, Term: 1, Granted: true}) // of an earlier term
	n.respond(&core.RequestVoteResponse{From: 9, Term: 2, Granted: true}) // of a stranger
	n.wantRole(Candidate, 2)
}

// Who has not answered is asked again, after one heartbeat, two and four, whether the
// request failed or nobody knows; who has is not, and nobody in another election.
func TestRequestsForVotesAreSentAgain_3_3(t *testing.T) {
	for _, preVote := range []bool{true, false} {
		n := newNode(t, 1, nil, func(c *Config) {
			c.Voters = []core.NodeID{1, 2, 3, 4, 5}
			c.DisablePreVote, c.HeartbeatTicks, c.ElectionTicks = !preVote, 3, 20
		})
		n.Campaign()
		n.drain()
		q := take[*core.RequestVoteRequest](n, 0)
		if len(q) != 4 || q[0].PreVote != preVote {
			t.Fatalf("asked %+v", q)
		}
		n.ReportFailure(3, q[1])
		n.respond(&core.RequestVoteResponse{From: 2, Term: n.Term(), PreVote: preVote})
		n.respond(&core.RequestVoteResponse{From: 4, Term: 2, PreVote: preVote, Granted: true})
		for tick := 1; tick < 20; tick++ {
			n.ticks(1)
			var to []core.NodeID
			for _, m := range n.sent {
				if !cmp.Equal(m.Request, core.Request(q[0])) {
					t.Fatalf("sent %+v at tick %d", m, tick)
				}
				to = append(to, m.To)
			}
			n.sent = nil
			var want []core.NodeID
			if tick == 3 || tick == 6 || tick == 12 {
				want = []core.NodeID{3, 5}
			}
			if !cmp.Equal(to, want) {
				t.Fatalf("asked %v again at tick %d, want %v", to, tick, want)
			}
		}
		n.append(core.AppendEntriesRequest{From: 2, Term: 2})
		n.ticks(3)
		if got := take[*core.RequestVoteRequest](n, 0); len(got) > 0 {
			t.Fatalf("a follower asks for votes: %+v", got)
		}
	}
}

// Figure 3.1: a candidate has an election timeout of its own, whatever its pre-vote took.
func TestCandidateStartsItsTimerAgain_3_4(t *testing.T) {
	n := newNode(t, 1, nil)
	n.Campaign()
	n.drain()
	n.ticks(n.electionTimeout - 1)
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, PreVote: true, Granted: true})
	n.wantRole(Candidate, 2)
	n.ticks(n.cfg.withDefaults().ElectionTicks - 1)
	n.wantRole(Candidate, 2)
}

func TestCandidateCountsItselfWhenDurable_10_2_1(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.slow = true
	n.Campaign()
	n.drain()
	if q := take[*core.RequestVoteRequest](n, 0); len(q) != 0 {
		t.Fatalf("%d vote requests left before our own vote was durable", len(q))
	}
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, Granted: true})
	n.wantRole(Candidate, 2)
	n.persistAll()
	n.wantRole(Leader, 2)
}

func TestCandidateFollowsLeaderOfItsTerm_3_4(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign()
	n.drain()
	n.append(core.AppendEntriesRequest{From: 3, Term: 2})
	n.wantRole(Follower, 2)
	if n.Leader() != 3 {
		t.Fatalf("the leader is %v", n.Leader())
	}
}

func TestSplitVoteStartsANewElection_3_4(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign()
	n.drain()
	n.ticks(20)
	n.wantRole(Candidate, 3)
}

func TestLostElectionMakesFollower_3_4(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign()
	n.drain()
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2})
	n.wantRole(Candidate, 2)
	n.respond(&core.RequestVoteResponse{From: 3, Term: 2})
	n.wantRole(Follower, 2)
}

func TestVoteGoesToCompleteLogs_3_6_1(t *testing.T) {
	for _, c := range []struct {
		lastIndex core.Index
		lastTerm  core.Term
		want      bool
	}{
		{0, 0, false}, {2, 1, false}, {9, 1, false}, {2, 2, false}, {3, 2, true}, {4, 2, true}, {1, 3, true},
	} {
		for _, pre := range []bool{false, true} {
			n := newNode(t, 2, []core.Term{1, 1, 2})
			a := n.vote(core.RequestVoteRequest{From: 2, Term: 4, LastIndex: c.lastIndex, LastTerm: c.lastTerm, PreVote: pre})
			if a.Granted != c.want {
				t.Errorf("log ends with %d/%d, pre-vote %t: granted %t", c.lastIndex, c.lastTerm, pre, a.Granted)
			}
		}
	}
}

func TestNoVoteWhileTheLeaderIsHeard_4_2_3(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	n.ticks(9)
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 8}); a.Granted || a.Term != 1 {
		t.Fatalf("%+v", a)
	}
	n.wantRole(Follower, 1) // and the term was not taken over
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 8, Transfer: true}); !a.Granted {
		t.Fatal("an election that the leader asked for was refused")
	}
	m := newNode(t, 1, nil, func(c *Config) { c.Seed = 3 })
	m.append(core.AppendEntriesRequest{From: 2, Term: 1})
	m.electionTimeout = 19
	m.ticks(10)
	if !m.vote(core.RequestVoteRequest{From: 3, Term: 8}).Granted {
		t.Fatal("the leader has not been heard for an election timeout, and there is no vote")
	}
}

func TestLeaderKeepsItsTermAgainstCandidates_4_2_3(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	if n.vote(core.RequestVoteRequest{From: 3, Term: 8, LastIndex: 9, LastTerm: 7}).Granted {
		t.Fatal("the leader voted for another")
	}
	n.wantRole(Leader, 2)
}

func TestPreVoteChangesNothing_9_6(t *testing.T) {
	n := newNode(t, 1, nil)
	before := n.Status()
	for range 3 {
		a := n.vote(core.RequestVoteRequest{From: 2, Term: 5, PreVote: true})
		if !a.Granted || a.Term != 5 || !a.PreVote {
			t.Fatalf("%+v", a)
		}
	}
	if !n.vote(core.RequestVoteRequest{From: 3, Term: 5, PreVote: true}).Granted {
		t.Fatal("a pre-vote for one excluded another")
	}
	if after := n.Status(); after.Term != before.Term || after.Vote != before.Vote {
		t.Fatalf("before %+v, after %+v", before, after)
	}
}

func TestPreCandidateKeepsItsTerm_9_6(t *testing.T) {
	n := newNode(t, 1, nil)
	n.ticks(500)
	n.wantRole(PreCandidate, 1)
	if n.state.Term != 1 || n.state.Vote != 0 {
		t.Fatalf("on disk: %+v", n.state)
	}
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, PreVote: true, Granted: true})
	n.wantRole(Candidate, 2)
}

// The bugs of etcd#8501 and its like: whoever is behind in terms, or has the
// only complete log, must get on.
func TestPreVoteRefusalTeachesTheTerm_9_6(t *testing.T) {
	n := newNode(t, 3, []core.Term{1, 3})
	n.Campaign()
	n.drain()
	voter := newNode(t, 7, []core.Term{1}, func(c *Config) { c.ID = 2 })
	a := voter.vote(*take[*core.RequestVoteRequest](n, 2)[0])
	if a.Granted {
		t.Fatal("granted for a term that has passed")
	}
	n.respond(a)
	n.wantRole(Follower, 7)
	n.Campaign()
	n.drain()
	a = voter.vote(*take[*core.RequestVoteRequest](n, 2)[0])
	if !a.Granted {
		t.Fatal("the complete log is refused for ever")
	}
	n.respond(a)
	n.wantRole(Candidate, 8)
}

func TestPreVoteIsRefusedWhileTheLeaderIsHeard_9_6(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	if n.vote(core.RequestVoteRequest{From: 3, Term: 2, PreVote: true}).Granted {
		t.Fatal("granted")
	}
}

// A pre-vote asks what a vote would get: in this term, none but the one given.
func TestPreVoteInATermThatHasAVote_9_6(t *testing.T) {
	n := newNode(t, 1, nil)
	n.vote(core.RequestVoteRequest{From: 3, Term: 2})
	if a := n.vote(core.RequestVoteRequest{From: 2, Term: 2, PreVote: true}); a.Granted || a.Term != 2 {
		t.Fatalf("%+v", a)
	}
	if !n.vote(core.RequestVoteRequest{From: 3, Term: 2, PreVote: true}).Granted {
		t.Fatal("refused to the candidate that has the vote")
	}
}

func TestOldPreVotesDoNotCount_9_6(t *testing.T) {
	n := newNode(t, 5, nil)
	n.Campaign()
	n.drain()
	n.respond(&core.RequestVoteResponse{From: 2, Term: 5, PreVote: true, Granted: true})
	n.respond(&core.RequestVoteResponse{From: 3, Term: 5, Granted: true})
	n.wantRole(PreCandidate, 5)
}

func TestLeaderStepsDownWithoutMajority_6_2(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ticks(10)
	n.wantRole(Leader, 2)
	n.ticks(1)
	n.wantRole(Follower, 2)

	n = newNode(t, 1, nil)
	n.lead()
	for range 50 {
		n.ack(3, 0) // one of two is a majority
		n.ticks(9)
	}
	n.wantRole(Leader, 2)

	n = newNode(t, 1, nil, func(c *Config) { c.DisableCheckQuorum = true })
	n.lead()
	n.ticks(100)
	n.wantRole(Leader, 2)
}
