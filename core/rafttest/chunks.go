package rafttest

import (
	"encoding/binary"

	"github.com/raftbench/raftbench/core"
)

// A snapshot travels in a few chunks: first a header, by which a follower tells whether
// it has the beginning already, and then its content.
const (
	headerBytes = 8
	chunkBytes  = 10 // at least
	chunks      = 3  // at most

	// chunkShare is how much less a chunk takes than a snapshot.
	chunkShare = 10
)

// header tells snapshots apart.
func header(data []byte) []byte {
	return binary.LittleEndian.AppendUint64(nil, hashOf(data))
}

// assembly is a snapshot that is arriving. What has arrived stays when the stream breaks.
type assembly struct {
	meta    core.SnapshotMeta
	header  string
	data    []byte
	writing bool   // the chunk before this one
	waiting func() // what to do then with one that has come meanwhile
}

// wants is the offset of the next chunk.
func (a *assembly) wants() uint64 { return headerBytes + uint64(len(a.data)) }

// receiveChunk takes in a chunk. One that does not fit is answered with the offset that
// is wanted; while one is written, the newest of those that come waits.
func (n *node) receiveChunk(in *incoming, q *core.InstallSnapshotRequest) {
	a := &n.assembly
	if a.writing {
		if a.waiting != nil {
			a.waiting()
		}
		a.waiting = func() {
			if !n.assemble(in, q) {
				n.step(in, q)
			}
		}
		return
	}
	if !n.assemble(in, q) {
		n.step(in, q)
	}
}

// assemble reports false if a chunk is for Raft to answer at once: it is stale, or it is
// stepped without Done and answered with the offset that is wanted.
func (n *node) assemble(in *incoming, q *core.InstallSnapshotRequest) bool {
	a, bug := &n.assembly, n.sim.opt.Bug
	switch {
	case q.Term < n.raft.Term(), q.Snapshot.Index <= n.raft.Commit() && bug != InstallStaleSnapshot:
		return false
	case a.writing:
	case q.Offset == 0:
		n.beginAssembly(q)
	case a.meta == q.Snapshot && q.Offset == a.wants():
		n.writeChunk(in, q)
		return true
	}
	q.Done, in.veto, in.want = false, true, a.wants()
	if bug == ResumeTooFar && len(a.data) > 0 && !a.writing {
		in.want = min(in.want+chunkBytes, headerBytes+snapshotBytes)
		a.data = append(a.data, make([]byte, in.want-a.wants())...)
	}
	return false
}

// beginAssembly takes up a header.
func (n *node) beginAssembly(q *core.InstallSnapshotRequest) {
	a := &n.assembly
	if a.meta == q.Snapshot && a.header == string(q.Data) {
		return
	}
	kept := a.data
	n.disk.drop(a.meta)
	*a = assembly{meta: q.Snapshot, header: string(q.Data)}
	if n.sim.opt.Bug == MixSnapshots {
		a.data = kept
	}
}

// writeChunk writes a chunk in the background, and has Raft answer it when that is done.
func (n *node) writeChunk(in *incoming, q *core.InstallSnapshotRequest) {
	s, a := n.sim, &n.assembly
	a.writing = true
	n.inBackground(s.snapshotDelay/chunkShare, func() {
		a.data = append(a.data, q.Data...)
		if q.Done && s.opt.Bug != InstallUnfinished {
			n.disk.finish(a.meta, a.data)
		}
		n.inBackground(s.snapshotDelay/chunkShare, func() { n.onLoop(func() { n.chunkWritten(in, q) }) })
	})
}

func (n *node) chunkWritten(in *incoming, q *core.InstallSnapshotRequest) {
	s, a := n.sim, &n.assembly
	a.writing = false
	if q.Done && s.opt.Bug == InstallUnfinished {
		n.disk.unfinished(a.meta, a.data)
	}
	if q.Done && s.opt.Bug == InstallStaleSnapshot && a.meta.Index <= n.raft.Commit() {
		n.disk.adopt(a.meta)
		n.load(a.meta, a.data)
	}
	in.veto, in.want = s.opt.Bug == InstallStaleSnapshot, a.wants()
	n.step(in, q)
	n.work()
	next := a.waiting
	a.waiting = nil
	if q.Done {
		n.disk.drop(a.meta) // if it was not installed, it came too late
		*a = assembly{}
	}
	if next != nil {
		next()
		n.work()
	}
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
	q.Offset, q.Data = offset, header(t.data)
	if offset > 0 {
		from := offset - headerBytes
		size := max(chunkBytes, (len(t.data)+chunks-1)/chunks)
		end := min(from+uint64(size), uint64(len(t.data)))
		q.Data, q.Done = t.data[from:end], end == uint64(len(t.data))
	}
	t.sent++
	n.sim.start(&call{from: n, to: to, req: &q, life: n.life, transfer: t})
}

// nextChunk goes on with a transfer, and reports whether the response is for
// Raft to see.
func (n *node) nextChunk(c *call, a *core.InstallSnapshotResponse) bool {
	if a.Match > 0 || a.Term > c.transfer.req.Term || c.life != n.life {
		return true
	}
	if a.NextOffset < headerBytes || a.NextOffset > headerBytes+uint64(len(c.transfer.data)) || c.transfer.sent > 20 {
		n.raft.ReportFailure(c.to.id, c.transfer.req)
		n.work()
		return false
	}
	if q := c.req.(*core.InstallSnapshotRequest); q.Offset == 0 && a.NextOffset > headerBytes {
		n.sim.result.Resumed++
	}
	n.sendChunk(c.to, c.transfer, a.NextOffset)
	return false
}
