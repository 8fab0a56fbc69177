package experiment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/workloads/kv"
)

func TestStateMachinesAreArms(t *testing.T) {
	for _, c := range []struct {
		kinds    []MachineKind
		sessions []int
		want     []string
	}{
		{nil, nil, []string{"inproc"}},
		{[]MachineKind{MachineNull}, []int{8}, []string{"inproc"}},
		{nil, []int{0, 8}, []string{"inproc sessions=off", "inproc sessions=8"}},
		{MachineKinds(), nil, []string{"inproc state-machine=kv", "inproc state-machine=null"}},
		{MachineKinds(), []int{0, 8}, []string{
			"inproc state-machine=kv sessions=off", "inproc state-machine=kv sessions=8",
			"inproc state-machine=null sessions=off", "inproc state-machine=null sessions=8",
		}},
	} {
		s := settings(t, "inproc")
		s.Machines, s.Sessions = c.kinds, c.sessions
		if diff := cmp.Diff(c.want, armLabels(t, s)); diff != "" {
			t.Errorf("%v, %v (-want +got):\n%s", c.kinds, c.sessions, diff)
		}
	}
}

func TestStateMachinesAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		`--state-machine "tape": allowed are kv, null`: func(s *Settings) { s.Machines = []MachineKind{"tape"} },
		"--sessions -1: want 1 to 1048576, or off":     func(s *Settings) { s.Sessions = []int{-1} },
		"--sessions 1048577":                           func(s *Settings) { s.Sessions = []int{session.MaxSessions + 1} },
	} {
		s := settings(t, "inproc")
		change(s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestStateMachineOpens(t *testing.T) {
	if _, ok := (StateMachine{Kind: MachineKV}).open(8).(*kv.Machine); !ok {
		t.Error("kv is no kv machine")
	}
	if _, ok := (StateMachine{Kind: MachineNull}).open(8).(kv.Null); !ok {
		t.Error("null is no null machine")
	}
	if _, ok := (StateMachine{Kind: MachineNull, Sessions: 2}).open(8).(*session.Machine); !ok {
		t.Error("with sessions it is not wrapped")
	}
}
