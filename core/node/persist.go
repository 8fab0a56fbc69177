package node

import (
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// writes follows what was given to the storage and has not become durable.
type writes struct {
	last    uint64 // the newest write given to the storage
	durable uint64 // the newest write known to be durable
	held    []held // messages that wait, in the order of their writes
	done    []durable
	inside  atomic.Bool // the loop is within Storage.Write

	sizes     []writeSize // of those that are not durable
	bytes     int64       // of all of them
	bytesMost atomic.Int64
}

// writeSize is what a write's entries count.
type writeSize struct {
	seq   uint64
	bytes int64
}

// given notes a write that the storage is given.
func (w *writes) given(seq uint64, entries []core.Entry) {
	if bytes := int64(core.EntriesSizeBytes(entries)); bytes > 0 {
		w.sizes = append(w.sizes, writeSize{seq, bytes})
		w.bytes += bytes
		w.bytesMost.Store(max(w.bytesMost.Load(), w.bytes))
	}
}

// became notes that the writes through seq are durable.
func (w *writes) became(seq uint64) {
	k := 0
	for k < len(w.sizes) && w.sizes[k].seq <= seq {
		w.bytes -= w.sizes[k].bytes
		k++
	}
	w.sizes = append(w.sizes[:0], w.sizes[k:]...)
}

// held is what may leave once write seq is durable.
type held struct {
	seq      uint64
	messages []raft.Message
}

// persist writes what rd asks for. A snapshot that arrived is made durable
// before the write, which may rest on it.
func (n *Node) persist(rd *raft.Ready) {
	if rd.Snapshot.Index > 0 {
		if err := n.installSnapshot(rd.Snapshot); err != nil {
			n.fail(err)
			return
		}
	}
	w := &n.writes
	if rd.Seq > 0 {
		w.last = rd.Seq
		w.given(rd.Seq, rd.Entries)
		w.inside.Store(true)
		n.config.Storage.Write(core.Write{HardState: rd.HardState, Entries: rd.Entries, Sync: rd.Sync}, n.writeDone(rd.Seq))
		w.inside.Store(false)
		n.traces.written(rd.Seq, rd.Entries)
	}
	if len(rd.AfterPersist) > 0 {
		w.held = append(w.held, held{w.last, rd.AfterPersist})
	}
}

func (n *Node) writeDone(seq uint64) func(error) {
	return func(err error) {
		n.inbox.persisted(durable{seq, err})
		// After it was noted: a loop that leaves Storage.Write from here on looks
		// by itself, as it does with a storage in memory.
		if !n.writes.inside.Load() {
			n.inbox.ring()
		}
	}
}

// becomeDurable tells raft of the writes that have become durable, and lets go
// what waited for them.
func (n *Node) becomeDurable() {
	w := &n.writes
	n.traces.committed(n.raft.Commit()) // by followers, if at all: before it is known what the disk did
	w.done = n.inbox.takeDurable(w.done[:0])
	for _, d := range w.done {
		if d.err != nil {
			n.fail(d.err)
			return
		}
		w.durable = d.seq
		w.became(d.seq)
		n.traces.persisted(d.seq)
		n.raft.Persisted(d.seq)
		n.traces.committed(n.raft.Commit())
	}
	released := 0
	for _, h := range w.held {
		if h.seq > w.durable {
			break
		}
		n.dispatch(h.messages)
		released++
	}
	if released > 0 {
		rest := copy(w.held, w.held[released:])
		clear(w.held[rest:])
		w.held = w.held[:rest]
	}
}
