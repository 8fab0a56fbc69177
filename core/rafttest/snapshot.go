package rafttest

import (
	"bytes"
	"encoding/binary"

	"github.com/raftbench/raftbench/core"
)

// The state machine is a hash of everything that was applied; its snapshot is that
// hash, three times, each of them changed in its own way, so that a piece that is missing
// or from elsewhere shows. In worlds with sessions the snapshot of the machine with sessions
// comes after it, and the sum of that.
const (
	snapshotBytes = 24
	sumBytes      = 8
)

// encodeState returns a snapshot of the state machine, with that hash.
func (n *node) encodeState(state uint64) []byte {
	data := encodeHash(state)
	if machine := n.machineState(); machine != nil {
		data = append(data, machine...)
		data = binary.LittleEndian.AppendUint64(data, hashOf(machine))
	}
	return data
}

func encodeHash(state uint64) []byte {
	var data []byte
	for k := range uint64(snapshotBytes / 8) {
		data = binary.LittleEndian.AppendUint64(data, state+k*0x9E3779B97F4A7C15)
	}
	return data
}

func hashOf(b []byte) uint64 { return sum(0, &core.Entry{Data: b}) }

// decodeState returns the hash in a snapshot and what the machine with sessions wrote;
// nil if there was none.
func decodeState(data []byte) (state uint64, machine []byte, whole bool) {
	if len(data) < snapshotBytes {
		return 0, nil, false
	}
	state = binary.LittleEndian.Uint64(data)
	whole = bytes.Equal(encodeHash(state), data[:snapshotBytes])
	rest := data[snapshotBytes:]
	if len(rest) == 0 {
		return state, nil, whole
	}
	if len(rest) < sumBytes {
		return 0, nil, false
	}
	machine = rest[:len(rest)-sumBytes]
	return state, machine, whole && binary.LittleEndian.Uint64(rest[len(machine):]) == hashOf(machine)
}

// restoreState puts the state machine into a snapshot's state.
func (n *node) restoreState(index core.Index, data []byte) {
	n.applied, n.state = index, 0
	if index == 0 {
		n.restoreMachine(nil)
		return
	}
	state, machine, whole := decodeState(data)
	if !whole {
		n.sim.check.fail("a snapshot is whole", "%v loads %x as the snapshot through %d", n.id, data, index)
		return
	}
	n.state = state
	n.restoreMachine(machine)
	n.sim.check.applied(n, n.applied, n.state)
}

// inBackground does something later than the loop, after limit at most or when the disk
// has come to it: never if the node crashes before.
func (n *node) inBackground(limit int64, do func()) {
	n.sim.after(n.sim.rng.Int64N(limit+1), n.unlessStalled(n.life, do))
}

func (n *node) unlessStalled(life int, do func()) func() {
	return func() {
		switch {
		case n.raft == nil || n.life != life:
		case n.stalled:
			n.sim.after(n.tickEvery, n.unlessStalled(life, do))
		default:
			do()
		}
	}
}

// onLoop does what something in the background has led to.
func (n *node) onLoop(do func()) {
	life := n.life
	n.whenAwake(func() {
		if n.life == life {
			do()
			n.work()
		}
	})
}

// maybeSnapshot begins to take a snapshot now and then: it has the state of this
// moment, whenever it is written.
func (n *node) maybeSnapshot() {
	s := n.sim
	if s.snapshotEvery == 0 || n.taking || n.loading || n.applied < n.disk.log.snapshot.Index+s.snapshotEvery {
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
	case CompactBeforeDurable:
		n.raft.SetSnapshot(meta)
		n.disk.forget(meta.Index)
	}
	s.trace.printf(s.now, "%v begins %v", n.id, meta)
	n.taking = true
	captured := n.encodeState(state)
	n.inBackground(s.snapshotDelay, func() {
		if s.opt.Bug == SnapshotOfLaterState {
			captured = n.encodeState(n.state)
		}
		n.disk.finish(meta, captured)
		n.inBackground(s.snapshotDelay, func() { n.onLoop(func() { n.taken(meta) }) })
	})
}

// taken takes up a snapshot that was written, and compacts the log behind it, unless one
// that was installed meanwhile is newer.
func (n *node) taken(meta core.SnapshotMeta) {
	s := n.sim
	n.taking = false
	if meta.Index <= n.disk.log.snapshot.Index && s.opt.Bug != AdoptOlderSnapshot {
		n.disk.drop(meta)
		return
	}
	s.trace.printf(s.now, "%v has taken %v", n.id, meta)
	n.disk.adopt(meta)
	n.raft.SetSnapshot(meta)
	n.disk.forget(meta.Index - min(core.Index(s.rng.IntN(10)), meta.Index))
	s.result.Taken++
}

// install takes over a snapshot that Raft has accepted. The state machine loads it in
// the background.
func (n *node) install(meta core.SnapshotMeta) {
	s := n.sim
	s.trace.printf(s.now, "%v installs %v", n.id, meta)
	data, ok := n.disk.adopt(meta)
	if !ok {
		s.check.fail("a snapshot is whole", "%v installs %v and has %v", n.id, meta, n.assembly.meta)
		return
	}
	n.membersChanged = true
	s.result.Snapshots++
	n.load(meta, data)
}

// load has the state machine take a snapshot.
func (n *node) load(meta core.SnapshotMeta, data []byte) {
	n.loads++
	load := n.loads
	n.loading = true
	n.inBackground(n.sim.snapshotDelay, func() {
		n.onLoop(func() {
			if load != n.loads {
				return // another one was installed meanwhile
			}
			n.loading = false
			n.restoreState(meta.Index, data)
			n.raft.Applied(meta.Index)
			n.answerReads()
		})
	})
}
