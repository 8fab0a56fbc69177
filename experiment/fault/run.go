package fault

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Target is what faults are done to. Nodes are numbered from 1.
type Target interface {
	Cut(node int) error
	Heal(node int)
	Kill(node int) error
	Restart(node int) error
	// Transfer asks whoever leads to hand over to a node. It does nothing if nobody
	// leads.
	Transfer(node int)
	// Leader is the node that leads, or 0.
	Leader() int
}

// Done is one thing that was done.
type Done struct {
	At   time.Time // when it began
	Took time.Duration
	Verb Verb
	Node int
}

// Breaks reports whether something was taken from the cluster rather than given back.
func (d Done) Breaks() bool { return d.Verb.breaks() }

func (d Done) String() string {
	switch d.Verb {
	case Cut:
		return fmt.Sprintf("node %d was cut off", d.Node)
	case Heal:
		return fmt.Sprintf("node %d was let back", d.Node)
	case Kill:
		return fmt.Sprintf("node %d was killed", d.Node)
	case Restart:
		return fmt.Sprintf("node %d was restarted", d.Node)
	}
	return fmt.Sprintf("leadership was to go to node %d", d.Node)
}

// Operator does a schedule to a target. One caller at a time.
type Operator struct {
	Target Target

	// Wait sleeps until an action is due, so long after the start of the window. It
	// returns false when nothing more is to be done.
	Wait func(at time.Duration) bool

	// Done is told of everything that was done. What is pointless, such as to kill
	// a node that is down, is not done and not told.
	Done func(Done)

	cut, down []int // nodes
}

// Run does the actions at their times. An error of the target ends it.
func (o *Operator) Run(actions []Action) error {
	for _, a := range actions {
		if !o.Wait(a.At) {
			return nil
		}
		for _, node := range o.nodes(a.Act) {
			if err := o.do(a.Verb, node); err != nil {
				return fmt.Errorf("%s %d: %w", a.Verb, node, err)
			}
		}
	}
	return nil
}

// nodes are those that an act concerns now.
func (o *Operator) nodes(a Act) []int {
	switch {
	case a.Node == Leader:
		if leader := o.Target.Leader(); leader > 0 {
			return []int{leader}
		}
		return nil // nobody leads: there is nobody to do it to
	case a.Node == All && a.Verb == Heal:
		return slices.Clone(o.cut)
	case a.Node == All:
		return slices.Clone(o.down)
	}
	return []int{int(a.Node)}
}

// do does one thing, unless it is done already.
func (o *Operator) do(v Verb, node int) error {
	if slices.Contains(o.cut, node) == (v == Cut) && (v == Cut || v == Heal) {
		return nil
	}
	if slices.Contains(o.down, node) == (v == Kill) && (v == Kill || v == Restart) {
		return nil
	}
	began := time.Now()
	if err := o.order(v, node); err != nil {
		return err
	}
	o.Done(Done{At: began, Took: time.Since(began), Verb: v, Node: node})
	return nil
}

func (o *Operator) order(v Verb, node int) error {
	var err error
	switch v {
	case Cut:
		err = o.Target.Cut(node)
		o.cut = append(o.cut, node)
	case Heal:
		o.Target.Heal(node)
		o.cut = without(o.cut, node)
	case Kill:
		err = o.Target.Kill(node)
		o.down = append(o.down, node)
	case Restart:
		err = o.Target.Restart(node)
		o.down = without(o.down, node)
	case Transfer:
		o.Target.Transfer(node)
	default:
		err = errors.New("this cannot be done")
	}
	return err
}

func without(list []int, node int) []int {
	return slices.DeleteFunc(list, func(n int) bool { return n == node })
}
