package raft

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// part says in which halves of a configuration a member votes: a bit for
// Voters, a bit for Outgoing. Learners and strangers have none.
type part uint8

const (
	votesIncoming part = 1 << iota
	votesOutgoing
)

func partOf(c *core.Configuration, id core.NodeID) (p part) {
	if slices.Contains(c.Voters, id) {
		p |= votesIncoming
	}
	if slices.Contains(c.Outgoing, id) {
		p |= votesOutgoing
	}
	return p
}

// majority is how many of n voters decide; none of a half that is not there.
func majority(n int) int {
	if n == 0 {
		return 0
	}
	return n/2 + 1
}

// peer returns the progress of another member, or nil if id is not one.
func (r *Raft) peer(id core.NodeID) *progress { return progressOf(r.peers, id) }

func progressOf(list []progress, id core.NodeID) *progress {
	for i := range list {
		if list[i].id == id {
			return &list[i]
		}
	}
	return nil
}

// quorumMatch is the highest index that is durable on a quorum.
func (r *Raft) quorumMatch() core.Index {
	i := r.matchOf(votesIncoming, r.need[0])
	if r.need[1] > 0 {
		i = min(i, r.matchOf(votesOutgoing, r.need[1]))
	}
	return i
}

// matchOf is the highest index that is durable on need voters of one half.
func (r *Raft) matchOf(half part, need int) core.Index {
	sorted := r.matches[:0]
	if r.part&half != 0 {
		sorted = append(sorted, r.writes.durable)
	}
	for i := range r.peers {
		if r.peers[i].part&half == 0 {
			continue
		}
		m := r.peers[i].match
		at := len(sorted)
		sorted = append(sorted, m)
		for ; at > 0 && sorted[at-1] < m; at-- {
			sorted[at] = sorted[at-1]
		}
		sorted[at] = m
	}
	r.matches = sorted
	return sorted[need-1]
}

// isQuorum reports whether this node, if it votes, and the voters that satisfy
// ok decide: a majority, in a joint configuration of either half (§4.3).
func (r *Raft) isQuorum(ok func(*progress) bool) bool {
	n := [2]int{}
	n[0], n[1] = int(r.part&votesIncoming), int(r.part&votesOutgoing>>1)
	for i := range r.peers {
		if p := &r.peers[i]; p.part != 0 && ok(p) {
			n[0] += int(p.part & votesIncoming)
			n[1] += int(p.part & votesOutgoing >> 1)
		}
	}
	return n[0] >= r.need[0] && n[1] >= r.need[1]
}

// isAlone reports whether this node decides by itself.
func (r *Raft) isAlone() bool {
	return r.isQuorum(func(*progress) bool { return false })
}

// tally says how the election stands.
func (r *Raft) tally() (won, lost bool) {
	latest := r.members.latest()
	won = true
	for half, voters := range [][]core.NodeID{latest.Voters, latest.Outgoing} {
		granted, refused := r.ballot.count(voters)
		won = won && granted >= r.need[half]
		lost = lost || len(voters)-refused < r.need[half]
	}
	return won, lost
}
