package raft

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

func config(voters []core.NodeID, learners ...core.NodeID) core.Configuration {
	return core.Configuration{Voters: voters, Learners: learners}
}

func voters(list ...core.NodeID) []core.NodeID { return list }

// newChanger makes a leader of nodes 1, 2 and 3 that has committed an entry of
// its term.
func newChanger(t *testing.T) *testNode {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.ack(3, 1)
	n.sent = nil
	return n
}

// change begins a change and returns the index of its first entry.
func (n *testNode) change(to core.Configuration) core.Index {
	n.t.Helper()
	index, _, err := n.ChangeMembership(to)
	if err != nil {
		n.t.Fatal(err)
	}
	n.drain()
	return index
}

// ackAll answers for some followers that they have everything.
func (n *testNode) ackAll(from ...core.NodeID) {
	n.t.Helper()
	for _, id := range from {
		if n.Role() == Leader && n.peer(id) != nil {
			n.ack(id, n.LastIndex())
		}
	}
}

func (n *testNode) wantConfig(want core.Configuration) {
	n.t.Helper()
	got, _ := n.Configuration()
	if d := cmp.Diff(want, got); d != "" {
		n.t.Fatalf("configuration (-want +got):\n%s", d)
	}
}

// addLearner adds a learner and brings it up to date.
func (n *testNode) addLearner(id core.NodeID) {
	n.t.Helper()
	now, _ := n.Configuration()
	n.change(config(now.Voters, append(now.Learners[:len(now.Learners):len(now.Learners)], id)...))
	n.ackAll(now.Voters...)
	n.ackAll(id)
}

func TestLogBeginsWithTheConfiguration_4_1(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	e := n.log.entries[0]
	if c, err := core.DecodeConfiguration(e.Data); err != nil || e.Kind != core.EntryConfiguration || !cmp.Equal(c.Voters, voters(1, 2, 3)) {
		t.Fatalf("%+v, %v, %v", e, c, err)
	}
}

// A configuration is in force from the moment it is in the log, before it is
// committed: on the leader and on followers.
func TestConfigurationIsInForceOnAppend_4_1(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(1, 2, 3), 4))
	n.wantConfig(config(voters(1, 2, 3), 4))
	if got := n.appends(4); len(got) != 1 {
		t.Fatalf("%d appends for the new learner", len(got))
	}
	f := newNode(t, 1, nil)
	to := config(voters(2, 3))
	f.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	f.wantConfig(to)
	f.wantCommit(0)
}

func TestConfigurationIsRolledBack_4_1(t *testing.T) {
	first, second := config(voters(1, 2, 3, 4)), config(voters(1, 2, 3), 4)
	f := newNode(t, 1, nil)
	f.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{
		{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(first.Encode())},
		{Index: 2, Term: 1, Kind: core.EntryConfiguration, Data: []byte(second.Encode())},
	}})
	f.wantConfig(second)
	f.append(core.AppendEntriesRequest{From: 3, Term: 2, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 2)})
	f.wantConfig(first)
	f.append(core.AppendEntriesRequest{From: 2, Term: 3, Entries: entriesOf(1, 3)})
	f.wantConfig(config(voters(1, 2, 3)))
	if len(f.peers) != 2 {
		t.Fatalf("%d peers", len(f.peers))
	}
}

func TestOneChangeAtATime_4_1(t *testing.T) {
	n := newNode(t, 1, []core.Term{1})
	n.lead()
	if _, _, err := n.ChangeMembership(config(voters(1, 2))); !errors.Is(err, ErrChanging) {
		t.Fatalf("before an entry of the term is committed: %v", err)
	}
	n.ackAll(2)
	n.change(config(voters(1, 2, 3), 4))
	if _, _, err := n.ChangeMembership(config(voters(1, 2))); !errors.Is(err, ErrChanging) {
		t.Fatalf("before the last change is committed: %v", err)
	}
	n.ackAll(2)
	n.change(config(voters(1, 2), 4))
	n.ackAll(2)
	if _, _, err := n.ChangeMembership(config(voters(1, 2, 3))); !errors.Is(err, ErrChanging) {
		t.Fatalf("before the joint configuration is left for good: %v", err)
	}
}

func TestChangeIsChecked_4_1(t *testing.T) {
	n := newNode(t, 1, nil)
	if _, _, err := n.ChangeMembership(config(voters(1))); !errors.Is(err, ErrNotLeader) {
		t.Fatal(err)
	}
	n = newChanger(t)
	for want, to := range map[string]core.Configuration{
		"without voters":          {},
		"joint":                   {Voters: voters(1), Outgoing: voters(1, 2)},
		"voter and as a learner":  config(voters(1, 2, 3), 3),
		"not caught up: node 4":   config(voters(1, 2, 3, 4)),
		"node zero":               config(voters(0, 1, 2)),
		"node 2 twice":            config(voters(1, 2, 2)),
		"not caught up: node 999": config(voters(999)),
	} {
		if _, _, err := n.ChangeMembership(to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", to, err, want)
		}
	}
	last := n.LastIndex()
	if n.change(config(voters(3, 2, 1))) != 1 || n.LastIndex() != last {
		t.Fatal("a change to what is there made an entry")
	}
	if err := n.TransferLeadership(2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.ChangeMembership(config(voters(1, 2))); !errors.Is(err, ErrTransferring) {
		t.Fatal(err)
	}
}

// §4.2.1: learners get the log and have no voice.
func TestLearnersDoNotCount_4_2_1(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.addLearner(5)
	at := n.propose("a")
	n.ack(4, at)
	n.ack(5, at)
	n.wantCommit(at - 1)
	n.ack(2, at)
	n.wantCommit(at)

	context := n.read()
	n.confirm(4, context)
	n.confirm(5, context)
	if len(n.reads) != 0 {
		t.Fatal("learners confirmed a read")
	}
	for range 11 {
		n.ticks(1)
		n.ackAll(4, 5)
	}
	n.wantRole(Follower, 2) // learners are no quorum to hear from
}

func TestLearnersDoNotElect_4_2_1(t *testing.T) {
	n := newNode(t, 1, nil)
	to := config(voters(1, 2, 3), 4, 5)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.ticks(25)
	n.wantRole(PreCandidate, 1)
	for _, id := range voters(4, 5) {
		n.respond(&core.RequestVoteResponse{From: id, Term: 2, PreVote: true, Granted: true})
	}
	n.wantRole(PreCandidate, 1)
	n.respond(&core.RequestVoteResponse{From: 3, Term: 2, PreVote: true, Granted: true})
	n.wantRole(Candidate, 2)
}

func TestLearnersDoNotCampaign_4_2_1(t *testing.T) {
	n := newNode(t, 1, nil)
	to := config(voters(2, 3), 1)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Commit: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.ticks(100)
	n.Campaign()
	n.drain()
	n.wantRole(Follower, 1)
	n.step(&core.TimeoutNowRequest{From: 2, Term: 1})
	n.wantRole(Follower, 1)
	if len(n.sent) != 0 {
		t.Fatalf("a learner asks for %+v", n.sent)
	}
}

// A learner may be a voter in a configuration that it has not got yet, so it
// votes when it is asked (§4.2.2).
func TestLearnersVoteWhenAsked_4_2_2(t *testing.T) {
	n := newNode(t, 1, nil)
	to := config(voters(2, 3), 1)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.ticks(11)
	if !n.vote(core.RequestVoteRequest{From: 3, Term: 2, LastIndex: 1, LastTerm: 1}).Granted {
		t.Fatal("a vote that may be needed was refused")
	}
}

// A learner is promoted when a round of copying took less than an election timeout.
func TestLearnersCatchUpInRounds_4_2_1(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(1, 2, 3), 4))
	n.ackAll(2)
	promote := func() error {
		_, _, err := n.ChangeMembership(config(voters(1, 2, 3, 4)))
		return err
	}
	if err := promote(); !errors.Is(err, ErrNotCaughtUp) {
		t.Fatalf("nothing copied yet: %v", err)
	}
	for range 12 {
		n.ticks(1)
		n.ackAll(2)
	}
	n.propose("meanwhile")
	n.ackAll(2)
	n.ack(4, 2) // the first round took 12 ticks
	if err := promote(); !errors.Is(err, ErrNotCaughtUp) {
		t.Fatalf("after a slow round: %v", err)
	}
	n.ticks(3)
	n.ack(4, n.LastIndex())
	if err := promote(); err != nil {
		t.Fatalf("after a quick round: %v", err)
	}
}

// Nothing is written while a learner catches up slowly: when it has everything, it
// has caught up.
func TestLearnersCatchUpWithoutWrites_4_2_1(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(1, 2, 3), 4))
	for range 30 {
		n.ticks(1)
		n.ackAll(2)
	}
	n.ackAll(4)
	n.change(config(voters(1, 2, 3, 4)))
}

// A learner that caught up and is gone again is not promoted.
func TestSilentLearnersAreNotPromoted_4_2_1(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	for range 11 {
		n.ticks(1)
		n.ackAll(2)
	}
	if _, _, err := n.ChangeMembership(config(voters(1, 2, 3, 4))); !errors.Is(err, ErrNotCaughtUp) {
		t.Fatal(err)
	}
}

// §4.3: elections and commits need both majorities.
func TestJointCommitNeedsBothMajorities_4_3(t *testing.T) {
	n := newChanger(t)
	for _, id := range voters(4, 5, 6) {
		n.addLearner(id)
	}
	at := n.change(config(voters(4, 5, 6)))
	n.wantConfig(core.Configuration{Voters: voters(4, 5, 6), Outgoing: voters(1, 2, 3)})
	n.ack(4, at)
	n.ack(5, at)
	n.ack(6, at)
	n.wantCommit(at - 1) // all of the new, and one of the old
	n.ack(2, at)
	n.wantCommit(at)
}

func TestJointElectionNeedsBothMajorities_4_3(t *testing.T) {
	n := newNode(t, 1, nil)
	joint := core.Configuration{Voters: voters(1, 4, 5), Outgoing: voters(1, 2, 3)}
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(joint.Encode())}}})
	n.ticks(25)
	grant := func(id core.NodeID, preVote bool) {
		n.respond(&core.RequestVoteResponse{From: id, Term: 2, PreVote: preVote, Granted: true})
	}
	grant(2, true)
	n.wantRole(PreCandidate, 1)
	grant(4, true)
	n.wantRole(Candidate, 2)
	grant(4, false)
	grant(5, false)
	n.wantRole(Candidate, 2)
	grant(3, false)
	n.wantRole(Leader, 2)
}

// One half that refuses is enough to lose.
func TestJointElectionIsLostInOneHalf_4_3(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	joint := core.Configuration{Voters: voters(1, 4, 5), Outgoing: voters(1, 2, 3)}
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(joint.Encode())}}})
	n.Campaign()
	n.drain()
	n.wantRole(Candidate, 2)
	n.respond(&core.RequestVoteResponse{From: 4, Term: 2})
	n.wantRole(Candidate, 2)
	n.respond(&core.RequestVoteResponse{From: 5, Term: 2})
	n.wantRole(Follower, 2)
}

func TestJointReadNeedsBothMajorities_4_3(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.addLearner(5)
	n.change(config(voters(1, 4, 5)))
	context := n.read()
	n.confirm(2, context)
	if len(n.reads) != 0 {
		t.Fatal("the old majority alone confirmed a read")
	}
	n.confirm(4, context)
	if len(n.reads) != 1 {
		t.Fatal("both majorities did not confirm a read")
	}
}

func TestJointCheckQuorumNeedsBothMajorities_4_3(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.addLearner(5)
	n.change(config(voters(1, 4, 5)))
	for range 11 {
		n.ticks(1)
		n.confirm(2, 0)
		n.confirm(3, 0)
		if n.Role() != Leader {
			break
		}
	}
	n.wantRole(Follower, 2)
}

func TestJointIsLeftWhenCommitted_4_3(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.change(config(voters(1, 2, 4), 3)) // 3 becomes a learner
	n.wantConfig(core.Configuration{Voters: voters(1, 2, 4), Outgoing: voters(1, 2, 3), Learners: voters(3)})
	n.ackAll(2)
	n.wantConfig(config(voters(1, 2, 4), 3))
	if n.peer(3).part != 0 {
		t.Fatal("a learner that votes")
	}
	at := n.LastIndex()
	n.ack(3, at)
	n.wantCommit(at - 1)
	n.ack(4, at)
	n.wantCommit(at)
}

// A leader of a later term finishes what an earlier one began.
func TestNextLeaderLeavesTheJointConfiguration_4_3(t *testing.T) {
	n := newNode(t, 1, nil)
	joint := core.Configuration{Voters: voters(1, 2), Outgoing: voters(1, 2, 3)}
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(joint.Encode())}}})
	n.ticks(11)
	n.lead()
	n.wantConfig(joint)
	n.ack(2, 2)
	n.wantConfig(config(voters(1, 2)))
}

// §4.2.2: a leader that is left out goes on, without counting itself, until the
// configuration without it is committed.
func TestLeaderRemovesItself_4_2_2(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(2, 3)))
	n.ackAll(2, 3)
	n.wantConfig(config(voters(2, 3)))
	n.wantRole(Leader, 2)
	at := n.propose("still at work")
	n.ack(2, at)
	n.wantCommit(at - 2)
	n.sent = nil
	n.ack(3, at)
	n.wantCommit(at)
	n.wantRole(Follower, 2)
	if q := take[*core.TimeoutNowRequest](n, 0); len(q) != 1 {
		t.Fatalf("%d TimeoutNow at the end", len(q))
	}
	n.ticks(100)
	n.wantRole(Follower, 2)
}

// newLeaver makes a leader that is left out, which is committed, while node 2, which is to
// take over, has not got the last entry yet.
func newLeaver(t *testing.T) (n *testNode, last core.Index) {
	n = newChanger(t)
	n.change(config(voters(2, 3)))
	n.ackAll(2, 3)
	at := n.LastIndex()
	last = n.propose("on its way")
	n.ack(2, at)
	n.sent = nil
	n.ack(3, at)
	n.wantCommit(at)
	n.wantRole(Leader, 2)
	return n, last
}

// A leader that is left out hands over when its successor has everything: an append that
// TimeoutNow overtakes would cost it the votes of those that have more. Until then nothing
// is added.
func TestLeaderThatIsLeftOutWaitsForItsSuccessor_4_2_2(t *testing.T) {
	n, last := newLeaver(t)
	if q := take[*core.TimeoutNowRequest](n, 0); len(q) > 0 {
		t.Fatal("TimeoutNow before its receiver has the whole log")
	}
	if _, _, err := n.Propose([][]byte{[]byte("x")}); !errors.Is(err, ErrTransferring) {
		t.Fatalf("a proposal meanwhile: %v", err)
	}
	if n.HasReady() {
		t.Fatal("it is ready without having anything to do")
	}
	n.ack(3, last) // not the one that is to take over
	n.wantRole(Leader, 2)
	n.sent = nil
	n.ack(2, last)
	n.wantRole(Follower, 2)
	if q := take[*core.TimeoutNowRequest](n, 2); len(q) != 1 {
		t.Fatalf("%d TimeoutNow to node 2", len(q))
	}
}

// If that takes too long another one is asked.
func TestLeaderThatIsLeftOutAsksAnotherInTime_4_2_2(t *testing.T) {
	n, last := newLeaver(t)
	n.ack(3, last) // node 2 says nothing more
	n.wantRole(Leader, 2)
	n.sent = nil
	for range n.cfg.withDefaults().ElectionTicks {
		n.ticks(1)
		if n.Role() == Leader {
			n.ack(3, last)
		}
	}
	if q := take[*core.TimeoutNowRequest](n, 3); len(q) != 1 {
		t.Fatalf("%d TimeoutNow to node 3", len(q))
	}
	n.wantRole(Follower, 2)
}

// A leader that becomes a learner goes the same way.
func TestLeaderBecomesALearner_4_2_2(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(2, 3), 1))
	n.ackAll(2, 3)
	n.ackAll(2, 3)
	n.wantRole(Follower, 2)
	n.wantConfig(config(voters(2, 3), 1))
}

// §4.2.2: two nodes become one. Node 1 alone has the entry that removes it, and
// node 2 needs its vote, which goes to complete logs only: so node 1 must stand.
func TestRemovedServerStillCampaigns_4_2_2(t *testing.T) {
	log := []core.Configuration{{Voters: voters(1, 2)}, {Voters: voters(2), Outgoing: voters(1, 2)}, {Voters: voters(2)}}
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = voters(1, 2) })
	for i, c := range log {
		n.append(core.AppendEntriesRequest{From: 2, Term: 1, PrevIndex: core.Index(i), PrevTerm: core.Term(min(i, 1)), Commit: 2,
			Entries: []core.Entry{{Index: core.Index(i + 1), Term: 1, Kind: core.EntryConfiguration, Data: []byte(c.Encode())}}})
	}
	n.ticks(25)
	n.wantRole(PreCandidate, 1)
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, PreVote: true, Granted: true})
	n.wantRole(Candidate, 2)
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, Granted: true})
	n.wantRole(Leader, 2)
	n.ack(2, 4)
	n.wantRole(Follower, 2) // committed: its work is done
	n.ticks(100)
	n.wantRole(Follower, 2)
}

// §4.2.2: requests are taken from those who are no members here.
func TestLeaderNeedNotBeAMember_4_2_2(t *testing.T) {
	n := newNode(t, 1, nil)
	if !n.append(core.AppendEntriesRequest{From: 9, Term: 7}).Success || n.Leader() != 9 {
		t.Fatal("a leader of a configuration to come was refused")
	}
}

// A node that knows no members follows, and does nothing of its own accord.
func TestNodeThatJoins_4_2_1(t *testing.T) {
	n := newNode(t, 0, nil, func(c *Config) { c.Voters = nil })
	n.ticks(100)
	n.Campaign()
	n.drain()
	n.wantRole(Follower, 0)
	to := config(voters(2, 3), 1)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, Entries: []core.Entry{{Index: 1, Term: 3, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.wantConfig(to)
}

// §4.4 and §5.1: a snapshot carries the configuration at its end.
func TestSnapshotCarriesTheConfiguration_5_1(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	at := n.propose("a")
	n.ackAll(2, 4)
	n.change(config(voters(1, 2, 3)))
	n.ackAll(2)
	meta, err := n.SnapshotMeta(at)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := core.DecodeConfiguration([]byte(meta.Config)); err != nil || !cmp.Equal(c, config(voters(1, 2, 3), 4)) {
		t.Fatalf("%v, %v", c, err)
	}
	f := newNode(t, 0, nil, func(c *Config) { c.ID, c.Voters = 4, nil })
	f.step(&core.InstallSnapshotRequest{From: 1, Term: 2, Snapshot: meta, Done: true})
	f.wantConfig(config(voters(1, 2, 3), 4))
	f.restart()
	f.wantConfig(config(voters(1, 2, 3), 4))
}

func TestSnapshotWithABrokenConfigurationIsRefused_5_1(t *testing.T) {
	f := newNode(t, 1, nil)
	a := ask[*core.InstallSnapshotResponse](f, &core.InstallSnapshotRequest{From: 2, Term: 1, Done: true, Snapshot: core.SnapshotMeta{Index: 5, Term: 1, Config: "nonsense"}})
	if a.Match != 0 || f.LastIndex() != 0 {
		t.Fatalf("%+v", a)
	}
}

// A restart reads the configuration from the log, behind the snapshot.
func TestConfigurationSurvivesARestart_4_1(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.propose("a")
	n.restart()
	n.wantConfig(config(voters(1, 2, 3), 4))
	if len(n.peers) != 3 {
		t.Fatalf("%d peers", len(n.peers))
	}
}

// §4.2.3: a removed server that was not told does not disturb the others.
func TestRemovedServersDoNotDisrupt_4_2_3(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(1, 2)))
	n.ackAll(2, 3)
	n.ackAll(2)
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 9, LastIndex: 9, LastTerm: 9}); a.Granted || a.Term != 2 {
		t.Fatalf("%+v", a)
	}
	n.respond(&core.RequestVoteResponse{From: 3, Term: 9})
	n.wantRole(Leader, 2)
}

func TestTransferIsForVoters_3_10(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	if err := n.TransferLeadership(4); err == nil || !strings.Contains(err.Error(), "not a voter") {
		t.Fatalf("a transfer to a learner: %v", err)
	}
}
