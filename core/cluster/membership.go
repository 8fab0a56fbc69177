package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/raft"
)

// changePause is how long a change waits that came at a bad moment: while another
// is under way, a learner catches up or a leader is elected.
const changePause = 10 * time.Millisecond

// AddMember starts a node and makes it a learner: it gets the log and has no
// voice until Promote (dissertation §4.2.1).
func (c *Cluster) AddMember(ctx context.Context) (core.NodeID, error) {
	m := c.addPlace()
	if m == nil {
		return 0, fmt.Errorf("cluster: add a member: there have been %d nodes, which is as many as a cluster can have", core.MaxMembers)
	}
	err := c.listen(m)
	if err == nil {
		err = c.startMember(m)
	}
	if err == nil {
		err = c.change(ctx, func(now *core.Configuration) {
			if !now.IsMember(m.id) {
				now.Learners = append(now.Learners, m.id)
			}
		})
	}
	if err != nil {
		return 0, fmt.Errorf("cluster: add a member: %w", err)
	}
	return m.id, nil
}

// Promote makes learners voters, all by one joint configuration (§4.3). It waits
// until they have caught up.
func (c *Cluster) Promote(ctx context.Context, ids ...core.NodeID) error {
	return c.Replace(ctx, nil, ids)
}

// RemoveMember takes a node out of the cluster, and waits until another one leads: a
// leader that is removed hands its office over, for which it has to be there. The node
// itself goes on, and says that it does not lead, until Kill: who still asks it learns
// of the others.
func (c *Cluster) RemoveMember(ctx context.Context, id core.NodeID) error {
	return c.Replace(ctx, []core.NodeID{id}, nil)
}

// Replace removes some members and promotes others in one change (§4.3). It waits
// until those have caught up and one of those that stay leads.
func (c *Cluster) Replace(ctx context.Context, out, in []core.NodeID) error {
	for _, id := range slices.Concat(out, in) {
		if c.place(id) == nil {
			return noSuchNode(id)
		}
	}
	leaves := func(id core.NodeID) bool { return slices.Contains(out, id) }
	joins := func(id core.NodeID) bool { return slices.Contains(in, id) || leaves(id) }
	err := c.change(ctx, func(now *core.Configuration) {
		now.Voters = slices.DeleteFunc(now.Voters, joins)
		now.Learners = slices.DeleteFunc(now.Learners, joins)
		now.Voters = append(now.Voters, in...)
	})
	if err != nil {
		return fmt.Errorf("cluster: remove %v, promote %v: %w", out, in, err)
	}
	c.noteChange(out, in)
	return c.wait(ctx, func() error {
		if leader := c.Leader(); leader == 0 || leaves(leader) {
			return errors.New("nobody leads after a change of members")
		}
		return nil
	})
}

// noteChange keeps who is a member, and tells the clients.
func (c *Cluster) noteChange(out, in []core.NodeID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range out {
		c.members[id-1].removed = true
	}
	for _, id := range in {
		c.members[id-1].learner = false
	}
	var voters []core.NodeID
	for _, m := range c.members {
		if !m.removed && !m.learner {
			voters = append(voters, m.id)
		}
	}
	c.voters.Set(voters)
}

// change has the leader change the members, and tries again as long as it was the
// wrong moment. If it is to the end, the error says why it was the last time.
func (c *Cluster) change(ctx context.Context, edit func(*core.Configuration)) error {
	var why error
	for {
		err := c.tryChange(ctx, edit)
		switch {
		case err == nil:
			return nil
		case !isPassing(err):
			return errors.Join(err, why)
		}
		why = err
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), why)
		case <-time.After(changePause):
		}
	}
}

func (c *Cluster) tryChange(ctx context.Context, edit func(*core.Configuration)) error {
	id, err := c.WaitLeader(ctx)
	if err != nil {
		return err
	}
	leader := c.Node(id)
	if leader == nil {
		return raft.ErrNotLeader
	}
	to := leader.Members()
	to = to.Sorted() // a copy
	if to.IsJoint() {
		return raft.ErrChanging
	}
	edit(&to)
	return leader.ChangeMembership(ctx, to)
}

// isPassing reports whether a change may go through a little later. After a loss of
// leadership it may have gone through already; then it is nothing to do it again.
func isPassing(err error) bool {
	passing := []error{raft.ErrNotLeader, raft.ErrChanging, raft.ErrNotCaughtUp, raft.ErrNoMajority, raft.ErrTransferring, node.ErrChangeUnknown}
	return slices.ContainsFunc(passing, func(p error) bool { return errors.Is(err, p) })
}

// addPlace makes room for one more node, or returns nil if there is none.
func (c *Cluster) addPlace() *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.members) == core.MaxMembers {
		return nil
	}
	m := &member{id: core.NodeID(len(c.members) + 1), learner: len(c.members) >= c.config.Nodes}
	c.members = append(c.members, m)
	return m
}

// place returns a node's place, or nil if there was never such a node.
func (c *Cluster) place(id core.NodeID) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id < 1 || int(id) > len(c.members) {
		return nil
	}
	return c.members[id-1]
}

// places returns all of them.
func (c *Cluster) places() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

// founders are the members with which the cluster began, as a node is told that
// is one of them; the others are told by the leader.
func (c *Cluster) founders(id core.NodeID) []core.NodeID {
	if int(id) > c.config.Nodes {
		return nil
	}
	ids := make([]core.NodeID, c.config.Nodes)
	for i := range ids {
		ids[i] = core.NodeID(i + 1)
	}
	return ids
}
