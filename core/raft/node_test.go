package raft

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// testNode drives one Raft by hand. Its disk is synchronous unless slow is set:
// then writes become durable, in order, when persist is called.
type testNode struct {
	*Raft
	t     *testing.T
	cfg   Config
	log   *testLog
	state core.HardState // durable
	slow  bool

	loading bool // the state machine does not come to an end with snapshots

	token     uint64
	writes    []testWrite // not durable yet
	sent      []Message   // requests that left since the last take
	answers   map[uint64]core.Response
	committed []core.Entry
	snapshots []core.SnapshotMeta
	reads     []ReadState
	lost      []uint64
	fast      []FastClock
}

type testWrite struct {
	seq   uint64
	state *core.HardState
	after []Message
}

// newNode makes node 1 of 3, with a log of entries of the given terms.
func newNode(t *testing.T, term core.Term, logTerms []core.Term, change ...func(*Config)) *testNode {
	t.Helper()
	n := &testNode{t: t, log: &testLog{entries: entriesOf(1, logTerms...)}, answers: map[uint64]core.Response{}}
	n.state = core.HardState{Term: term}
	n.cfg = Config{ID: 1, Voters: []core.NodeID{1, 2, 3}, Log: n.log, HardState: n.state}
	for _, c := range change {
		c(&n.cfg)
	}
	n.state = n.cfg.HardState
	r, err := New(n.cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.Raft = r
	n.drain()
	return n
}

// restart makes the node anew from what was durable.
func (n *testNode) restart() {
	n.t.Helper()
	n.cfg.HardState, n.cfg.Snapshot = n.state, n.log.snapshot
	r, err := New(n.cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	n.Raft, n.writes = r, nil
	n.drain()
}

func entriesOf(first core.Index, terms ...core.Term) []core.Entry {
	var entries []core.Entry
	for i, term := range terms {
		entries = append(entries, core.Entry{Index: first + core.Index(i), Term: term, Data: []byte{byte(term), byte(i)}})
	}
	return entries
}

// drain does what is ready.
func (n *testNode) drain() {
	for n.HasReady() {
		rd := n.Ready()
		if rd.Snapshot.Index != 0 {
			n.log.install(rd.Snapshot)
			n.snapshots = append(n.snapshots, rd.Snapshot)
			if !n.loading {
				n.Applied(rd.Snapshot.Index)
			}
		}
		n.log.write(rd.Entries)
		n.leave(rd.Messages)
		if rd.Seq != 0 {
			n.writes = append(n.writes, testWrite{rd.Seq, rd.HardState, rd.AfterPersist})
		} else if len(rd.AfterPersist) > 0 {
			n.t.Fatal("AfterPersist without a write")
		}
		n.committed = append(n.committed, rd.Committed...)
		if k := len(rd.Committed); k > 0 {
			n.Applied(rd.Committed[k-1].Index)
		}
		n.reads = append(n.reads, rd.Reads...)
		n.lost = append(n.lost, rd.ReadsLost...)
		n.fast = append(n.fast, rd.FastClocks...)
		if !n.slow {
			n.persistAll()
		}
	}
}

// persist makes the oldest write durable.
func (n *testNode) persist() {
	w := n.writes[0]
	n.writes = n.writes[1:]
	if w.state != nil {
		n.state = *w.state
	}
	n.Persisted(w.seq)
	n.leave(w.after)
}

func (n *testNode) persistAll() {
	for len(n.writes) > 0 {
		n.persist()
	}
	n.drain()
}

func (n *testNode) leave(messages []Message) {
	for _, m := range messages {
		if m.Request != nil {
			n.sent = append(n.sent, m)
			continue
		}
		if _, twice := n.answers[m.Token]; twice || m.Token == 0 || m.Token > n.token {
			n.t.Fatalf("answer to request %d, of %d, twice: %t", m.Token, n.token, twice)
		}
		n.answers[m.Token] = m.Response
	}
}

// step takes in a request and returns its token.
func (n *testNode) step(req core.Request) uint64 {
	n.t.Helper()
	n.token++
	if err := n.Step(n.token, req); err != nil {
		n.t.Fatal(err)
	}
	n.drain()
	return n.token
}

// ask takes in a request and returns the answer, which must have left.
func ask[A core.Response](n *testNode, req core.Request) A {
	n.t.Helper()
	a, ok := n.answers[n.step(req)].(A)
	if !ok {
		n.t.Fatalf("no answer to %T left", req)
	}
	return a
}

func (n *testNode) vote(q core.RequestVoteRequest) *core.RequestVoteResponse {
	n.t.Helper()
	return ask[*core.RequestVoteResponse](n, &q)
}

func (n *testNode) append(q core.AppendEntriesRequest) *core.AppendEntriesResponse {
	n.t.Helper()
	return ask[*core.AppendEntriesResponse](n, &q)
}

func (n *testNode) respond(resp core.Response) {
	n.StepResponse(resp)
	n.drain()
}

func (n *testNode) ticks(k int) {
	for range k {
		n.Tick()
		n.drain()
	}
}

// take returns the requests that left since the last call, to one node or, with
// zero, to all, and of one type.
func take[Q core.Request](n *testNode, to core.NodeID) []Q {
	var taken []Q
	for _, m := range n.sent {
		if q, ok := m.Request.(Q); ok && (to == 0 || m.To == to) {
			taken = append(taken, q)
		}
	}
	n.sent = nil
	return taken
}

// appends returns the AppendEntries with entries that left for a node.
func (n *testNode) appends(to core.NodeID) []*core.AppendEntriesRequest {
	var taken []*core.AppendEntriesRequest
	for _, q := range take[*core.AppendEntriesRequest](n, to) {
		if len(q.Entries) > 0 {
			taken = append(taken, q)
		}
	}
	return taken
}

// lead makes the node leader of the next term, by the votes of all others.
func (n *testNode) lead() {
	n.t.Helper()
	n.Campaign()
	n.drain()
	for _, pre := range []bool{true, false} {
		for _, v := range n.cfg.Voters {
			if v != n.id && n.Role() != Leader {
				a := &core.RequestVoteResponse{From: v, Term: n.Term(), PreVote: pre, Granted: true}
				if pre {
					a.Term++
				}
				if pre == (n.Role() == PreCandidate) {
					n.respond(a)
				}
			}
		}
	}
	if n.Role() != Leader {
		n.t.Fatalf("%v of term %d, want a leader", n.Role(), n.Term())
	}
}

// ack answers the leader as a follower that has everything through match.
func (n *testNode) ack(from core.NodeID, match core.Index) {
	n.t.Helper()
	p := n.peer(from)
	n.respond(&core.AppendEntriesResponse{From: from, Term: n.Term(), Success: true, PrevIndex: p.next - 1, Match: match, Session: p.session})
}

// propose proposes commands and drains.
func (n *testNode) propose(commands ...string) core.Index {
	n.t.Helper()
	var list [][]byte
	for _, c := range commands {
		list = append(list, []byte(c))
	}
	first, _, err := n.Propose(list)
	if err != nil {
		n.t.Fatal(err)
	}
	n.drain()
	return first
}

func (n *testNode) wantRole(want Role, term core.Term) {
	n.t.Helper()
	if n.Role() != want || n.Term() != term {
		n.t.Fatalf("%v of term %d, want %v of term %d", n.Role(), n.Term(), want, term)
	}
}

func (n *testNode) wantCommit(want core.Index) {
	n.t.Helper()
	if n.Commit() != want {
		n.t.Fatalf("commit is %d, want %d", n.Commit(), want)
	}
}

func (n *testNode) terms() []core.Term {
	var terms []core.Term
	for i := n.log.FirstIndex(); i <= n.LastIndex(); i++ {
		terms = append(terms, n.Raft.log.mustTerm(i))
	}
	return terms
}
