package node_test

import (
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// slowLoader is a state machine that takes a snapshot for as long as its gate is closed,
// and is in no state to be asked meanwhile.
type slowLoader struct {
	journal
	began   chan bool
	gate    chan bool
	loading atomic.Bool
	asked   atomic.Int64 // while it loads
}

func (m *slowLoader) ReadSnapshot(r io.Reader) error {
	m.loading.Store(true)
	m.began <- true
	<-m.gate
	defer m.loading.Store(false)
	return m.journal.ReadSnapshot(r)
}

func (m *slowLoader) Query(query []byte, results *core.Results) {
	if m.loading.Load() {
		m.asked.Add(1)
	}
	m.journal.Query(query, results)
}

// questioned keeps a follower's questions to its leader.
type questioned struct {
	*wireless
	questions chan *core.Call
}

func (q questioned) Send(calls []*core.Call) {
	for _, c := range calls {
		if _, ok := c.Request.(*core.ReadRequest); ok {
			q.questions <- c
		}
	}
}

// A read that is confirmed while the state machine takes a snapshot is answered when it
// has it: until then it belongs to another goroutine, also where all that the read must
// see was applied long ago.
func TestReadsWaitWhileASnapshotIsLoaded(t *testing.T) {
	machine := &slowLoader{began: make(chan bool, 1), gate: make(chan bool)}
	q := questioned{&wireless{replies: make(chan *core.Incoming, 10)}, make(chan *core.Call, 1)}
	n, err := node.Start(node.Config{
		ID: 2, Peers: []core.NodeID{1, 2}, Storage: memlog.New(), StateMachine: machine, Cluster: testCluster, FollowerReads: true,
		Open: func(h core.Handler) (core.Transport, error) { q.handler = h; return q, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	f := &follower{Node: n, wireless: q.wireless}
	f.ask(t, &core.AppendEntriesRequest{From: 1, Term: 5, Entries: termEntries(1, 5, 5, 5), Commit: 3})
	f.waitApplied(t, 3)

	f.handler.Receive([]*core.Incoming{{Request: &core.ReadRequest{From: 2000, Queries: [][]byte{nil}}, Response: new(core.ReadResponse)}})
	question := <-q.questions
	if a, err := f.send(newSent(10, "state")); err != nil || a.Match != 10 {
		t.Fatalf("the snapshot is answered with %+v, %v", a, err)
	}
	<-machine.began
	indexAndTerm := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 3), 5)
	question.Response.(*core.ReadResponse).Append(indexAndTerm)
	f.handler.Complete([]*core.Call{question})
	f.ask(t, &core.AppendEntriesRequest{From: 1, Term: 5, PrevIndex: 10, PrevTerm: 3}) // the loop has taken up both
	if n := machine.asked.Load(); n > 0 {
		t.Errorf("it was asked %d times while it took a snapshot", n)
	}
	close(machine.gate)
	r := <-f.replies
	if a, ok := r.Response.(*core.ReadResponse); !ok || a.Status != core.StatusOK || len(a.List()) != 1 || string(a.List()[0]) != "state" {
		t.Errorf("answered with %+v, want the state of the snapshot", r.Response)
	}
}
