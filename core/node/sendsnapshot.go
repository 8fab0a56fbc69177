package node

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/snapshot"
)

// snapshotStream is a snapshot on its way to a follower: its header, and then its
// content, in chunks. One chunk is under way at a time, and the follower's answer says
// at which offset the next one begins: so it goes on where a connection broke.
type snapshotStream struct {
	to     core.NodeID
	first  *core.InstallSnapshotRequest // raft's, without data
	header []byte
	size   uint64 // of the header and the content

	leap int // times that the follower wanted another offset than the next one

	buf  []byte // of the content under way
	stop chan struct{}

	mu      sync.Mutex                   // guards what follows
	last    *core.InstallSnapshotRequest // the chunk under way
	reader  io.ReadSeekCloser
	reading bool // a goroutine uses the reader
	stopped bool
}

// maxLeaps bounds how often a follower can make a stream begin at another offset: once
// is what a connection that broke takes.
const maxLeaps = 8

// startSnapshot sends the newest snapshot to a follower. first is raft's request.
func (n *Node) startSnapshot(to core.NodeID, first *core.InstallSnapshotRequest) {
	n.stopSnapshot(to)
	m, reader, err := n.config.Storage.OpenSnapshot()
	if err == nil && m.Meta != first.Snapshot {
		err = fmt.Errorf("the newest snapshot is %v", m.Meta)
		if reader != nil {
			err = errors.Join(err, reader.Close())
		}
	}
	if err != nil {
		n.warn("send %v to %v: %v", first.Snapshot, to, err)
		n.raft.ReportFailure(to, first)
		return
	}
	h := snapshot.Header{Cluster: n.config.Cluster, SnapshotManifest: m}
	s := &snapshotStream{
		to: to, first: first, header: h.Append(nil), reader: reader,
		buf: make([]byte, min(uint64(n.config.Snapshot.ChunkBytes), m.SizeBytes)), stop: make(chan struct{}),
	}
	s.size = uint64(len(s.header)) + m.SizeBytes
	n.sending[to] = s
	n.outgoing.add(to, s.chunk(0, s.header))
}

// chunk is the next one to be under way. The header is never the last of a stream.
func (s *snapshotStream) chunk(offset uint64, data []byte) *core.InstallSnapshotRequest {
	next := *s.first
	next.Offset, next.Data = offset, data
	next.Done = offset > 0 && offset+uint64(len(data)) == s.size
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &next
	return &next
}

// isLast reports whether a request is the chunk that is under way.
func (s *snapshotStream) isLast(req *core.InstallSnapshotRequest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last == req
}

// continueSnapshot takes up a chunk's answer.
func (n *Node) continueSnapshot(call *core.Call, req *core.InstallSnapshotRequest) {
	s := n.sending[call.To]
	if s == nil || !s.isLast(req) {
		return // of a stream that was given up
	}
	if call.Err != nil {
		n.counters.failedCalls.Add(1)
		n.failSnapshot(s)
		return
	}
	resp := call.Response.(*core.InstallSnapshotResponse)
	switch {
	case resp.Term > req.Term || resp.Match > 0 || n.raft.Term() != req.Term || n.raft.Leader() != n.config.ID:
		n.stopSnapshot(s.to)
		n.raft.StepResponse(resp)
	case s.canGoOn(req, resp.NextOffset):
		n.readChunk(s, resp.NextOffset)
	default:
		n.failSnapshot(s)
	}
}

// canGoOn reports whether the stream can go on at an offset after a chunk. The content
// begins behind the header.
func (s *snapshotStream) canGoOn(last *core.InstallSnapshotRequest, offset uint64) bool {
	if offset < uint64(len(s.header)) || offset > s.size {
		return false
	}
	if last.Done || offset != last.Offset+uint64(len(last.Data)) {
		s.leap++
	}
	return s.leap <= maxLeaps
}

// readChunk has a piece of the content read, and sent when its time has come: not by the
// loop, for which it is a lot to encode and to write.
func (n *Node) readChunk(s *snapshotStream, offset uint64) {
	s.mu.Lock()
	s.reading = true
	s.mu.Unlock()
	n.background.Go(func() {
		data, err := s.read(n, offset)
		s.endRead()
		if err == nil {
			n.transport.Send([]*core.Call{{To: s.to, Request: s.chunk(offset, data), Response: new(core.InstallSnapshotResponse)}})
			return
		}
		n.inbox.do(func() {
			if n.sending[s.to] == s {
				n.warn("send %v to %v: %v", s.first.Snapshot, s.to, err)
				n.failSnapshot(s)
			}
		})
	})
}

func (s *snapshotStream) read(n *Node, offset uint64) ([]byte, error) {
	piece := s.buf[:min(uint64(len(s.buf)), s.size-offset)]
	if !n.wait(len(piece), s.stop) {
		return nil, errClosed
	}
	if _, err := s.reader.Seek(int64(offset)-int64(len(s.header)), io.SeekStart); err != nil {
		return nil, err
	}
	_, err := io.ReadFull(s.reader, piece)
	return piece, err
}

func (s *snapshotStream) endRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = false
	if s.stopped {
		_ = s.reader.Close() // it was only read
	}
}

// failSnapshot gives a stream up, and lets raft try again when the follower gives a sign
// of life.
func (n *Node) failSnapshot(s *snapshotStream) {
	n.stopSnapshot(s.to)
	n.raft.ReportFailure(s.to, s.first)
}

// stopSnapshot gives the stream to a follower up, if there is one.
func (n *Node) stopSnapshot(to core.NodeID) {
	s := n.sending[to]
	if s == nil {
		return
	}
	delete(n.sending, to)
	close(s.stop)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if !s.reading {
		_ = s.reader.Close() // it was only read
	}
}
