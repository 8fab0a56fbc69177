package rafttest

import "github.com/raftbench/raftbench/core"

// checker holds what has been true of the cluster so far, and compares each new
// event with it. What a check costs does not grow with the length of the run.
type checker struct {
	leaders   map[core.Term]core.NodeID // who led each term
	votes     map[ballot]core.NodeID    // whom each node voted for in each term
	entries   map[position]content      // every entry that was ever written anywhere
	committed []core.Term               // the term of each committed entry; [0] stands before the log
	states    []uint64                  // the state machine after each entry; [0] is empty
	configs   []placed                  // committed ones, in order
	floor     core.Index                // what every read that begins now must see
	sessions  sessionChecks
	fail      func(promise, detail string, args ...any)
}

type ballot struct {
	voter core.NodeID
	wipes int // a node that lost its disk is another voter: see newborn in core/raft
	term  core.Term
}

type position struct {
	index core.Index
	term  core.Term
}

type content struct {
	prevTerm core.Term
	sum      uint64
}

func newChecker(fail func(promise, detail string, args ...any)) *checker {
	return &checker{
		leaders:   map[core.Term]core.NodeID{},
		votes:     map[ballot]core.NodeID{},
		entries:   map[position]content{},
		committed: []core.Term{0},
		states:    []uint64{0},
		sessions:  newSessionChecks(fail),
		fail:      fail,
	}
}

// sum is a hash (FNV-1a) of an entry on top of the state before it.
func sum(state uint64, e *core.Entry) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (offset ^ state) * prime
	h = (h ^ uint64(e.Kind)) * prime
	for _, b := range e.Data {
		h = (h ^ uint64(b)) * prime
	}
	return h
}

// wrote checks what a node writes to its log: log matching (§3.5: entries with
// the same index and term are the same, and so are those before them, by
// induction), and a leader's log only grows (§3.5, figure 3.2).
func (c *checker) wrote(n *node, before core.Index, entries []core.Entry) {
	if len(entries) == 0 {
		return
	}
	first := entries[0].Index
	if n.isLeader() && first != before+1 {
		c.fail("leader append-only", "%v leads term %d and replaces entry %d of %d", n.id, n.raft.Term(), first, before)
	}
	if first > before+1 {
		c.fail("log without gaps", "%v writes entry %d after %d", n.id, first, before)
		return
	}
	prevTerm, err := n.disk.log.Term(first - 1)
	if err != nil {
		c.fail("log without gaps", "%v writes entry %d: term of the one before: %v", n.id, first, err)
		return
	}
	for i := range entries {
		e := &entries[i]
		at, now := position{e.Index, e.Term}, content{prevTerm, sum(0, e)}
		if was, ok := c.entries[at]; !ok {
			c.entries[at] = now
		} else if was != now {
			c.fail("log matching", "%v has another entry %d of term %d than was written before", n.id, e.Index, e.Term)
		}
		prevTerm = e.Term
	}
}

// became checks a node that is leader now: election safety (at most one a
// term), and leader completeness (it has everything that was committed in
// earlier terms). By log matching the last committed entry vouches for the rest.
func (c *checker) became(n *node) {
	term := n.raft.Term()
	if was, ok := c.leaders[term]; ok {
		if was != n.id {
			c.fail("election safety", "%v and %v both lead term %d", was, n.id, term)
		}
		return
	}
	n.leads = n.sim.now
	c.leaders[term] = n.id
	n.sim.result.Elections++
	c.complete(n)
}

func (c *checker) complete(n *node) {
	last := core.Index(len(c.committed) - 1)
	if t := c.committed[last]; t < n.raft.Term() && !n.disk.log.has(last, t) {
		c.fail("leader completeness", "%v leads term %d without entry %d of term %d, which is committed", n.id, n.raft.Term(), last, t)
	}
}

// commits checks a node's commit index: it never goes back, nodes agree on what
// is committed, and leaders of later terms have it.
func (c *checker) commits(n *node) {
	commit := n.raft.Commit()
	if commit == n.commit {
		return
	}
	if commit < n.commit {
		c.fail("commit never goes back", "%v: from %d to %d", n.id, n.commit, commit)
	}
	news := false
	for i := max(n.commit, n.disk.log.compact) + 1; i <= commit; i++ {
		t, err := n.disk.log.Term(i)
		switch {
		case err != nil:
			c.fail("committed entries exist", "%v: term of %d: %v", n.id, i, err)
			return
		case int(i) == len(c.committed):
			c.committed = append(c.committed, t)
			c.committedEntry(n, &n.disk.log.entries[i-n.disk.log.compact-1])
			news = true
		case int(i) > len(c.committed):
			c.fail("committed entries exist", "%v committed %d, and nobody had %d", n.id, i, len(c.committed))
			return
		case c.committed[i] != t:
			c.fail("state-machine safety", "%v committed entry %d with term %d, others with term %d", n.id, i, t, c.committed[i])
		}
	}
	n.commit = commit
	if t := c.committed[commit]; n.isLeader() && t == n.raft.Term() {
		c.durable(n, commit, t)
	}
	if !news {
		return
	}
	for _, other := range n.sim.nodes {
		if other.isLeader() {
			c.complete(other)
		}
	}
}

// applied checks the state of a node that has applied through i.
func (c *checker) applied(n *node, i core.Index, state uint64) {
	if int(i) == len(c.states) {
		c.states = append(c.states, state)
		return
	}
	if int(i) > len(c.states) || c.states[i] != state {
		c.fail("state-machine safety", "%v is in another state after entry %d than others", n.id, i)
	}
}

// voted checks a vote that leaves: one for each node and term, as far as it can remember.
func (c *checker) voted(n *node, candidate core.NodeID, term core.Term) {
	key := ballot{n.id, n.wipes, term}
	if was, ok := c.votes[key]; ok && was != candidate {
		c.fail("one vote a term", "%v votes for %v and for %v in term %d", n.id, was, candidate, term)
	}
	c.votes[key] = candidate
}

// read checks an index at which a read that began at floor is answered. Where clocks
// break their bound, stale reads are counted: nobody promises that there are none.
func (c *checker) read(n *node, floor, index core.Index) {
	switch {
	case index < floor && n.sim.opt.ExcessPercent > 0:
		n.sim.result.StaleReads++
	case index < floor:
		c.fail("linearizable reads", "%v answers from %d, but %d was acknowledged before the read began", n.id, index, floor)
	}
	c.floor = max(c.floor, index)
}

// leaves checks a message against the disk of its sender: what it testifies to
// is durable. claimed is the request that a response answers.
func (c *checker) leaves(n *node, to core.NodeID, req core.Request, resp core.Response, claimed core.Request) {
	state := n.disk.state
	if q, ok := req.(*core.RequestVoteRequest); ok && !q.PreVote {
		c.voted(n, n.id, q.Term)
		if state.Term < q.Term || state.Term == q.Term && state.Vote != n.id {
			c.fail("durable before it leaves", "%v asks for votes in term %d with %+v on disk", n.id, q.Term, state)
		}
	}
	switch a := resp.(type) {
	case *core.RequestVoteResponse:
		if a.Granted && !a.PreVote {
			c.voted(n, to, a.Term)
			if state.Term < a.Term || state.Term == a.Term && state.Vote != to {
				c.fail("durable before it leaves", "%v votes for %v in term %d with %+v on disk", n.id, to, a.Term, state)
			}
		}
	case *core.AppendEntriesResponse:
		if a.Success {
			c.acknowledged(n, a, claimed.(*core.AppendEntriesRequest))
		}
	case *core.InstallSnapshotResponse:
		if a.Match > n.disk.durable.LastIndex() {
			c.fail("durable before it leaves", "%v acknowledges a snapshot through %d with %d on disk", n.id, a.Match, n.disk.durable.LastIndex())
		}
	}
}

func (c *checker) acknowledged(n *node, a *core.AppendEntriesResponse, q *core.AppendEntriesRequest) {
	if n.disk.state.Term < a.Term {
		c.fail("durable before it leaves", "%v answers in term %d with term %d on disk", n.id, a.Term, n.disk.state.Term)
	}
	if a.Match > n.disk.durable.LastIndex() {
		c.fail("durable before it leaves", "%v acknowledges %d with %d on disk", n.id, a.Match, n.disk.durable.LastIndex())
		return
	}
	want, known := q.PrevTerm, a.Match == q.PrevIndex
	if k := int(a.Match) - int(q.PrevIndex); k > 0 && k <= len(q.Entries) {
		want, known = q.Entries[k-1].Term, true
	}
	if known && a.Match > n.disk.durable.compact && !n.disk.durable.has(a.Match, want) {
		c.fail("durable before it leaves", "%v acknowledges entry %d of term %d, which is not on disk", n.id, a.Match, want)
	}
}
