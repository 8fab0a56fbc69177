package node

import (
	"math/rand/v2"

	"github.com/raftbench/raftbench/core"
)

// quarantine keeps a node whose storage may have lost what it acknowledged
// (core.Doubt) from doing harm until it has caught up: it neither votes nor stands
// for election, and acknowledges only what is committed anyway. It follows the leader
// as usual meanwhile.
type quarantine struct {
	storage core.Doubter // nil: no doubt
	doubt   core.Doubt
}

// recover asks the storage whether it is in doubt.
func (q *quarantine) recover(s core.Storage) {
	if d, ok := s.(core.Doubter); ok && d.Doubt() != nil {
		*q = quarantine{d, *d.Doubt()}
	}
}

func (q *quarantine) active() bool { return q.storage != nil && !q.doubt.Newborn() }

// newborn reports whether the doubt is about everything. Then it is raft that abstains:
// it takes a leader's help to end it (raft.Config.Newborn).
func (q *quarantine) newborn() bool { return q.storage != nil && q.doubt.Newborn() }

// amnesia reports whether it is a newborn that certainly had a life before.
func (q *quarantine) amnesia() bool { return q.storage != nil && q.doubt.Amnesia() }

// newLife returns a number that no other life of this node has, if it is a newborn.
func (q *quarantine) newLife() uint64 {
	if !q.newborn() {
		return 0
	}
	return rand.Uint64() | 1
}

// founders are the members with which a cluster begins, this node among them. Where the
// log is damaged so far that the node is a newborn again, no cluster begins with it: an
// empty log is not known to have been empty.
func (n *Node) founders() []core.NodeID {
	if n.quarantine.amnesia() {
		return nil
	}
	return n.config.Peers
}

// abstain answers requests that a node in doubt gives no vote to, and reports whether
// this is one. The term of a candidate is not adopted: if it wins, its appends bring it.
func (n *Node) abstain(r *core.Incoming) bool {
	q := &n.quarantine
	if !q.active() && !q.amnesia() {
		return false
	}
	req, ok := r.Request.(*core.AppendEntriesRequest)
	switch {
	case ok && req.Term == 0:
		// A newborn asks, and must not take a log that was lost for one that is empty.
		*r.Response.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{
			From: n.config.ID, Term: n.raft.Term(), Session: req.Session, HintIndex: max(n.raft.LastIndex(), q.doubt.Through, 1),
		}
	case !q.active() || !n.refuseVote(r):
		return false // of a newborn it is raft that abstains
	}
	n.answers = append(n.answers, r)
	return true
}

// refuseVote answers what asks for a vote, or to stand for election, and reports whether
// this does.
func (n *Node) refuseVote(r *core.Incoming) bool {
	switch req := r.Request.(type) {
	case *core.RequestVoteRequest:
		*r.Response.(*core.RequestVoteResponse) = core.RequestVoteResponse{From: n.config.ID, Term: n.raft.Term(), PreVote: req.PreVote}
	case *core.TimeoutNowRequest:
		*r.Response.(*core.TimeoutNowResponse) = core.TimeoutNowResponse{From: n.config.ID, Term: n.raft.Term()}
	default:
		return false
	}
	return true
}

// temper takes back from an acknowledgement what could help to commit something, or
// to confirm who leads.
//
// A leader of the term in which something was lost may have had it acknowledged, and
// never sends again what it believes to be here. A later leader begins with nothing. So
// the refusal tells the old one of a later term: it steps down, and there is an election.
func (n *Node) temper(resp core.Response) {
	a, ok := resp.(*core.AppendEntriesResponse)
	if !ok || !n.quarantine.active() {
		return
	}
	a.Abstain(n.raft.Commit())
	if !a.Success && a.Term == n.quarantine.doubt.Term && n.raft.Leader() != 0 {
		a.Term++
	}
}

// settle ends the doubt when its condition is met. All that was given to the storage
// must be durable: the commit index may run ahead of that.
func (n *Node) settle() {
	q := &n.quarantine
	if !q.active() || n.failed != nil || n.writes.durable < n.writes.last {
		return
	}
	commit := n.raft.Commit()
	if commit < q.doubt.Through {
		term, err := n.config.Storage.Term(commit)
		if err != nil || term <= q.doubt.Term {
			return
		}
	}
	n.settled()
}

// remember makes it durable that raft is no newborn any more, before anything leaves
// that it does as one who remembers: or it would be one again after a restart, and
// wait for a leader that may not come without it.
func (n *Node) remember() {
	if n.quarantine.newborn() && !n.raft.Newborn() {
		n.settled()
	}
}

func (n *Node) settled() {
	if err := n.quarantine.storage.Settle(); err != nil {
		n.fail(err)
		return
	}
	n.quarantine = quarantine{}
}
