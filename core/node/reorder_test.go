package node_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// scripted is a transport whose other side is the test: what the node asks is lost, and
// what it answers is there to be read.
type scripted struct {
	node    core.Handler
	answers chan core.AppendEntriesResponse
}

func (s *scripted) Send([]*core.Call)   {}
func (s *scripted) Cancel([]*core.Call) {}
func (s *scripted) Close() error        { return nil }

func (s *scripted) Reply(requests []*core.Incoming) {
	for _, r := range requests {
		if r.TakeAnswer() {
			s.answers <- *r.Response.(*core.AppendEntriesResponse)
		}
	}
}

// append delivers one from node 2, which leads in term 1.
func (s *scripted) append(session uint64, after core.Index, terms ...core.Term) {
	q := &core.AppendEntriesRequest{From: 2, Term: 1, Session: session, PrevIndex: after, PrevTerm: min(1, core.Term(after))}
	for i, term := range terms {
		q.Entries = append(q.Entries, core.Entry{Index: after + core.Index(i) + 1, Term: term})
	}
	s.node.Receive([]*core.Incoming{{Request: q, Response: new(core.AppendEntriesResponse)}})
}

// want waits for an answer; none comes by time, as there is no tick for an hour.
func (s *scripted) want(t *testing.T, session uint64, success bool, after core.Index) {
	t.Helper()
	select {
	case a := <-s.answers:
		if a.Session != session || a.Success != success || a.PrevIndex != after {
			t.Fatalf("answered %+v, want that after entry %d in session %d, success %v", a, after, session, success)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("no answer in session %d: the append is held", session)
	}
}

// An append that overtook others waits for them. One of a new session overtook nothing: its
// leader has begun again, as with a member whose log turns out to be new, and sends the next
// one only when it knows where the logs agree. It used to wait for a tick or two, and with it
// a change of members: 210 ms without need.
func TestAppendsOfANewSessionAreNotHeld(t *testing.T) {
	s := &scripted{answers: make(chan core.AppendEntriesResponse, 10)}
	n, err := node.Start(node.Config{
		ID: 1, Peers: []core.NodeID{1, 2, 3}, Unordered: true, Tick: time.Hour, Storage: memlog.New(), StateMachine: new(journal),
		Open: func(h core.Handler) (core.Transport, error) { s.node = h; return s, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	s.append(1, 0, 1)
	s.want(t, 1, true, 0)
	s.append(1, 2, 1) // overtook the one with entry 2
	s.append(1, 1, 1)
	s.want(t, 1, true, 1)
	s.want(t, 1, true, 2)
	s.append(2, 7, 1)
	s.want(t, 2, false, 7)
	s.append(2, 3, 1)
	s.want(t, 2, true, 3)
	if held := n.Stats().Reorders; held != 1 {
		t.Fatalf("%d appends were held, want 1", held)
	}
}
