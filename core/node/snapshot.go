package node

import (
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// A snapshot is taken in three steps, of which the loop does the first and the last: it
// has the state machine hold on to its state, a goroutine writes that to the disk, and
// the loop adopts what was written and compacts the log (dissertation §5.1.1). One is
// taken at a time.

// taking is a snapshot that is being taken.
type taking struct {
	meta    core.SnapshotMeta
	entries uint64 // applied since the one before, when it was begun
	bytes   uint64 // and their bytes
	capture core.Capture
	writer  core.SnapshotWriter // the goroutine's until it has ended
	size    uint64              // of what was written
	hurry   chan struct{}       // closed when the log grows faster than it is written
	hurries bool
}

// meanEntryBytes is what an entry had since the snapshot before, on average.
func (t *taking) meanEntryBytes() uint64 {
	return max(core.EntryOverheadBytes, t.bytes/max(1, t.entries))
}

const (
	// tailFraction of the interval between snapshots stays in the log behind one, and
	// slowFactor times the interval for a follower that is behind but following, so
	// that it need not be sent a snapshot.
	tailFraction = 2
	slowFactor   = 4
)

// maybeSnapshot begins to take a snapshot, once enough was applied. If as much is applied
// again while it is being written, that is not held back any more: the log cannot be cut
// before, and it is in memory.
func (n *Node) maybeSnapshot() {
	a := &n.apply
	if t := n.taking; t != nil && !t.hurries && a.bytes >= t.bytes+n.config.Snapshot.logBytes(a.snapshotBytes) {
		t.hurries = true
		close(t.hurry)
	}
	entries := uint64(a.applied) - min(uint64(a.applied), uint64(a.snapshot.Index))
	if n.taking != nil || n.failed != nil || a.isLoading() || !n.config.Snapshot.isDue(entries, a.bytes, a.snapshotBytes) {
		return
	}
	meta, err := n.raft.SnapshotMeta(a.applied)
	if err != nil {
		n.fail(err)
		return
	}
	t := &taking{meta: meta, entries: entries, bytes: a.bytes, capture: core.CaptureOf(n.config.StateMachine), hurry: make(chan struct{})}
	n.taking = t
	n.background.Go(func() {
		err := n.write(t)
		n.inbox.do(func() { n.taken(t, err) })
	})
}

// write writes a snapshot to the disk.
func (n *Node) write(t *taking) error {
	w, err := n.config.Storage.NewSnapshot(t.meta)
	if err != nil {
		return err
	}
	t.writer = w
	err = t.capture.WriteSnapshot(&pacedWriter{w, n, t.hurry})
	if err == nil {
		err = w.Finish(func(m core.SnapshotManifest) (core.Signature, error) {
			t.size = m.SizeBytes
			return n.config.Snapshot.Signer.Sign(n.config.Cluster, m), nil
		})
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %v: %w", t.meta, err), w.Abort())
	}
	return nil
}

// taken takes up a snapshot that was written, unless one that was installed meanwhile
// is newer.
func (n *Node) taken(t *taking, err error) {
	t.capture.Release()
	n.taking = nil
	a := &n.apply
	switch {
	case n.failed != nil:
		return
	case err == nil && t.meta.Index <= a.snapshot.Index:
		err = t.writer.Abort()
	case err == nil:
		if err = n.config.Storage.AdoptSnapshot(t.writer); err == nil {
			a.snapshot, a.snapshotBytes, a.bytes = t.meta, t.size, a.bytes-t.bytes
			n.raft.SetSnapshot(t.meta)
			n.counters.snapshots.Add(1)
			err = n.config.Storage.Compact(n.compactTo(t))
		}
	}
	if err != nil {
		n.fail(err)
	}
}

// compactTo is the index up to which the log can go, after a snapshot was taken.
func (n *Node) compactTo(t *taking) core.Index {
	mean := t.meanEntryBytes()
	interval := core.Index(n.config.Snapshot.interval(mean, t.size))
	snapshotEntries := core.Index(t.size / mean)
	to := keepTail(t.meta.Index, interval, snapshotEntries, n.raft.Status().Progress)
	return max(to, n.config.Storage.FirstIndex()-1)
}

// keepTail is the index up to which the log behind a snapshot can go, which is as large
// as so many entries. What a follower lacks that is behind, or that is being sent a
// snapshot, is kept as long as it is less than the snapshot that it would need instead.
func keepTail(snapshot, interval, snapshotEntries core.Index, followers []raft.Progress) core.Index {
	limit := max(slowFactor*interval, snapshotEntries)
	to := snapshot - min(snapshot, interval/tailFraction)
	for _, p := range followers {
		if has := max(p.Match, p.PendingSnapshot); has < to && has+limit > to {
			to = has
		}
	}
	return to
}
