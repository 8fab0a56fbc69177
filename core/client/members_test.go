package client_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// Every node is replaced: the client follows to nodes that it was not opened with, and
// those that are gone are asked once more at most.
func TestMembersAreReplaced(t *testing.T) {
	var members client.Members
	leader, asked := core.NodeID(1), []core.NodeID(nil)
	s := &script{answer: func(c *core.Call) {
		asked = append(asked, c.To)
		c.Err = nil
		switch {
		case c.To < 4 && leader >= 4:
			c.Err = core.ErrUnavailable // it is gone
		case c.To != leader:
			status(core.StatusNotLeader, leader)(c)
		default:
			ok(c)
		}
	}}
	cl := open(t, s, client.Config{Members: &members})
	write := func() []core.NodeID {
		asked = nil
		if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		return asked
	}
	if got := write(); cmp.Diff([]core.NodeID{1}, got) != "" {
		t.Fatalf("asked %v", got)
	}
	leader = 5
	list := []core.NodeID{4, 5, 6}
	members.Set(list)
	list[0] = 99 // it is the caller's
	got := write()
	if got[0] != 1 || slices.Max(got[1:]) > 6 || slices.Min(got[1:]) < 4 || got[len(got)-1] != 5 {
		t.Fatalf("asked %v: want node 1 once, and then the new ones until node 5", got)
	}
	if got := write(); cmp.Diff([]core.NodeID{5}, got) != "" {
		t.Fatalf("asked %v, when node 5 was known to lead", got)
	}
}

// A new node is asked for as many reads as the others from then on, and one that is gone
// for none.
func TestReadersMeetMembers(t *testing.T) {
	var list client.Members
	m := new(members)
	cl := open(t, &script{answer: m.answer}, client.Config{ReadFrom: client.ReadFromFollowers, Members: &list})
	if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if got := m.asked(t, cl, 4); cmp.Diff([]core.NodeID{1, 3, 1, 3}, got) != "" {
		t.Fatalf("asked %v", got)
	}
	list.Set([]core.NodeID{2, 3, 4})
	if got := m.asked(t, cl, 4); cmp.Diff([]core.NodeID{3, 4, 3, 4}, got) != "" {
		t.Fatalf("asked %v: want node 3 and the new one in turn", got)
	}
}
