package node

import (
	"bytes"
	"fmt"
	"io"

	"github.com/raftbench/raftbench/core"
)

const (
	// chunkBytes is the size of the pieces in which a snapshot travels.
	chunkBytes = 1 << 20

	// maxSnapshotBytes bounds a snapshot that arrives: it is gathered in memory.
	maxSnapshotBytes = 1 << 30

	// tailFraction of SnapshotEntries stays in the log behind a snapshot, and
	// slowFactor times SnapshotEntries for a follower that is behind but
	// following, so that it need not be sent a snapshot.
	tailFraction = 2
	slowFactor   = 4
)

// maybeSnapshot saves the state and compacts the log, once enough was applied.
// The loop waits for it: states are small as yet, and a snapshot of a large one
// belongs into the background (docs/decisions/0009).
func (n *Node) maybeSnapshot() {
	a := &n.apply
	if n.failed != nil || a.applied < a.snapshot.Index+core.Index(n.config.SnapshotEntries) {
		return
	}
	meta, err := n.raft.SnapshotMeta(a.applied)
	if err != nil {
		n.fail(err)
		return
	}
	if err := n.config.Storage.SaveSnapshot(meta, n.config.StateMachine.WriteSnapshot); err != nil {
		n.fail(err)
		return
	}
	a.snapshot = meta
	n.raft.SetSnapshot(meta)
	n.counters.snapshots.Add(1)
	if err := n.config.Storage.Compact(n.compactTo()); err != nil {
		n.fail(err)
	}
}

// compactTo is the index up to which the log can go.
func (n *Node) compactTo() core.Index {
	entries := core.Index(n.config.SnapshotEntries)
	to := n.apply.snapshot.Index - min(n.apply.snapshot.Index, entries/tailFraction)
	for _, p := range n.raft.Status().Progress {
		if p.Match < to && p.Match+slowFactor*entries > to {
			to = p.Match
		}
	}
	return max(to, n.config.Storage.FirstIndex()-1)
}

// snapshotStream is a snapshot on its way to a follower, one chunk at a time.
type snapshotStream struct {
	reader io.ReadCloser
	buf    []byte
	last   *core.InstallSnapshotRequest // the chunk under way
}

// startSnapshot sends the newest snapshot to a follower. first is raft's
// request, without data.
func (n *Node) startSnapshot(to core.NodeID, first *core.InstallSnapshotRequest) {
	n.stopSnapshot(to)
	meta, reader, err := n.config.Storage.OpenSnapshot()
	if err != nil || meta != first.Snapshot {
		if reader != nil {
			_ = reader.Close() // nothing was read from it
		}
		n.raft.ReportFailure(to, first)
		return
	}
	s := &snapshotStream{reader: reader, buf: make([]byte, chunkBytes)}
	n.fetching[to] = s
	n.sendChunk(to, s, first, 0)
}

// sendChunk sends the next piece, with the terms of the request before it.
func (n *Node) sendChunk(to core.NodeID, s *snapshotStream, before *core.InstallSnapshotRequest, offset uint64) {
	size, err := io.ReadFull(s.reader, s.buf)
	done := err == io.EOF || err == io.ErrUnexpectedEOF
	if err != nil && !done {
		n.stopSnapshot(to)
		n.raft.ReportFailure(to, before)
		return
	}
	next := *before
	next.Offset, next.Data, next.Done = offset, s.buf[:size], done
	s.last = &next
	n.outgoing.add(to, s.last)
}

// continueSnapshot takes up a chunk's answer.
func (n *Node) continueSnapshot(call *core.Call, req *core.InstallSnapshotRequest) {
	s := n.fetching[call.To]
	if s == nil || s.last != req {
		return // of a stream that was given up
	}
	if call.Err != nil {
		n.counters.failedCalls.Add(1)
		n.stopSnapshot(call.To)
		n.raft.ReportFailure(call.To, req)
		return
	}
	resp := call.Response.(*core.InstallSnapshotResponse)
	next := req.Offset + uint64(len(req.Data))
	switch {
	case resp.Term > req.Term || resp.Match > 0:
		n.stopSnapshot(call.To)
		n.raft.StepResponse(resp)
	case !req.Done && resp.NextOffset == next:
		n.sendChunk(call.To, s, req, next)
	default:
		n.stopSnapshot(call.To)
		n.raft.ReportFailure(call.To, req)
	}
}

func (n *Node) stopSnapshot(to core.NodeID) {
	if s := n.fetching[to]; s != nil {
		_ = s.reader.Close() // it was only read
		delete(n.fetching, to)
	}
}

// arrivingSnapshot gathers the chunks of a snapshot from the leader.
type arrivingSnapshot struct {
	meta    core.SnapshotMeta
	session uint64
	data    []byte
}

// receiveSnapshot takes up a chunk. One that does not follow the one before is
// answered with the offset wanted.
func (n *Node) receiveSnapshot(r *core.Incoming, req *core.InstallSnapshotRequest) {
	if req.Term < n.raft.Term() {
		n.step(r, req) // of a leader of the past: it is answered and changes nothing
		return
	}
	a := &n.arriving
	if req.Offset == 0 {
		*a = arrivingSnapshot{meta: req.Snapshot, session: req.Session}
	}
	follows := a.meta == req.Snapshot && a.session == req.Session && req.Offset == uint64(len(a.data))
	if !follows || len(a.data)+len(req.Data) > maxSnapshotBytes {
		*r.Response.(*core.InstallSnapshotResponse) = core.InstallSnapshotResponse{
			From: n.config.ID, Term: n.raft.Term(), Session: req.Session,
		}
		n.answers = append(n.answers, r)
		return
	}
	a.data = append(a.data, req.Data...)
	n.step(r, req)
	if req.Done {
		// Installed before the next chunk is taken up, which may begin another.
		n.drain()
		*a = arrivingSnapshot{}
	}
}

// installSnapshot makes the snapshot that has arrived the node's state.
func (n *Node) installSnapshot(meta core.SnapshotMeta) error {
	a := &n.arriving
	if a.meta != meta {
		return fmt.Errorf("raft asks for %v, but %v has arrived", meta, a.meta)
	}
	err := n.config.Storage.SaveSnapshot(meta, func(w io.Writer) error {
		_, err := w.Write(a.data)
		return err
	})
	if err != nil {
		return err
	}
	if err := n.config.StateMachine.ReadSnapshot(bytes.NewReader(a.data)); err != nil {
		return fmt.Errorf("read %v: %w", meta, err)
	}
	n.apply.applied, n.apply.snapshot = meta.Index, meta
	n.counters.applied.Store(uint64(meta.Index))
	n.counters.installs.Add(1)
	*a = arrivingSnapshot{}
	return nil
}

// restore loads the snapshot in the storage into the state machine.
func (n *Node) restore() error {
	meta, r, err := n.config.Storage.OpenSnapshot()
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	defer r.Close() // it was only read
	if err := n.config.StateMachine.ReadSnapshot(r); err != nil {
		return fmt.Errorf("read %v: %w", meta, err)
	}
	return nil
}
