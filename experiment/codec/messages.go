package codec

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/raftbench/raftbench/core"
)

// many is the number of entries in a well-filled batch: what 64 closed-loop
// clients bring together.
const many = 64

// snapshotChunk is the size of one piece of a snapshot, in bytes.
const snapshotChunk = 64 << 10

// Messages lists what is measured: those that have no data once, the others for
// each payload size. The data are random, so that nothing gains by being
// compressible.
func Messages(payloads []int, seed uint64) []Message {
	rng := rand.New(rand.NewPCG(seed, 0))
	list := []Message{
		{Name: "RequestVote", Request: &core.RequestVoteRequest{From: 1, Term: 7, LastIndex: 123456, LastTerm: 6, PreVote: true}},
		{Name: "RequestVoteResponse", Response: &core.RequestVoteResponse{From: 2, Term: 7, PreVote: true, Granted: true}},
		{Name: "Heartbeat", Request: appendEntries(rng, 0, 0)},
		{Name: "AppendEntriesResponse", Response: &core.AppendEntriesResponse{From: 2, Term: 7, Success: true, PrevIndex: 123456, Match: 123520, ReadContext: 99, Session: 3}},
		{Name: "InstallSnapshot", Payload: snapshotChunk, Request: &core.InstallSnapshotRequest{
			From: 1, Term: 7, Snapshot: core.SnapshotMeta{Index: 123456, Term: 6}, Session: 3, Offset: 1 << 20, Data: random(rng, snapshotChunk),
		}},
	}
	for _, payload := range payloads {
		for _, n := range []int{1, many} {
			list = append(list,
				Message{Name: fmt.Sprintf("AppendEntries/entries=%d", n), Payload: payload, Request: appendEntries(rng, n, payload)},
				Message{Name: fmt.Sprintf("Propose/commands=%d", n), Payload: payload, Request: &core.ProposeRequest{From: 1001, Remaining: 4900 * time.Millisecond, Commands: randoms(rng, n, payload)}},
				Message{Name: fmt.Sprintf("ProposeResponse/results=%d", n), Payload: payload, Response: answer(rng, n, payload)},
			)
		}
	}
	return list
}

func appendEntries(rng *rand.Rand, n, payload int) *core.AppendEntriesRequest {
	r := &core.AppendEntriesRequest{From: 1, Term: 7, PrevIndex: 123456, PrevTerm: 7, Commit: 123400, ReadContext: 99, Session: 3}
	for i, data := range randoms(rng, n, payload) {
		r.Entries = append(r.Entries, core.Entry{Index: r.PrevIndex + 1 + core.Index(i), Term: 7, Data: data})
	}
	return r
}

func answer(rng *rand.Rand, n, payload int) *core.ProposeResponse {
	r := &core.ProposeResponse{From: 1, Leader: 1}
	for _, data := range randoms(rng, n, payload) {
		r.Append(data)
	}
	return r
}

func randoms(rng *rand.Rand, n, size int) [][]byte {
	var list [][]byte
	for range n {
		list = append(list, random(rng, size))
	}
	return list
}

func random(rng *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}
