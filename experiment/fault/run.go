package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Target is what a script is done to. Nodes are numbered from 1.
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

	// Add starts a node, makes it a learner and returns its number, which is the next
	// one. It may be called beside those above, as may Change.
	Add(ctx context.Context) (node int, err error)
	// Change makes a learner a voter as soon as it has caught up, and in the same step
	// takes a member out, which goes on running. Zero: nobody.
	Change(ctx context.Context, in, out int) error
}

// Done is one thing that was done.
type Done struct {
	At     time.Time // when it began
	Took   time.Duration
	Act        // with the number of the node, but for add
	Joined int // the number of a new node; zero: there is none
}

// Breaks reports whether something was taken from the cluster for a while.
func (d Done) Breaks() bool { return d.Verb.breaks() }

// Changes reports whether the members were changed.
func (d Done) Changes() bool { return d.Verb.changes() }

// Whom is the number of the node that it was done to, or of the new one if there was
// none before.
func (d Done) Whom() int {
	if d.Verb == Add {
		return d.Joined
	}
	return int(d.Node)
}

func (d Done) String() string {
	switch d.Verb {
	case Cut:
		return fmt.Sprintf("node %v was cut off", d.Node)
	case Heal:
		return fmt.Sprintf("node %v was let back", d.Node)
	case Kill:
		return fmt.Sprintf("node %v was killed", d.Node)
	case Restart:
		return fmt.Sprintf("node %v was restarted", d.Node)
	case Add:
		return fmt.Sprintf("node %d joined as a %v", d.Joined, d.Node)
	case Promote:
		return fmt.Sprintf("node %v became a voter", d.Node)
	case Remove:
		return fmt.Sprintf("node %v was removed", d.Node)
	case Replace:
		return fmt.Sprintf("node %d took the place of node %v", d.Joined, d.Node)
	}
	return fmt.Sprintf("leadership was to go to node %v", d.Node)
}

// Operator does a schedule to a target, once.
//
// What changes the members may take long, above all while the cluster has no quorum. It
// is done beside the rest, which may give the quorum back: one change after the other, on
// a goroutine that Run starts and awaits.
type Operator struct {
	Target Target
	Nodes  int // of the cluster at the start

	// Wait sleeps until an action is due, so long after the start of the window. It
	// returns false when nothing more is to be done. It may be called concurrently.
	Wait func(at time.Duration) bool

	// Done is told of everything that was done, concurrently. What is pointless, such as
	// to kill a node that is down, is not done and not told.
	Done func(Done)

	mu        sync.Mutex // held while something is done that takes no time
	census    census
	cut, down []Where
}

// Run does the actions at their times. An error of the target ends what is done in order
// with it, and so does ctx with a change that is under way.
func (o *Operator) Run(ctx context.Context, actions []Action) error {
	o.census = newCensus(o.Nodes)
	changes, others := []Action(nil), []Action(nil)
	for _, a := range actions {
		if a.Verb.changes() {
			changes = append(changes, a)
		} else {
			others = append(others, a)
		}
	}
	var running sync.WaitGroup
	var changed error
	running.Go(func() {
		changed = o.inOrder(changes, func(a Act) error { return o.change(ctx, a) })
	})
	err := o.inOrder(others, o.do)
	running.Wait()
	if err == nil {
		err = changed
	}
	return err
}

// inOrder does actions one after the other, each to the nodes that it concerns by then.
func (o *Operator) inOrder(actions []Action, do func(Act) error) error {
	for _, action := range actions {
		if !o.Wait(action.At) {
			return nil
		}
		for _, a := range o.resolve(action.Act) {
			if err := do(a); err != nil {
				return fmt.Errorf("%v: %w", a, err)
			}
		}
	}
	return nil
}

// resolve puts the numbers of nodes into an act.
func (o *Operator) resolve(a Act) []Act {
	o.mu.Lock()
	defer o.mu.Unlock()
	var nodes []Where
	switch {
	case a.Node == Leader:
		leader := Where(o.Target.Leader())
		if leader == 0 {
			return nil // nobody leads: there is nobody to do it to
		}
		nodes = []Where{leader}
	case a.Node == All && a.Verb == Heal:
		nodes = o.cut
	case a.Node == All && a.Verb == Restart:
		nodes = o.down
	case a.Node == All:
		nodes = o.census.learners
	default:
		return []Act{a}
	}
	var acts []Act
	for _, node := range nodes {
		acts = append(acts, Act{a.Verb, node})
	}
	return acts
}

// do does what takes no time, unless it is done already.
func (o *Operator) do(a Act) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.cut, a.Node) == (a.Verb == Cut) && (a.Verb == Cut || a.Verb == Heal) {
		return nil
	}
	if slices.Contains(o.down, a.Node) == (a.Verb == Kill) && (a.Verb == Kill || a.Verb == Restart) {
		return nil
	}
	if o.census.pointless(a) {
		return nil
	}
	began := time.Now()
	if err := o.order(a.Verb, a.Node); err != nil {
		return err
	}
	o.Done(Done{At: began, Took: time.Since(began), Act: a})
	return nil
}

func (o *Operator) order(v Verb, node Where) error {
	var err error
	switch v {
	case Cut:
		err = o.Target.Cut(int(node))
		o.cut = append(o.cut, node)
	case Heal:
		o.Target.Heal(int(node))
		o.cut = without(o.cut, node)
	case Kill:
		err = o.Target.Kill(int(node))
		o.down = append(o.down, node)
	case Restart:
		err = o.Target.Restart(int(node))
		o.down = without(o.down, node)
	case Transfer:
		o.Target.Transfer(int(node))
	default:
		err = errors.New("this cannot be done")
	}
	return err
}

func without(list []Where, node Where) []Where {
	return slices.DeleteFunc(list, func(n Where) bool { return n == node })
}
