package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

func TestConfigurationParts(t *testing.T) {
	c := core.Configuration{Voters: []core.NodeID{1, 2, 4}, Outgoing: []core.NodeID{1, 2, 3}, Learners: []core.NodeID{3, 5}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]core.NodeID{1, 2, 3, 4, 5}, c.Members()); d != "" {
		t.Fatalf("members (-want +got):\n%s", d)
	}
	if !c.IsVoter(3) || !c.IsVoter(4) || c.IsVoter(5) || !c.IsMember(5) || c.IsMember(6) || !c.IsJoint() {
		t.Fatalf("%v: somebody has another part than was given", c)
	}
	if got, want := c.String(), "voters [1 2 4] and [1 2 3] learners [3 5]"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	mixed := core.Configuration{Voters: []core.NodeID{2, 1}, Learners: []core.NodeID{9, 3}}
	sorted := mixed.Sorted()
	if d := cmp.Diff(core.Configuration{Voters: []core.NodeID{1, 2}, Learners: []core.NodeID{3, 9}}, sorted); d != "" {
		t.Fatalf("sorted (-want +got):\n%s", d)
	}
	if mixed.Voters[0] != 2 || mixed.Equal(&sorted) || !sorted.Equal(&sorted) {
		t.Fatal("Sorted wrote to its receiver, or Equal cannot tell")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	many := make([]core.NodeID, core.MaxMembers+1)
	for i := range many {
		many[i] = core.NodeID(i + 1)
	}
	for _, c := range []struct {
		in   core.Configuration
		want string
	}{
		{core.Configuration{}, "without voters"},
		{core.Configuration{Voters: []core.NodeID{0}}, "node zero"},
		{core.Configuration{Voters: []core.NodeID{1, 1}}, "node 1 twice"},
		{core.Configuration{Voters: []core.NodeID{2, 1}}, "node 1 after node 2"},
		{core.Configuration{Voters: []core.NodeID{1}, Learners: []core.NodeID{1}}, "voter and as a learner"},
		{core.Configuration{Voters: many}, "65 members: at most 64"},
	} {
		if err := c.in.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.in, err, c.want)
		}
	}
}

// What decodes encodes to the same bytes, memory is bounded by the input, and
// nothing panics.
func FuzzDecodeConfiguration(f *testing.F) {
	joint := core.Configuration{Voters: []core.NodeID{1, 2, 4}, Outgoing: []core.NodeID{1, 2, 3}, Learners: []core.NodeID{3, 1 << 40}}
	f.Add([]byte(joint.Encode()))
	f.Add([]byte{1, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 255, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := core.DecodeConfiguration(data)
		if err != nil {
			if !errors.Is(err, core.ErrConfiguration) {
				t.Fatalf("%v does not match ErrConfiguration", err)
			}
			return
		}
		if got := c.Encode(); got != string(data) {
			t.Fatalf("%v encodes to %x, decoded was %x", c, got, data)
		}
	})
}

func TestNoConfigurationIsEmpty(t *testing.T) {
	var c core.Configuration
	if got := c.Encode(); got != "" {
		t.Fatalf("%q", got)
	}
	if _, err := core.DecodeConfiguration(nil); !errors.Is(err, core.ErrConfiguration) {
		t.Fatalf("%v", err)
	}
}
