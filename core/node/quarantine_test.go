package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
)

// doubtful is a log in memory that may have lost something.
type doubtful struct {
	*memlog.Log
	doubt *core.Doubt
}

func (d *doubtful) Doubt() *core.Doubt { return d.doubt }
func (d *doubtful) Settle() error      { d.doubt = nil; return nil }

// wireless is a transport to peers that are played by the test.
type wireless struct {
	handler core.Handler
	replies chan *core.Incoming
	calls   chan core.Request
}

func (w *wireless) Send(calls []*core.Call) {
	for _, c := range calls {
		w.calls <- c.Request
	}
}
func (w *wireless) Cancel([]*core.Call) {}
func (w *wireless) Reply(list []*core.Incoming) {
	for _, r := range list {
		w.replies <- r
	}
}
func (w *wireless) Close() error { return nil }

// ask has the node answer a request.
func (w *wireless) ask(t *testing.T, req core.Request) core.Response {
	t.Helper()
	w.handler.Receive([]*core.Incoming{{Request: req, Response: req.Kind().NewResponse()}})
	r := <-w.replies
	if r.Err != nil {
		t.Fatalf("%v: %v", req.Kind(), r.Err)
	}
	return r.Response
}

// startDoubtful starts node 1 of three, with a log of five entries of term 2.
func startDoubtful(t *testing.T, doubt core.Doubt) (*node.Node, *wireless) {
	t.Helper()
	return startDoubtfulWith(t, doubt, termEntries(1, 2, 2, 2, 2, 2))
}

func startDoubtfulWith(t *testing.T, doubt core.Doubt, entries []core.Entry) (*node.Node, *wireless) {
	t.Helper()
	s := &doubtful{Log: memlog.New(), doubt: &doubt}
	s.Write(core.Write{HardState: &core.HardState{Term: 2}, Entries: entries}, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	w := &wireless{replies: make(chan *core.Incoming, 100), calls: make(chan core.Request, 100)}
	n, err := node.Start(node.Config{
		ID: 1, Peers: []core.NodeID{1, 2, 3}, Storage: s, StateMachine: new(journal), Tick: time.Millisecond,
		Open: func(h core.Handler) (core.Transport, error) { w.handler = h; return w, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n, w
}

func termEntries(first core.Index, terms ...core.Term) []core.Entry {
	var list []core.Entry
	for i, term := range terms {
		list = append(list, core.Entry{Index: first + core.Index(i), Term: term, Data: []byte("x")})
	}
	return list
}

// No cluster begins with a node whose log is damaged so far that it is a newborn again,
// whatever is left of the log: it asks no founder, tells none that its log is empty, and
// gives no vote.
func TestNodeWithAmnesiaFoundsNoCluster(t *testing.T) {
	for _, entries := range [][]core.Entry{nil, termEntries(1, 2, 2)} {
		n, w := startDoubtfulWith(t, core.AmnesiaDoubt(core.Index(len(entries)), 2), entries)
		n.Campaign()
		told := w.ask(t, &core.AppendEntriesRequest{From: 3, Session: 7}).(*core.AppendEntriesResponse)
		if told.HintIndex == 0 || told.Session != 7 {
			t.Fatalf("%d entries: a newborn is told %+v", len(entries), told)
		}
		vote := w.ask(t, &core.RequestVoteRequest{From: 2, Term: 9, LastIndex: 9, LastTerm: 9}).(*core.RequestVoteResponse)
		if vote.Granted {
			t.Fatalf("%d entries: it votes", len(entries))
		}
		select {
		case req := <-w.calls:
			t.Fatalf("%d entries: it asks %+v", len(entries), req)
		default:
		}
		if !n.Status().InDoubt {
			t.Fatalf("%d entries: it is not in doubt", len(entries))
		}
	}
}

// A node in doubt gives no vote, does not stand for election, and acknowledges only
// what is committed, until it is durable through a commit index that its doubt does not
// reach.
func TestNodeInDoubt(t *testing.T) {
	n, w := startDoubtful(t, core.Doubt{Sound: 5, Through: 8, Term: 2})
	for _, preVote := range []bool{false, true} {
		got := w.ask(t, &core.RequestVoteRequest{From: 2, Term: 3, LastIndex: 10, LastTerm: 2, PreVote: preVote})
		if diff := cmp.Diff(&core.RequestVoteResponse{From: 1, Term: 2, PreVote: preVote}, got); diff != "" {
			t.Fatalf("a vote (-want +got):\n%s", diff)
		}
	}
	n.Campaign()
	if told := w.ask(t, &core.AppendEntriesRequest{From: 3, Session: 7}).(*core.AppendEntriesResponse); told.HintIndex != 8 || told.Session != 7 {
		t.Fatalf("a newborn is told %+v, want all that was lost", told)
	}
	refused := w.ask(t, &core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 7, PrevTerm: 2}).(*core.AppendEntriesResponse)
	if refused.Success || refused.Term != 3 {
		t.Fatalf("the leader of term 2 believes that entry 7 is here, and is told %+v", refused)
	}
	w.ask(t, &core.TimeoutNowRequest{From: 2, Term: 2})
	// Each step is one append of the leader of term 3 and what may be acknowledged of it.
	for i, c := range []struct {
		prev, commit core.Index
		prevTerm     core.Term
		terms        []core.Term
		match        core.Index
		inDoubt      bool
	}{
		{prev: 5, prevTerm: 2, terms: []core.Term{2, 2}, commit: 5, match: 5, inDoubt: true},
		{prev: 7, prevTerm: 2, commit: 7, match: 7, inDoubt: true},
		{prev: 7, prevTerm: 2, terms: []core.Term{2}, commit: 7, match: 7, inDoubt: true},
		{prev: 8, prevTerm: 2, terms: []core.Term{3}, commit: 8, match: 8, inDoubt: false},
		{prev: 9, prevTerm: 3, terms: []core.Term{3}, commit: 8, match: 10, inDoubt: false},
	} {
		got := w.ask(t, &core.AppendEntriesRequest{
			From: 2, Term: 3, PrevIndex: c.prev, PrevTerm: c.prevTerm, Entries: termEntries(c.prev+1, c.terms...), Commit: c.commit, ReadContext: 7,
		}).(*core.AppendEntriesResponse)
		confirmed := uint64(7)
		if c.match < 10 {
			confirmed = 0
		}
		if !got.Success || got.Match != c.match || got.ReadContext != confirmed {
			t.Fatalf("append %d: %+v, want match %d and read context %d", i, got, c.match, confirmed)
		}
		waitStatus(t, n, func(s node.Status) bool { return s.InDoubt == c.inDoubt })
	}
	if len(w.calls) > 0 {
		t.Fatalf("a node in doubt has sent %+v", <-w.calls)
	}
	got := w.ask(t, &core.RequestVoteRequest{From: 3, Term: 4, LastIndex: 10, LastTerm: 3, Transfer: true}).(*core.RequestVoteResponse)
	if !got.Granted {
		t.Fatalf("no vote after the doubt has ended: %+v", got)
	}
}

// A committed entry of a later term ends the doubt too, however far it reaches.
func TestDoubtEndsWithALaterTerm(t *testing.T) {
	n, w := startDoubtful(t, core.Doubt{Sound: 5, Through: 1 << 40, Term: 2})
	w.ask(t, &core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 5, PrevTerm: 2, Entries: termEntries(6, 2, 3), Commit: 6})
	w.ask(t, &core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 7, PrevTerm: 3, Commit: 6})
	if !n.Status().InDoubt {
		t.Fatal("the doubt has ended with an entry of its own term")
	}
	w.ask(t, &core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 7, PrevTerm: 3, Commit: 7})
	waitStatus(t, n, func(s node.Status) bool { return !s.InDoubt })
}

func waitStatus(t *testing.T, n *node.Node, ok func(node.Status) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(n.Status()); {
		if time.Now().After(deadline) {
			t.Fatalf("status %+v", n.Status())
		}
		time.Sleep(time.Millisecond)
	}
}

// A node whose log on disk was damaged in the middle does not start; in quarantine it
// does, gets what it lost from the others, and takes part again.
func TestDamagedNodeRejoins(t *testing.T) {
	dir := t.TempDir()
	quarantined := false
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			return wal.Open(wal.Options{
				Dir: filepath.Join(dir, string('0'+rune(id))), Identity: wal.Identity{Cluster: 1, Node: id},
				SegmentBytes: 64 << 10, Quarantine: quarantined,
			})
		},
	})
	// The machine may be slow and the leadership change: that is not what fails here.
	put := func() {
		for deadline := time.Now().Add(30 * time.Second); cl.Do(t.Context(), &client.Op{Command: []byte("x")}) != nil; {
			if time.Now().After(deadline) {
				t.Fatal("nothing is committed")
			}
		}
	}
	for range 30 {
		put()
	}
	victim := c.Leader()%3 + 1
	last := c.Node(c.Leader()).Status().Last
	waitStatus(t, c.Node(victim), func(s node.Status) bool { return s.Applied == last })
	if err := c.Kill(victim); err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(dir, string('0'+rune(victim)), "0000000001.wal"), 5*512+100)
	var damage *wal.DamageError
	if err := c.Restart(victim); !errors.As(err, &damage) || damage.Doubt.Sound >= last || damage.Doubt.Through != last {
		t.Fatalf("started with %v, want a DamageError through %d", err, last)
	}
	quarantined = true
	if err := c.Restart(victim); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); c.Node(victim).Status().InDoubt; {
		put()
		if time.Now().After(deadline) {
			t.Fatalf("still in doubt: %+v", c.Node(victim).Status())
		}
	}
	// It takes part again: with one of the others down, it is needed.
	if err := c.Kill(victim%3 + 1); err != nil {
		t.Fatal(err)
	}
	put()
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
