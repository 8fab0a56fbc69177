package fault

import (
	"errors"
	"fmt"
	"slices"
)

// census knows who is a member of a cluster while a script changes that. New nodes are
// numbered in the order in which they join.
type census struct {
	last     int // the highest number of a node so far
	voters   int
	learners []Where // they have no voice
	gone     []Where // they were removed
}

func newCensus(nodes int) census { return census{last: nodes, voters: nodes} }

// allows says why an act can never be done to such a cluster.
func (c *census) allows(a Act) error {
	switch {
	case int(a.Node) > c.last:
		return fmt.Errorf("there is no node %v: the cluster has %d", a.Node, c.last)
	case a.Verb == Transfer && c.voters == 1:
		return errors.New("a single node has nobody to transfer to")
	case a.Verb == Remove && c.voters == 1 && !c.pointless(a) && !slices.Contains(c.learners, a.Node):
		return errors.New("it is the last one that votes: want add, or replace")
	}
	return nil
}

// pointless reports whether there is nothing to do: the node has not joined yet, or was
// removed, or has a voice already.
func (c *census) pointless(a Act) bool {
	switch {
	case int(a.Node) > c.last, slices.Contains(c.gone, a.Node):
		return true
	case a.Verb == Promote && a.Node != All:
		return !slices.Contains(c.learners, a.Node)
	}
	return false
}

// note counts what an act has done, be it to a node with a number or without.
func (c *census) note(a Act) {
	if c.pointless(a) {
		return
	}
	switch {
	case a.Verb == Promote && a.Node == All:
		c.voters += len(c.learners)
		c.learners = nil
	case a.Verb == Promote:
		c.voters++
		c.forget(a.Node)
	case a.leaves():
		c.leave(a.Node)
	}
	if a.Verb != Add && a.Verb != Replace {
		return
	}
	c.last++
	if a.Node == Learner {
		c.learners = append(c.learners, Where(c.last))
	} else {
		c.voters++
	}
}

// leave counts a node that is removed; nobody knows which one will lead.
func (c *census) leave(node Where) {
	if !c.forget(node) {
		c.voters--
	}
	if node != Leader {
		c.gone = append(c.gone, node)
	}
}

// forget takes a node off the learners, if it is one of them.
func (c *census) forget(node Where) bool {
	i := slices.Index(c.learners, node)
	if i < 0 {
		return false
	}
	c.learners = slices.Delete(c.learners, i, i+1)
	return true
}
