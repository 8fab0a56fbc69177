package rafttest

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// asked is a request of a client with a session that this node has proposed.
type asked struct {
	term    core.Term
	request *request
}

// proposeFor proposes what clients with sessions have sent.
func (n *node) proposeFor(requests []*request, commands [][]byte) {
	if n.raft.LastIndex()-n.raft.Commit() < maxWaiting {
		if index, term, err := n.raft.Propose(commands); err == nil {
			for i, r := range requests {
				n.asked[index+core.Index(i)] = asked{term, r}
			}
		}
	}
	n.work()
}

// applyCommands runs committed commands through the state machine with sessions, and
// answers those that this node has proposed.
func (n *node) applyCommands(commands []core.Entry) {
	if n.machine == nil || len(commands) == 0 {
		return
	}
	var results core.Results
	n.machine.Apply(commands, &results)
	for i, result := range results.List() {
		e := &commands[i]
		n.sim.check.sessions.answered(n, e, result)
		a, ok := n.asked[e.Index]
		delete(n.asked, e.Index)
		if ok && a.term == e.Term {
			a.request.client.answered(a.request, bytes.Clone(result))
		}
	}
}

// newMachine makes the state machine of a world with sessions; nil in others.
func (n *node) newMachine() *session.Machine {
	w := n.sim.sessions
	if w == nil {
		return nil
	}
	m, err := session.New(&ledger{node: n}, session.Config{Sessions: w.limit, AnswerBytes: w.bytes})
	if err != nil {
		n.sim.check.fail("no panic", "%v", err)
	}
	return m
}

// ledgerBytes is how long an answer of a ledger is.
const ledgerBytes = 16

// ledger is a state machine that tells the checker what it executes, and answers how
// many writes came before.
type ledger struct {
	node  *node
	count uint64
}

// Apply implements core.StateMachine.
func (l *ledger) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		mark := binary.LittleEndian.Uint64(entries[i].Data)
		l.count++
		l.node.sim.check.sessions.executes(l.node, mark, entries[i].Index)
		results.Append(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, mark), l.count))
	}
}

// Query implements core.StateMachine. Nobody asks.
func (l *ledger) Query([]byte, *core.Results) {}

// WriteSnapshot implements core.StateMachine.
func (l *ledger) WriteSnapshot(w io.Writer) error {
	return binary.Write(w, binary.LittleEndian, l.count)
}

// ReadSnapshot implements core.StateMachine.
func (l *ledger) ReadSnapshot(r io.Reader) error {
	return binary.Read(r, binary.LittleEndian, &l.count)
}

// machineState is the snapshot of the state machine with sessions.
func (n *node) machineState() []byte {
	if n.machine == nil {
		return nil
	}
	var b bytes.Buffer
	if err := n.machine.WriteSnapshot(&b); err != nil {
		n.sim.check.fail("a snapshot is whole", "%v: %v", n.id, err)
	}
	return b.Bytes()
}

// restoreMachine makes the state machine what a snapshot says, or empty.
func (n *node) restoreMachine(snapshot []byte) {
	n.machine = n.newMachine()
	if n.machine == nil || snapshot == nil {
		return
	}
	if err := n.machine.ReadSnapshot(bytes.NewReader(snapshot)); err != nil {
		n.sim.check.fail("a snapshot is whole", "%v: %v", n.id, err)
	}
}
