package fault

import (
	"context"
	"errors"
	"slices"
	"time"
)

// errCutShort is how a change ends that was under way when the window ended.
var errCutShort = errors.New("the window ended before it was done")

// change changes the members, unless they are so already.
func (o *Operator) change(ctx context.Context, a Act) error {
	if o.pointless(a) {
		return nil
	}
	began := time.Now()
	joined, err := o.changeMembers(ctx, a)
	switch {
	case err != nil && ctx.Err() != nil:
		return errCutShort
	case err != nil:
		return err
	}
	o.Done(Done{At: began, Took: time.Since(began), Act: a, Joined: joined})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.census.note(a)
	if a.leaves() && !slices.Contains(o.down, a.Node) {
		return o.Target.Kill(int(a.Node))
	}
	return nil
}

func (o *Operator) pointless(a Act) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.census.pointless(a)
}

// changeMembers returns the number of the new node, if there is one.
func (o *Operator) changeMembers(ctx context.Context, a Act) (joined int, err error) {
	in, out := 0, 0 // who gets a voice, and who leaves
	if a.Verb == Add || a.Verb == Replace {
		if joined, err = o.Target.Add(ctx); err != nil || a.Node == Learner {
			return joined, err
		}
		in = joined
	}
	if a.Verb == Promote {
		in = int(a.Node)
	}
	if a.leaves() {
		out = int(a.Node)
	}
	return joined, o.Target.Change(ctx, in, out)
}

// leaves reports whether the node is no member any more afterwards.
func (a Act) leaves() bool { return a.Verb == Remove || a.Verb == Replace }
