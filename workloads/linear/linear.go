// Package linear checks whether a recorded history of puts and gets could have
// come from one register a key, each operation taking effect at once, at some
// instant between its start and its end (Herlihy and Wing, ACM TOPLAS 12(3),
// 1990). The search is porcupine's.
//
// It is for tests: a search can take a time exponential in the number of
// operations that overlap. It starts no goroutine that outlives Check.
package linear

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
)

// What a check can find besides that all is well.
var (
	// ErrNotLinearizable: no order of the operations explains their results.
	ErrNotLinearizable = errors.New("history is not linearizable")
	// ErrUndecided: the time was up first. A test must count it as a failure.
	ErrUndecided = errors.New("linearizability check ran out of time")
)

// NotLinearizableError names the first key whose operations have no explanation.
// It matches ErrNotLinearizable.
type NotLinearizableError struct {
	Key        []byte
	Operations int // on that key
}

func (e *NotLinearizableError) Error() string {
	return fmt.Sprintf("%v: the %d operations on key %x have no explanation", ErrNotLinearizable, e.Operations, e.Key)
}

// Is makes errors.Is(err, ErrNotLinearizable) hold.
func (e *NotLinearizableError) Is(target error) bool { return target == ErrNotLinearizable }

// Check returns nil if events have an explanation that starts with an empty
// store. An operation that failed never took effect. One whose outcome is
// unknown may take effect at any time after its start, also after everything
// else, or never.
func Check(events []workloads.Event, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	keys := map[string][]porcupine.Operation{}
	var order []string
	for i := range events {
		key, op, matters, err := operation(&events[i])
		if err != nil {
			return fmt.Errorf("event %d of client %d: %w", i, events[i].Client, err)
		}
		if !matters {
			continue
		}
		if _, known := keys[key]; !known {
			order = append(order, key)
		}
		keys[key] = append(keys[key], op)
	}
	for _, key := range order {
		ops := withoutUnread(keys[key])
		left := time.Until(deadline)
		if left <= 0 {
			return ErrUndecided
		}
		switch porcupine.CheckOperationsTimeout(register(), ops, left) {
		case porcupine.Illegal:
			return &NotLinearizableError{Key: []byte(key), Operations: len(ops)}
		case porcupine.Unknown:
			return ErrUndecided
		}
	}
	return nil
}

// state is that of one register, and the input and output of an operation on it.
type state struct {
	exists bool
	value  string
}

// input is what was asked of a register.
type input struct {
	put     bool
	value   string
	unknown bool
}

// register is the specification of one key.
func register() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			if in := in.(input); in.put {
				return true, state{exists: true, value: in.value}
			}
			return s.(state) == out.(state), s
		},
	}
}

// operation turns an event into an operation on a key. Matters is false for an
// event that constrains nothing.
func operation(e *workloads.Event) (key string, op porcupine.Operation, matters bool, err error) {
	c, ok := kv.ParseCommand(e.Command)
	if !ok {
		return "", op, false, fmt.Errorf("malformed command % x", e.Command)
	}
	op = porcupine.Operation{
		ClientId: e.Client,
		Input:    input{put: c.Kind == kv.KindPut, value: string(c.Value), unknown: e.Outcome == client.OutcomeUnknown},
		Output:   state{},
		Call:     int64(e.Invoked),
		Return:   int64(e.Returned),
	}
	switch {
	case e.Outcome == client.OutcomeFailed:
		return "", op, false, nil
	case e.Outcome == client.OutcomeUnknown:
		op.Return = math.MaxInt64
		return string(c.Key), op, c.Kind == kv.KindPut, nil
	}
	status, value, ok := kv.ParseResult(e.Result)
	if !ok || status != kv.StatusOK && !(status == kv.StatusNotFound && c.Kind == kv.KindGet) {
		return "", op, false, fmt.Errorf("%v was answered % x", c.Kind, e.Result)
	}
	if c.Kind == kv.KindGet {
		op.Output = state{exists: status == kv.StatusOK, value: string(value)}
	}
	return string(c.Key), op, true, nil
}

// withoutUnread leaves out unknown puts of values that no get returned: if the
// rest has an explanation, such a put can stand at its very end; and an
// explanation with it stays one without it. Each one left in would double
// the search.
func withoutUnread(ops []porcupine.Operation) []porcupine.Operation {
	read := map[string]bool{}
	for _, op := range ops {
		if s := op.Output.(state); !op.Input.(input).put && s.exists {
			read[s.value] = true
		}
	}
	kept := make([]porcupine.Operation, 0, len(ops))
	for _, op := range ops {
		if in := op.Input.(input); !in.unknown || read[in.value] {
			kept = append(kept, op)
		}
	}
	return kept
}
