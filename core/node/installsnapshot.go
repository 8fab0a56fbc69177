package node

import (
	"fmt"
	"io"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/snapshot"
)

// installSnapshot makes the snapshot that has arrived the storage's. The state machine
// takes it in the background: raft gives out nothing behind it until that is done.
func (n *Node) installSnapshot(meta core.SnapshotMeta) error {
	a := n.arriving
	if a == nil || a.header.Meta != meta {
		return fmt.Errorf("raft asks for %v, which has not arrived", meta)
	}
	n.arriving = nil
	if err := n.config.Storage.AdoptSnapshot(a.writer); err != nil {
		return err
	}
	n.apply.snapshot, n.apply.snapshotBytes, n.apply.bytes = meta, a.header.SizeBytes, 0
	n.apply.toLoad = true
	n.counters.installs.Add(1)
	return nil
}

// maybeLoad has the state machine take the newest snapshot, when nobody else uses it.
func (n *Node) maybeLoad() {
	a := &n.apply
	if !a.toLoad || a.loading || n.taking != nil || n.failed != nil {
		return
	}
	m, r, err := n.config.Storage.OpenSnapshot()
	if err != nil {
		n.fail(err)
		return
	}
	a.toLoad, a.loading = false, true
	n.background.Go(func() {
		err := n.config.StateMachine.ReadSnapshot(&endingReader{r, n.quit})
		_ = r.Close() // it was only read
		n.inbox.do(func() { n.loaded(m.Meta, err) })
	})
}

// endingReader reads a snapshot until the node is closed, so that Close need not wait for
// a large one.
type endingReader struct {
	io.Reader
	quit <-chan struct{}
}

func (r *endingReader) Read(b []byte) (int, error) {
	select {
	case <-r.quit:
		return 0, errClosed
	default:
		return r.Reader.Read(b)
	}
}

// loaded lets the entries behind a snapshot be applied.
func (n *Node) loaded(meta core.SnapshotMeta, err error) {
	a := &n.apply
	a.loading = false
	switch {
	case n.failed != nil || a.toLoad: // the next one has been installed meanwhile
	case err != nil:
		n.fail(fmt.Errorf("read %v: %w", meta, err))
	default:
		a.applied = meta.Index
		n.counters.applied.Store(uint64(meta.Index))
		n.raft.Applied(meta.Index)
		n.answerReads()
	}
}

// restore loads the snapshot in the storage into the state machine, at the start. If it
// is signed, and signatures are demanded, its signature must hold.
func (n *Node) restore() error {
	m, r, err := n.config.Storage.OpenSnapshot()
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	defer func() { _ = r.Close() }() // it was only read
	h := snapshot.Header{Cluster: n.config.Cluster, SnapshotManifest: m}
	if m.Signature != (core.Signature{}) {
		if err := n.config.Snapshot.Trust.Verify(&h); err != nil {
			return fmt.Errorf("stored %v: %w", m.Meta, err)
		}
	}
	if err := n.config.StateMachine.ReadSnapshot(r); err != nil {
		return fmt.Errorf("read %v: %w", m.Meta, err)
	}
	n.apply.snapshotBytes = m.SizeBytes
	return nil
}
