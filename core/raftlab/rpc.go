package raftlab

import (
	"encoding/binary"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
	"github.com/raftbench/raftbench/transports/wire"
)

// theToken marks the one request that a Peer handles at a time.
const theToken = 1

// send gives requests to the network, and keeps the response to the request that is
// being handled.
func (p *Peer) send(messages []raft.Message) {
	for _, m := range messages {
		if m.Response != nil {
			p.answer = m.Response
			continue
		}
		req := m.Request
		if q, ok := req.(*core.InstallSnapshotRequest); ok {
			req = p.withSnapshot(q)
		}
		p.config.Send(int(m.To)-1, Args{Kind: uint8(req.Kind()), Body: wire.AppendRequest(nil, req)})
	}
}

// snapshotHeadBytes stand before a snapshot on its way: the number of the last
// command that it covers, little-endian.
const snapshotHeadBytes = 8

// withSnapshot puts the snapshot into a request, whole, as the laboratory asks for.
func (p *Peer) withSnapshot(q *core.InstallSnapshotRequest) *core.InstallSnapshotRequest {
	full := *q
	full.Data = binary.LittleEndian.AppendUint64(make([]byte, 0, snapshotHeadBytes+len(p.snapshot)), uint64(p.number.number))
	full.Data = append(full.Data, p.snapshot...)
	full.Done = true
	return &full
}

// Handle answers a peer's request. It leaves the reply without a body if the
// request is malformed.
func (p *Peer) Handle(args *Args, reply *Reply) {
	req, err := decodeArgs(args)
	if err != nil {
		return
	}
	if q, ok := req.(*core.InstallSnapshotRequest); ok {
		if len(q.Data) < snapshotHeadBytes {
			return
		}
		p.arriving = *q
	}
	p.answer = nil
	if err := p.raft.Step(theToken, req); err != nil {
		return
	}
	p.work()
	if p.answer != nil {
		reply.Body = wire.AppendResponse(nil, p.answer)
	}
}

func decodeArgs(args *Args) (core.Request, error) {
	kind := core.Kind(args.Kind)
	req := kind.NewRequest()
	return req, wire.DecodeRequest(kind, args.Body, req)
}

// Complete ends a request that Send was given: with the peer's reply, or if ok is
// false without one.
func (p *Peer) Complete(to int, args *Args, reply *Reply, ok bool) {
	kind := core.Kind(args.Kind)
	resp := kind.NewResponse()
	if ok && wire.DecodeResponse(kind, reply.Body, resp) == nil {
		p.raft.StepResponse(resp)
		p.work()
		return
	}
	req, err := decodeArgs(args)
	if err != nil {
		panic(fmt.Sprintf("raftlab: server %d: own request: %v", p.config.Me, err))
	}
	p.raft.ReportFailure(id(to), req)
	p.work()
}

// install takes over a snapshot that arrived and that Raft has accepted.
func (p *Peer) install(meta core.SnapshotMeta) {
	q := &p.arriving
	if q.Snapshot != meta {
		panic(fmt.Sprintf("raftlab: server %d: %v is to be installed, and %v arrived", p.config.Me, meta, q.Snapshot))
	}
	number := int(binary.LittleEndian.Uint64(q.Data))
	p.snapshot = append([]byte(nil), q.Data[snapshotHeadBytes:]...)
	if err := p.keepSnapshot(meta); err != nil {
		panic(fmt.Sprintf("raftlab: server %d: %v", p.config.Me, err))
	}
	p.number.rest(meta.Index, number)
	p.config.Apply(ApplyMsg{
		SnapshotValid: true, Snapshot: p.snapshot, SnapshotTerm: int(meta.Term), SnapshotIndex: number,
	})
	p.raft.Applied(meta.Index)
}
