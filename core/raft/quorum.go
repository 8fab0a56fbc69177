package raft

import "github.com/raftbench/raftbench/core"

// quorum is how many voters make a majority.
func (r *Raft) quorum() int { return (len(r.peers)+1)/2 + 1 }

// peer returns the progress of another member, or nil if id is not one.
func (r *Raft) peer(id core.NodeID) *progress {
	for i := range r.peers {
		if r.peers[i].id == id {
			return &r.peers[i]
		}
	}
	return nil
}

// quorumMatch is the highest index that is durable on a majority, self included.
func (r *Raft) quorumMatch() core.Index {
	sorted := append(r.matches[:0], r.writes.durable)
	for i := range r.peers {
		m := r.peers[i].match
		at := len(sorted)
		sorted = append(sorted, m)
		for ; at > 0 && sorted[at-1] < m; at-- {
			sorted[at] = sorted[at-1]
		}
		sorted[at] = m
	}
	r.matches = sorted
	return sorted[r.quorum()-1]
}

// quorumOfPeers reports whether self and the peers that satisfy ok make a majority.
func (r *Raft) quorumOfPeers(ok func(*progress) bool) bool {
	n := 1
	for i := range r.peers {
		if ok(&r.peers[i]) {
			n++
		}
	}
	return n >= r.quorum()
}
