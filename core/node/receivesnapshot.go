package node

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/snapshot"
)

// arrivingSnapshot is a snapshot that is coming in from a leader. A goroutine writes each
// chunk to the storage, and the chunk is answered when it is written: that is the
// back-pressure, and nothing gathers in memory.
//
// What has arrived is kept when the connection breaks, and when another leader comes: if
// that one sends the same header, the rest is all that is sent.
type arrivingSnapshot struct {
	header   snapshot.Header
	encoded  []byte                      // the header as it came
	stream   core.InstallSnapshotRequest // From, Term and Session of the chunks that are expected
	at       uint64                      // the offset that is wanted next
	writer   core.SnapshotWriter         // nil before the first chunk of content
	writing  bool                        // a goroutine uses the writer
	finished bool                        // and it has finished the snapshot
	waiting  *core.Incoming              // came meanwhile
}

// receiveSnapshot takes up a chunk. A stale snapshot is raft's to answer.
func (n *Node) receiveSnapshot(r *core.Incoming, req *core.InstallSnapshotRequest) {
	a := n.arriving
	switch {
	case req.Term < n.raft.Term() || req.Snapshot.Index <= n.raft.Commit():
		n.step(r, req)
	case a != nil && a.writing:
		if a.waiting != nil {
			n.refuse(a.waiting, errors.New("another chunk of the snapshot has come"))
		}
		a.waiting = r
	case req.Offset == 0:
		n.beginSnapshot(r, req)
	case !a.expects(req):
		n.wantChunk(r, req, 0)
	case req.Offset != a.at:
		n.wantChunk(r, req, a.at)
	default:
		n.writeChunk(a, r, req)
	}
}

// expects reports whether a chunk is of the stream that has been accepted.
func (a *arrivingSnapshot) expects(req *core.InstallSnapshotRequest) bool {
	return a != nil && a.header.Meta == req.Snapshot && a.stream.From == req.From && a.stream.Term == req.Term && a.stream.Session == req.Session
}

// wantChunk answers a chunk with the offset that is wanted instead.
func (n *Node) wantChunk(r *core.Incoming, req *core.InstallSnapshotRequest, offset uint64) {
	other := *req
	other.Offset, other.Data, other.Done = offset, nil, false
	n.step(r, &other)
}

// beginSnapshot takes up a header, which says whether the rest is wanted, and from
// where on.
func (n *Node) beginSnapshot(r *core.Incoming, req *core.InstallSnapshotRequest) {
	h, err := n.checkHeader(req)
	if err != nil {
		n.refuseHeader(r, req, h.SnapshotManifest, err)
		return
	}
	a := n.arriving
	if a == nil || !bytes.Equal(a.encoded, req.Data) {
		n.dropArriving()
		a = &arrivingSnapshot{header: h, encoded: bytes.Clone(req.Data), at: uint64(len(req.Data))}
		n.arriving = a
	} else if a.writer != nil {
		n.counters.resumed.Add(1)
	}
	a.stream = core.InstallSnapshotRequest{From: req.From, Term: req.Term, Session: req.Session}
	n.wantChunk(r, req, a.at)
}

func (n *Node) checkHeader(req *core.InstallSnapshotRequest) (snapshot.Header, error) {
	h, err := snapshot.DecodeHeader(req.Data)
	switch {
	case err != nil:
		h.Meta = req.Snapshot
		return h, err
	case h.Meta != req.Snapshot:
		return h, fmt.Errorf("%w: it is of %v, announced was %v", snapshot.ErrHeader, h.Meta, req.Snapshot)
	case h.Cluster != n.config.Cluster:
		return h, fmt.Errorf("%w: %x, this is %x", snapshot.ErrCluster, h.Cluster, n.config.Cluster)
	}
	if _, err := core.DecodeConfiguration([]byte(h.Meta.Config)); h.Meta.Config != "" && err != nil {
		return h, fmt.Errorf("%w: %w", snapshot.ErrHeader, err)
	}
	return h, n.config.Snapshot.Trust.Verify(&h)
}

// writeChunk writes a chunk in the background. Its data is the transport's until it is
// answered.
func (n *Node) writeChunk(a *arrivingSnapshot, r *core.Incoming, req *core.InstallSnapshotRequest) {
	a.writing = true
	n.background.Go(func() {
		err := a.write(n.config.Storage, req)
		n.inbox.do(func() { n.chunkWritten(a, r, req, err) })
	})
}

// write appends a chunk to what has arrived, and verifies the whole after the last one.
// What is refused has been set aside.
func (a *arrivingSnapshot) write(s core.Storage, req *core.InstallSnapshotRequest) error {
	if a.writer == nil {
		w, err := s.NewSnapshot(a.header.Meta)
		if err != nil {
			return err
		}
		a.writer = w
	}
	_, err := a.writer.Write(req.Data)
	end := req.Offset + uint64(len(req.Data)) - uint64(len(a.encoded))
	switch {
	case err != nil:
	case end > a.header.SizeBytes:
		err = fmt.Errorf("%w: there are more than the %d bytes that it says", snapshot.ErrContent, a.header.SizeBytes)
	case req.Done:
		err = a.writer.Finish(func(m core.SnapshotManifest) (core.Signature, error) {
			return a.header.Signature, a.header.CheckContent(m)
		})
	}
	if errors.Is(err, snapshot.ErrContent) {
		err = errors.Join(err, a.writer.SetAside(a.header.SnapshotManifest))
	}
	return err
}

// chunkWritten answers a chunk, and has raft decide about the snapshot if it is whole.
func (n *Node) chunkWritten(a *arrivingSnapshot, r *core.Incoming, req *core.InstallSnapshotRequest, err error) {
	a.writing = false
	switch {
	case n.failed != nil:
		n.refuse(r, n.failed)
	case errors.Is(err, snapshot.ErrContent):
		n.arriving = nil
		n.refuseSnapshot(r, req, err)
	case err != nil:
		n.arriving = nil
		n.fail(err)
		n.refuse(r, n.failed)
	default:
		n.counters.chunks.Add(1)
		a.at += uint64(len(req.Data))
		a.finished = req.Done
		n.step(r, req)
		if req.Done {
			n.drain()
			n.dropArriving() // if it was not installed, it came too late
		}
	}
	if next := a.waiting; next != nil {
		a.waiting = nil
		n.received(next)
	}
}

// dropArriving forgets what has arrived. The file of an unfinished snapshot may be
// large, and take long to delete.
func (n *Node) dropArriving() {
	a := n.arriving
	n.arriving = nil
	switch {
	case a == nil || a.writer == nil:
	case a.finished:
		if err := a.writer.Abort(); err != nil {
			n.fail(err)
		}
	default:
		n.background.Go(func() {
			if err := a.writer.Abort(); err != nil {
				n.inbox.do(func() { n.fail(err) })
			}
		})
	}
}

// tidySnapshots forgets what has arrived of a snapshot that is not needed any more,
// and has the state machine take one that was installed.
func (n *Node) tidySnapshots() {
	if a := n.arriving; a != nil && !a.writing && a.header.Meta.Index <= n.raft.Commit() {
		n.dropArriving()
	}
	n.maybeLoad()
}

// endSnapshots gives up everything that is under way, when the node has stopped.
func (n *Node) endSnapshots() {
	for to := range n.sending {
		n.stopSnapshot(to)
	}
	if a := n.arriving; a != nil && a.writer != nil && !a.finished {
		_ = a.writer.Abort() // the next start deletes what is left
	}
}
