package raft

import (
	"errors"
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// Errors of ChangeMembership, beside ErrNotLeader and ErrTransferring.
var (
	// ErrChanging: the change before this one is not complete, or the leader has not committed an entry of its term yet.
	ErrChanging = errors.New("raft: a change of members is under way")
	// ErrNotCaughtUp: a node that is to vote is no learner yet, or has not caught up with the log, or abstains because it lost what it knew.
	ErrNotCaughtUp = errors.New("raft: not caught up")
	// ErrNoMajority: too many of those who are to vote are silent, or abstain because they lost what they knew: the change would stop the cluster.
	ErrNoMajority = errors.New("raft: the new voters have no majority that can commit")
)

// ChangeMembership begins to make to, which is not joint, the members. One change
// is under way at a time; it is complete when Configuration returns to and its
// index is committed. The returned index and term are those of the change's
// first entry: as with Propose, another leader may put something else there.
//
// A change of voters goes through a joint configuration (dissertation §4.3),
// which the leader leaves by itself once it is committed. A change of learners
// alone moves no majority and takes one entry. Whoever is to vote must be a
// learner that caught up, so that a change never waits for a log to be copied
// (§4.2.1). A leader that is not among the new voters manages the cluster
// until the change is committed, and then steps down (§4.2.2).
//
// A majority of the new voters must be able to commit now, or the change would stop the
// cluster: what is uncommitted waits for them, and a node that lost its disk waits for a
// commit (etcd's strict-reconfig-check refuses the same).
func (r *Raft) ChangeMembership(to core.Configuration) (core.Index, core.Term, error) {
	to = to.Sorted()
	if err := r.checkChange(&to); err != nil {
		return 0, 0, err
	}
	now := r.members.latest()
	if to.Equal(&now.Configuration) {
		return now.index, r.term, nil
	}
	if !slices.Equal(to.Voters, now.Voters) {
		to.Outgoing = now.Voters
	}
	r.appendConfiguration(to)
	return r.log.last, r.term, nil
}

func (r *Raft) checkChange(to *core.Configuration) error {
	now := r.members.latest()
	switch {
	case r.role != Leader:
		return ErrNotLeader
	case r.transferee != 0:
		return ErrTransferring
	case now.IsJoint() || now.index > r.commit || !r.committedInTerm():
		return ErrChanging
	case to.IsJoint():
		return errors.New("raft: a joint configuration is not for callers to ask for")
	}
	if err := to.Validate(); err != nil {
		return fmt.Errorf("raft: %w", err)
	}
	for _, id := range to.Voters {
		if now.IsVoter(id) {
			continue
		}
		if p := r.peer(id); p == nil || !p.caughtUp || !r.canVouch(p) {
			return fmt.Errorf("%w: %v", ErrNotCaughtUp, id)
		}
	}
	return r.checkMajority(to.Voters)
}

// checkMajority refuses voters of whom too few can help to commit.
func (r *Raft) checkMajority(voters []core.NodeID) error {
	var unable []core.NodeID
	for _, id := range voters {
		if p := r.peer(id); id != r.id && !r.canVouch(p) {
			unable = append(unable, id)
		}
	}
	if len(voters)-len(unable) < majority(len(voters)) {
		return fmt.Errorf("%w: %v cannot, of %v", ErrNoMajority, unable, voters)
	}
	return nil
}

// canVouch reports whether what p acknowledges helps to commit, as far as its leader
// knows: it has acknowledged something since the term began, or since it lost its disk.
func (r *Raft) canVouch(p *progress) bool {
	return p != nil && p.match > 0 && !p.abstains && r.heardLately(p)
}

// appendConfiguration adds an entry with c to the leader's log: c is in force
// from here on.
func (r *Raft) appendConfiguration(c core.Configuration) {
	r.log.appendOne(r.term, core.EntryConfiguration, []byte(c.Encode()))
	r.members.push(r.log.last, c)
	r.adoptMembers()
}

// canGoOn reports whether a change has a next step: the joint configuration is
// committed, or the one that leaves this leader out.
func (r *Raft) canGoOn() bool {
	if r.need[1] > 0 {
		return r.members.latest().index <= r.commit
	}
	return r.isLeftOut() && r.transferee == 0
}

// isLeftOut reports whether the members have agreed on going on without this node's
// voice.
func (r *Raft) isLeftOut() bool {
	return r.part == 0 && r.need[1] == 0 && r.members.latest().index <= r.commit
}

// goOn takes the next step of a change.
func (r *Raft) goOn() {
	if !r.canGoOn() {
		return
	}
	if latest := r.members.latest(); latest.IsJoint() {
		r.appendConfiguration(core.Configuration{Voters: latest.Voters, Learners: latest.Learners})
		r.advanceCommit() // it may take fewer now
		return
	}
	r.resign()
}

// resign has the voter with the longest log take over (§3.10) from this leader, which is
// no voter any more (§4.2.2), so that nobody waits for a timeout. It leads until that one
// has everything: what is still on its way to the others would cost it their votes.
func (r *Raft) resign() {
	var best *progress
	for i := range r.peers {
		if p := &r.peers[i]; p.part != 0 && !p.abstains && (best == nil || p.match > best.match) {
			best = p
		}
	}
	if best == nil { // nobody of those who committed this can stand for election any more
		r.becomeFollower(r.term, 0)
		return
	}
	r.transferTo(best)
}

// mayCampaign reports whether this node stands for election. One that the latest
// configuration leaves out does so until that is committed: it may be the only
// one that has the entry (§4.2.2). It does not count itself then.
func (r *Raft) mayCampaign() bool {
	latest := r.members.latest()
	if r.part != 0 {
		return true
	}
	return latest.index > r.commit && r.members.at(latest.index-1).IsVoter(r.id)
}

// followRounds decides whether a learner has caught up: what the log held when a
// round began was copied within an election timeout, so that what came meanwhile
// is no more than that (§4.2.1). One that has everything has caught up, however
// long it took.
func (p *progress) followRounds(last core.Index, tick, limit uint64) {
	if p.match < p.roundEnd {
		return
	}
	p.caughtUp = p.match == last || tick-p.roundStart <= limit
	p.roundEnd, p.roundStart = last, tick
}
