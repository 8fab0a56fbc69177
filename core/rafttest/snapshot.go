package rafttest

import (
	"encoding/binary"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// The state machine is a hash of everything that was applied; its snapshot is its
// length, that hash, and in worlds with sessions what the machine with sessions
// writes. It travels in a few chunks so that streaming is exercised.
const (
	stateBytes = 24
	chunkBytes = 10
	chunks     = 3
)

func (n *node) encodeState(state uint64) []byte {
	machine := n.machineState()
	b := binary.LittleEndian.AppendUint64(nil, uint64(stateBytes+len(machine)))
	b = binary.LittleEndian.AppendUint64(append(b, make([]byte, 8)...), state)
	return append(b, machine...)
}

// isWhole reports whether a snapshot is not cut short.
func isWhole(data []byte) bool {
	return len(data) >= stateBytes && binary.LittleEndian.Uint64(data) == uint64(len(data))
}

// restoreState puts the state machine into a snapshot's state.
func (n *node) restoreState(index core.Index, data []byte) {
	n.applied, n.state = index, 0
	if index == 0 {
		n.restoreMachine(nil)
		return
	}
	n.state = binary.LittleEndian.Uint64(data[stateBytes-8:])
	n.restoreMachine(data[stateBytes:])
	n.sim.check.applied(n, n.applied, n.state)
}

// maybeSnapshot takes a snapshot now and then, and compacts the log behind it.
func (n *node) maybeSnapshot() {
	s := n.sim
	if s.snapshotEvery == 0 || n.applied < n.disk.log.snapshot.Index+s.snapshotEvery {
		return
	}
	meta, err := n.raft.SnapshotMeta(n.applied)
	if err != nil {
		s.check.fail("applied entries are in the log", "%v: term of %d: %v", n.id, n.applied, err)
		return
	}
	state := n.state
	switch s.opt.Bug {
	case SnapshotMislabelled:
		state = s.check.states[n.applied-1]
	case SnapshotWithoutConfig:
		meta.Config = ""
	}
	s.trace.printf(s.now, "%v takes %v", n.id, meta)
	n.disk.saveSnapshot(meta, n.encodeState(state))
	n.raft.SetSnapshot(meta)
	n.disk.forget(meta.Index - min(core.Index(s.rng.IntN(10)), meta.Index))
}

// install takes over a snapshot that Raft has accepted.
func (n *node) install(meta core.SnapshotMeta) {
	s := n.sim
	if n.assembly.meta != meta || !isWhole(n.assembly.data) {
		s.check.fail("a snapshot is whole", "%v installs %v with %d bytes of %v", n.id, meta, len(n.assembly.data), n.assembly.meta)
		return
	}
	s.trace.printf(s.now, "%v installs %v", n.id, meta)
	n.disk.saveSnapshot(meta, slices.Clone(n.assembly.data))
	n.restoreState(meta.Index, n.disk.data)
	n.membersChanged = true
	n.raft.Applied(meta.Index)
	n.answerReads()
	s.result.Snapshots++
}

// assembly is a snapshot that is arriving.
type assembly struct {
	meta core.SnapshotMeta
	data []byte
}

// assemble takes in a chunk. One that does not fit is stepped without Done, and
// answered with the offset that would.
func (n *node) assemble(in *incoming, q *core.InstallSnapshotRequest) {
	if n.assembly.meta != q.Snapshot || q.Offset == 0 {
		n.assembly = assembly{meta: q.Snapshot} // a sender that begins again has its reasons
	}
	a := &n.assembly
	if q.Offset == uint64(len(a.data)) {
		a.data = append(a.data, q.Data...)
		return
	}
	if q.Done && isWhole(a.data) {
		return // the last chunk again
	}
	q.Done, in.veto, in.want = false, true, uint64(len(a.data))
}

// snapshotTransfer is a snapshot that is leaving, chunk by chunk.
type snapshotTransfer struct {
	req  *core.InstallSnapshotRequest // as Raft gave it
	data []byte
	sent int // chunks, of which there is a bound
}

func (n *node) startTransfer(c *call, q *core.InstallSnapshotRequest) {
	if q.Snapshot != n.disk.log.snapshot {
		n.sim.check.fail("a snapshot that is sent exists", "%v sends %v and has %v", n.id, q.Snapshot, n.disk.log.snapshot)
		return
	}
	c.transfer = &snapshotTransfer{req: q, data: n.disk.data}
	n.sendChunk(c.to, c.transfer, 0)
}

func (n *node) sendChunk(to *node, t *snapshotTransfer, offset uint64) {
	q := *t.req
	size := max(chunkBytes, (len(t.data)+chunks-1)/chunks)
	end := min(offset+uint64(size), uint64(len(t.data)))
	q.Offset, q.Data, q.Done = offset, t.data[offset:end], end == uint64(len(t.data))
	t.sent++
	n.sim.start(&call{from: n, to: to, req: &q, life: n.life, transfer: t})
}

// nextChunk goes on with a transfer, and reports whether the response is for
// Raft to see.
func (n *node) nextChunk(c *call, a *core.InstallSnapshotResponse) bool {
	if a.Match > 0 || a.Term > c.transfer.req.Term || c.life != n.life {
		return true
	}
	if a.NextOffset >= uint64(len(c.transfer.data)) || c.transfer.sent > 20 {
		n.raft.ReportFailure(c.to.id, c.transfer.req)
		n.work()
		return false
	}
	n.sendChunk(c.to, c.transfer, a.NextOffset)
	return false
}
