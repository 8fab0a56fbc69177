package experiment

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads/kv"
)

// MachineKind says what the nodes replicate.
type MachineKind string

// The kinds of state machine.
const (
	MachineKV   MachineKind = "kv"             // a map from keys to values
	MachineNull MachineKind = reports.NameNull // nothing: the cost of replication alone
)

// MachineKinds lists them.
func MachineKinds() []MachineKind { return []MachineKind{MachineKV, MachineNull} }

// StateMachine is what the nodes of an arm replicate.
type StateMachine struct {
	Kind MachineKind

	// Sessions is how many sessions of clients the nodes remember, so that a write which
	// is sent again is executed once (core/session). Zero: none.
	Sessions int
}

// stateMachines is the product of kinds and numbers of sessions.
func (s *Settings) stateMachines() []StateMachine {
	kinds, sessions := s.Machines, s.Sessions
	if len(kinds) == 0 {
		kinds = []MachineKind{MachineKV}
	}
	if len(sessions) == 0 {
		sessions = []int{0}
	}
	var out []StateMachine
	for _, kind := range kinds {
		for _, n := range sessions {
			out = append(out, StateMachine{kind, n})
		}
	}
	return out
}

// machineLabel names what differs between the state machines.
func (s *Settings) machineLabel(v StateMachine) string {
	label := ""
	if len(s.Machines) > 1 {
		label = "state-machine=" + string(v.Kind)
	}
	switch {
	case len(s.Sessions) < 2:
		return label
	case label != "":
		label += " "
	}
	if v.Sessions == 0 {
		return label + "sessions=off"
	}
	return fmt.Sprintf("%ssessions=%d", label, v.Sessions)
}

func (s *Settings) validateMachines() error {
	if err := allowed("--state-machine", MachineKinds(), s.Machines...); err != nil {
		return err
	}
	for _, n := range s.Sessions {
		if n < 0 || n > session.MaxSessions {
			return fmt.Errorf("--sessions %d: want 1 to %d, or off", n, session.MaxSessions)
		}
	}
	return nil
}

// readBytes is how large the results of the arm's reads are: the null machine has no values.
func (a *Arm) readBytes() int {
	if a.Machine.Kind == MachineNull {
		return 0
	}
	return a.Payload
}

// open makes a node's state machine, for at most so many keys.
func (v StateMachine) open(keys int) core.StateMachine {
	inner := core.StateMachine(kv.Null{})
	if v.Kind == MachineKV {
		inner = kv.New(keys)
	}
	if v.Sessions == 0 {
		return inner
	}
	m, err := session.New(inner, session.Config{Sessions: v.Sessions})
	if err != nil {
		return nil // Validate has seen to it; a node refuses to start without one
	}
	return m
}
