package node_test

import (
	"io"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// answers is a transport that sends nothing and keeps what is answered.
type answers struct {
	core.Transport // Cancel is not called
	replied        chan *core.Incoming
}

func (*answers) Send([]*core.Call) {}
func (*answers) Close() error      { return nil }
func (a *answers) Reply(requests []*core.Incoming) {
	for _, r := range requests {
		a.replied <- r
	}
}

// Chunks that arrive together with the last one do not change what is installed,
// even if they begin the snapshot anew, as a leader does whose connection broke.
func TestSnapshotIsInstalledBeforeTheNextChunk(t *testing.T) {
	log, machine := memlog.New(), new(journal)
	transport := &answers{replied: make(chan *core.Incoming, 10)}
	var handler core.Handler
	n, err := node.Start(node.Config{
		ID: 2, Peers: []core.NodeID{1, 2}, Storage: log, StateMachine: machine,
		Open: func(h core.Handler) (core.Transport, error) { handler = h; return transport, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	chunk := func(session, offset uint64, data string, done bool) *core.Incoming {
		return &core.Incoming{
			Request: &core.InstallSnapshotRequest{
				From: 1, Term: 5, Snapshot: core.SnapshotMeta{Index: 10, Term: 3},
				Session: session, Offset: offset, Data: []byte(data), Done: done,
			},
			Response: new(core.InstallSnapshotResponse),
		}
	}
	last := chunk(1, 5, "world", true)
	handler.Receive([]*core.Incoming{chunk(1, 0, "hello", false), last, chunk(2, 0, "hello", false)})
	for range 3 {
		select {
		case <-transport.replied:
		case <-time.After(20 * time.Second):
			t.Fatal("a chunk was not answered")
		}
	}
	if match := last.Response.(*core.InstallSnapshotResponse).Match; match != 10 {
		t.Errorf("the last chunk was answered with match %d, want 10", match)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if machine.String() != "helloworld" {
		t.Errorf("the state is %q, want both chunks", machine)
	}
	meta, r, err := log.OpenSnapshot()
	if err != nil || meta.Index != 10 {
		t.Fatalf("stored snapshot %v, %v", meta, err)
	}
	if data, err := io.ReadAll(r); string(data) != "helloworld" || err != nil {
		t.Errorf("stored snapshot %q, %v", data, err)
	}
}
