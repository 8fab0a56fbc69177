package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// ErrChangeUnknown: this node stopped leading while it changed the members. The
// change may be completed by the next leader, or be undone.
var ErrChangeUnknown = errors.New("leadership lost during a change of members")

// errClosed is what a change ends with when the node does.
var errClosed = errors.New("node closed")

// memberChange is a change under way. The loop ends it.
type memberChange struct {
	to   core.Configuration
	term core.Term
	done chan<- error // has room for one
}

// ChangeMembership makes to the members of the cluster and waits until that is
// committed (dissertation §4). Only the leader can; it does one change at a
// time, and nobody becomes a voter who has not caught up as a learner: the
// errors are raft's, or ErrChangeUnknown. When ctx ends, the change may still be
// completed.
func (n *Node) ChangeMembership(ctx context.Context, to core.Configuration) error {
	done := make(chan error, 1)
	n.inbox.do(func() { n.beginChange(memberChange{to.Sorted(), n.raft.Term(), done}) })
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-n.quit:
		err = errClosed
	}
	if err != nil {
		return fmt.Errorf("%v: change members to %v: %w", n.config.ID, to, err)
	}
	return nil
}

func (n *Node) beginChange(c memberChange) {
	err := n.failed
	if err == nil {
		_, _, err = n.raft.ChangeMembership(c.to)
	}
	if err != nil {
		c.done <- err
		return
	}
	n.changes = append(n.changes, c)
}

// endChanges tells those who wait for a change what became of it.
func (n *Node) endChanges() {
	n.changes = slices.DeleteFunc(n.changes, func(c memberChange) bool {
		now, index := n.raft.Configuration()
		switch {
		case n.failed != nil:
			c.done <- n.failed
		case now.Equal(&c.to) && index <= n.raft.Commit():
			c.done <- nil
		case n.raft.Term() != c.term || n.raft.Leader() != n.config.ID:
			c.done <- ErrChangeUnknown
		default:
			return false
		}
		return true
	})
}

// Members returns the configuration in force at the end of the loop's last turn.
// Its lists must not be written to.
func (n *Node) Members() core.Configuration {
	n.status.mu.Lock()
	defer n.status.mu.Unlock()
	return n.status.members
}
