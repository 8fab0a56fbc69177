package client_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// members plays three nodes of which node 2 leads and the others answer reads.
type members struct {
	down  map[core.NodeID]bool
	blind map[core.NodeID]bool // they know no leader
	reads []core.NodeID        // who was asked for reads
}

func (m *members) answer(c *core.Call) {
	c.Err = nil
	_, read := c.Request.(*core.ReadRequest)
	if read {
		m.reads = append(m.reads, c.To)
	}
	switch {
	case m.down[c.To]:
		c.Err = core.ErrUnavailable
	case m.blind[c.To]:
		status(core.StatusNotLeader, 0)(c)
	case !read && c.To != 2:
		status(core.StatusNotLeader, 2)(c)
	default:
		status(core.StatusOK, 2)(c)
		ok(c)
	}
}

// asked does some reads, one after the other, and returns who was asked for them.
func (m *members) asked(t *testing.T, cl *client.Client, n int) []core.NodeID {
	t.Helper()
	m.reads = nil
	for range n {
		if err := cl.Do(t.Context(), &client.Op{Read: true, Command: []byte("k")}); err != nil {
			t.Fatal(err)
		}
	}
	return m.reads
}

// Reads go to the nodes that they may go to, in turn; writes to the leader.
func TestReadFrom(t *testing.T) {
	for _, c := range []struct {
		from client.ReadFrom
		want []core.NodeID
	}{
		{"", []core.NodeID{2, 2, 2, 2}},
		{client.ReadFromLeader, []core.NodeID{2, 2, 2, 2}},
		{client.ReadFromFollowers, []core.NodeID{1, 3, 1, 3}},
		{client.ReadFromAny, []core.NodeID{1, 2, 3, 1}},
	} {
		m := new(members)
		cl := open(t, &script{answer: m.answer}, client.Config{ReadFrom: c.from})
		for range 2 {
			if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		if got := m.asked(t, cl, 4); cmp.Diff(c.want, got) != "" {
			t.Errorf("read from %q: asked %v, want %v", c.from, got, c.want)
		}
		if got := cl.Attempts().Redirects; got != 1 {
			t.Errorf("read from %q: %d redirects, want that of the first write", c.from, got)
		}
	}
}

// Who only reads learns of the leader from the followers that answer.
func TestReadersLearnWhoLeads(t *testing.T) {
	m := new(members)
	cl := open(t, &script{answer: m.answer}, client.Config{ReadFrom: client.ReadFromFollowers})
	m.asked(t, cl, 2)
	if got := m.asked(t, cl, 9); slices.Contains(got, 2) {
		t.Fatalf("asked %v, and 2 leads", got)
	}
	if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err != nil || cl.Attempts().Redirects > 0 {
		t.Fatalf("%v, %d redirects: the leader was known", err, cl.Attempts().Redirects)
	}
}

// A node that is down, or knows no leader, is left out for a while; without any the
// leader is asked, and writes do not suffer from it.
func TestReadersAvoidWhoCannotAnswer(t *testing.T) {
	for name, m := range map[string]*members{
		"down":  {down: map[core.NodeID]bool{1: true, 3: true}},
		"blind": {blind: map[core.NodeID]bool{1: true, 3: true}},
	} {
		cl := open(t, &script{answer: m.answer}, client.Config{ReadFrom: client.ReadFromFollowers})
		_ = cl.Do(t.Context(), &client.Op{Command: []byte("x")})
		got := m.asked(t, cl, 20)
		toLeader := 0
		for _, id := range got {
			if id == 2 {
				toLeader++
			}
		}
		if toLeader != 20 || len(got) == toLeader {
			t.Errorf("%s: asked %v, want two tries now and then, and the leader each time", name, got)
		}
		if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m.down, m.blind = nil, nil
		for i := 0; ; i++ { // they are tried again
			if got := m.asked(t, cl, 1); got[0] != 2 {
				break
			}
		}
	}
}

func TestReadFromIsChecked(t *testing.T) {
	_, err := client.New(client.Config{Nodes: []core.NodeID{1}, Open: new(script).open, Done: func([]*client.Op) {}, ReadFrom: "moon"})
	if want := `client: ReadFrom "moon": allowed are leader, followers, any`; err == nil || err.Error() != want {
		t.Fatalf("%v, want %s", err, want)
	}
}
