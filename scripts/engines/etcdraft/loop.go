package etcdraft

import (
	"fmt"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftbench/raftbench/core/client"
)

// run is the node's loop.
func (n *Node) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var held []proposal // waits for its batch
	for {
		select {
		case <-n.inbox.wake:
		case <-ticker.C:
			n.raw.Tick()
		}
		if n.inbox.isClosed() {
			n.fail()
			n.refuse(append(held, n.inbox.take().proposals...), ErrLost)
			return
		}
		arrived := n.inbox.take()
		for _, m := range arrived.messages {
			_ = n.raw.Step(m) // what is stale or from a stranger is refused, as it should be
		}
		held = append(held, arrived.proposals...)
		held = n.turn(held)
	}
}

// turn proposes what may be, and does what is ready, until nothing is. It returns the
// proposals that wait.
func (n *Node) turn(held []proposal) []proposal {
	for {
		if len(held) > 0 && len(n.batches) < maxBatches {
			n.propose(held)
			held = held[:0]
		}
		if !n.raw.HasReady() {
			return held
		}
		n.work(n.raw.Ready())
	}
}

// propose gives a batch to the library, as one message.
func (n *Node) propose(batch []proposal) {
	entries := encode(batch)
	err := raft.ErrProposalDropped
	if n.raw.BasicStatus().RaftState == raft.StateLeader {
		err = n.raw.Step(raftpb.Message{Type: raftpb.MsgProp, From: n.config.ID, Entries: entries})
	}
	if err != nil {
		n.refuse(batch, err)
		return
	}
	// The library has filled in where they are.
	for i, p := range batch {
		n.waiting = append(n.waiting, waiting{p, entries[i].Index, entries[i].Term})
	}
	n.batches = append(n.batches, entries[len(entries)-1].Index)
}

// encode copies the commands, which the log keeps, into one piece of memory.
func encode(batch []proposal) []raftpb.Entry {
	size := 0
	for _, p := range batch {
		size += len(p.op.Command)
	}
	data, entries := make([]byte, 0, size), make([]raftpb.Entry, len(batch))
	for i, p := range batch {
		at := len(data)
		data = append(data, p.op.Command...)
		entries[i].Data = data[at:len(data):len(data)]
	}
	return entries
}

// refuse ends proposals that are not in the log.
func (n *Node) refuse(batch []proposal, err error) {
	for _, p := range batch {
		n.ending.add(p, client.OutcomeFailed, fmt.Errorf("etcdraft: not proposed: %w", err))
	}
	n.ending.flush()
}

// work does what a Ready asks for.
func (n *Node) work(rd raft.Ready) {
	if rd.SoftState != nil {
		n.follow(rd.SoftState)
	}
	leads := n.raw.BasicStatus().RaftState == raft.StateLeader
	if leads {
		n.send(rd.Messages) // while the disk works; a leader acknowledges nothing to others
	}
	if n.disk != nil {
		if err := n.disk.Save(rd.HardState, rd.Entries); err != nil {
			panic(fmt.Sprintf("etcdraft: node %d: write the log: %v", n.config.ID, err))
		}
	}
	if err := n.memory.Append(rd.Entries); err != nil {
		panic(fmt.Sprintf("etcdraft: node %d: %v", n.config.ID, err))
	}
	if !leads {
		n.send(rd.Messages)
	}
	n.apply(rd.CommittedEntries)
	n.raw.Advance(rd)
}

func (n *Node) follow(s *raft.SoftState) {
	n.mu.Lock()
	n.lead = s.Lead
	n.mu.Unlock()
	if s.RaftState != raft.StateLeader {
		n.fail()
	}
}

// fail ends what was proposed under a leadership that is over.
func (n *Node) fail() {
	for _, w := range n.waiting {
		n.ending.add(w.proposal, client.OutcomeUnknown, ErrLost)
	}
	n.waiting, n.batches = nil, nil
	n.ending.flush()
}

// The log in memory is compacted as etcd does: every compactEvery entries, and a
// follower may be keepEntries behind.
const (
	compactEvery = 10_000
	keepEntries  = 5_000
)

// apply tells of committed entries, and of proposals that are done.
func (n *Node) apply(entries []raftpb.Entry) {
	if len(entries) == 0 {
		return
	}
	last := entries[len(entries)-1].Index
	commands := entries
	if slices.ContainsFunc(entries, isNoCommand) {
		commands = slices.DeleteFunc(slices.Clone(entries), isNoCommand)
	}
	n.config.Apply(commands)
	n.batches = n.batches[committed(n.batches, last):]
	n.acknowledge(entries)
	if last/compactEvery > n.applied/compactEvery && last > keepEntries {
		_ = n.memory.Compact(last - keepEntries) // it has been already
	}
	n.applied = last
}

// acknowledge ends the proposals that committed entries hold, or have taken the place of.
func (n *Node) acknowledge(entries []raftpb.Entry) {
	first, last := entries[0].Index, entries[len(entries)-1].Index
	done := 0
	for ; done < len(n.waiting) && n.waiting[done].index <= last; done++ {
		w := &n.waiting[done]
		if entries[w.index-first].Term == w.term {
			n.ending.add(w.proposal, client.OutcomeOK, nil)
		} else {
			n.ending.add(w.proposal, client.OutcomeUnknown, ErrLost)
		}
	}
	n.waiting = append(n.waiting[:0], n.waiting[done:]...)
	n.ending.flush()
}

func isNoCommand(e raftpb.Entry) bool { return e.Type != raftpb.EntryNormal || len(e.Data) == 0 }

// committed counts the batches that end at or before an index.
func committed(batches []uint64, last uint64) int {
	for i, end := range batches {
		if end > last {
			return i
		}
	}
	return len(batches)
}
