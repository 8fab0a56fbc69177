package raft

import (
	"errors"
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// Config is what a Raft is made from. Zero values of the limits take the
// default.
type Config struct {
	// ID is this node.
	ID core.NodeID

	// Voters are the members with which the cluster begins, this node among
	// them. They count only as long as neither Snapshot nor Log knows better. A
	// node that is to join a cluster has none: it neither votes nor stands for
	// election until a leader has told it who the members are.
	Voters []core.NodeID

	// Log is read by Raft and written by its driver, from Ready.
	Log core.Log

	// HardState is what was durable at the start.
	HardState core.HardState

	// Snapshot is the newest snapshot that was durable at the start. The state
	// machine begins in its state: the first entry in Ready.Committed is the
	// one after it.
	Snapshot core.SnapshotMeta

	// ElectionTicks is the shortest election timeout. Each timeout is drawn
	// from [ElectionTicks, 2*ElectionTicks). Default 10. It must be larger than
	// HeartbeatTicks, and long enough for a round trip and a disk write.
	ElectionTicks int

	// HeartbeatTicks is the time between heartbeats. Default 1.
	HeartbeatTicks int

	// MaxAppendBytes bounds the entries of one AppendEntries (by
	// core.EntriesSizeBytes); one entry always goes. Default 16 KiB.
	MaxAppendBytes int

	// MaxInflight bounds the AppendEntries with entries that are under way to
	// one follower. Default 4. By Little's law the throughput of one follower is
	// at most MaxInflight*MaxAppendBytes per round trip.
	MaxInflight int

	// MaxInflightBytes bounds their entries in bytes: no more are sent once it
	// is reached, so that the last one may go past it. Default 16 MiB. It
	// matters only if single entries are large.
	MaxInflightBytes int

	// MaxUncommittedBytes bounds the proposed entries that are not committed;
	// beyond it Propose returns ErrOverloaded. One batch is always let through.
	// Default 64 MiB.
	MaxUncommittedBytes int

	// DisablePreVote lets a node raise its term before it knows that it could
	// win (dissertation §9.6).
	DisablePreVote bool

	// DisableCheckQuorum lets a leader go on that hears from no majority
	// (§6.2), and lets a node vote that hears from a leader (§4.2.3). The two
	// belong together: voters that stick to a leader rely on its stepping down.
	DisableCheckQuorum bool

	// LeaseDriftPercent, if it is not zero, lets a leader answer reads without
	// asking while it holds a lease (§6.4.1). It is the most by which the clock
	// of any member may run faster than that of another, in percent. All members
	// must have the same, and the same ElectionTicks. It needs check-quorum, and
	// a driver that loses no ticks (see lease, Skip). A leader that finds a clock faster
	// than that holds no leases any more (FastClock). Reads outside of a lease are
	// confirmed by a round of heartbeats.
	LeaseDriftPercent int

	// LeaseTicks is the length of a lease. Default, and the most: what LongestLease
	// says. It must be more than HeartbeatTicks, or there would be gaps.
	LeaseTicks int

	// Newborn, if it is not zero, says that Log was made in this life of the node, or
	// in an earlier one in which Raft.Newborn did not become false: the node may have
	// lost its disk. It is a number that no other life of the node has. What such a
	// node abstains from, and until when: see newborn.
	Newborn uint64

	// Seed makes the election timeouts, together with ID.
	Seed uint64
}

func (c Config) withDefaults() Config {
	setDefault(&c.ElectionTicks, 10)
	setDefault(&c.HeartbeatTicks, 1)
	setDefault(&c.MaxAppendBytes, 16<<10)
	setDefault(&c.MaxInflight, 4)
	setDefault(&c.MaxInflightBytes, 16<<20)
	setDefault(&c.MaxUncommittedBytes, 64<<20)
	return c
}

func setDefault(field *int, value int) {
	if *field == 0 {
		*field = value
	}
}

// validate names the first field that is wrong. Defaults have been filled in.
func (c *Config) validate() error {
	if err := c.validateMembers(); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"ElectionTicks", c.ElectionTicks},
		{"HeartbeatTicks", c.HeartbeatTicks},
		{"MaxAppendBytes", c.MaxAppendBytes},
		{"MaxInflight", c.MaxInflight},
		{"MaxInflightBytes", c.MaxInflightBytes},
		{"MaxUncommittedBytes", c.MaxUncommittedBytes},
		{"LeaseDriftPercent", c.LeaseDriftPercent},
		{"LeaseTicks", c.LeaseTicks},
	} {
		if f.value < 0 {
			return fmt.Errorf("raft: %s is %d: it must be positive", f.name, f.value)
		}
	}
	if c.ElectionTicks <= c.HeartbeatTicks {
		return fmt.Errorf("raft: ElectionTicks is %d: it must be larger than HeartbeatTicks, which is %d", c.ElectionTicks, c.HeartbeatTicks)
	}
	if err := c.validateLease(); err != nil {
		return err
	}
	return c.validateLog()
}

func (c *Config) validateMembers() error {
	if c.ID == 0 {
		return errors.New("raft: ID is zero, which means nobody")
	}
	for i, v := range c.Voters {
		if v == 0 {
			return errors.New("raft: Voters names node zero, which means nobody")
		}
		if slices.Contains(c.Voters[:i], v) {
			return fmt.Errorf("raft: Voters names %v twice", v)
		}
	}
	if len(c.Voters) > core.MaxMembers {
		return fmt.Errorf("raft: Voters names %d nodes: at most %d are allowed", len(c.Voters), core.MaxMembers)
	}
	if len(c.Voters) > 0 && !slices.Contains(c.Voters, c.ID) {
		return fmt.Errorf("raft: ID is %d, which is not among Voters %v", uint64(c.ID), c.Voters)
	}
	return nil
}

func (c *Config) validateLog() error {
	if c.Log == nil {
		return errors.New("raft: Log is nil")
	}
	first, last := c.Log.FirstIndex(), c.Log.LastIndex()
	if c.Snapshot.Index > last || c.Snapshot.Index+1 < first {
		return fmt.Errorf("raft: Snapshot is %v, but the log holds %d to %d", c.Snapshot, first, last)
	}
	if c.HardState.Commit > last {
		return fmt.Errorf("raft: HardState.Commit is %d, but the log ends at %d", c.HardState.Commit, last)
	}
	return nil
}
