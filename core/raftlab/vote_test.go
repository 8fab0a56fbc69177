package raftlab

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// The suite lets a server through that forgets its vote or its term at a restart. This
// does not.
func TestVoteAndTermSurviveARestart(t *testing.T) {
	saved := new(disk)
	for _, c := range []struct {
		candidate core.NodeID
		term      core.Term
		granted   bool
	}{
		{2, 5, true},
		{3, 5, false}, // it has voted
		{3, 4, false}, // that term is over
		{2, 5, true},
	} {
		got := askForVote(t, restarted(t, saved), c.candidate, c.term)
		if got.Granted != c.granted || got.Term != 5 {
			t.Errorf("%v of term %d: granted %t in term %d, want %t in term 5", c.candidate, c.term, got.Granted, got.Term, c.granted)
		}
	}
}

// restarted starts server 0 of 3 from its disk.
func restarted(t *testing.T, saved *disk) *Peer {
	p, err := NewPeer(PeerConfig{
		Peers: 3, Persister: saved, Codec: Gob{},
		Send: func(int, Args) {}, Apply: func(ApplyMsg) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// askForVote asks as a candidate whom the leader has told to stand, so that a promise
// to the leader is no reason to refuse.
func askForVote(t *testing.T, p *Peer, candidate core.NodeID, term core.Term) *core.RequestVoteResponse {
	q := &core.RequestVoteRequest{From: candidate, Term: term, LastIndex: 9, LastTerm: 4, Transfer: true}
	reply, answer := new(Reply), new(core.RequestVoteResponse)
	p.Handle(&Args{Kind: uint8(q.Kind()), Body: wire.AppendRequest(nil, q)}, reply)
	if err := wire.DecodeResponse(core.KindRequestVote, reply.Body, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestMalformedRequestsHaveNoAnswer(t *testing.T) {
	p := restarted(t, new(disk))
	for _, args := range []Args{
		{},
		{Kind: 99},
		{Kind: uint8(core.KindAppendEntries), Body: []byte("short")},
		{Kind: uint8(core.KindPropose), Body: wire.AppendRequest(nil, &core.ProposeRequest{})}, // not Raft's
		{Kind: uint8(core.KindInstallSnapshot), Body: wire.AppendRequest(nil, &core.InstallSnapshotRequest{From: 2, Term: 1, Done: true})},
	} {
		reply := new(Reply)
		if p.Handle(&args, reply); reply.Body != nil {
			t.Errorf("%+v has the answer % x", args, reply.Body)
		}
	}
}
