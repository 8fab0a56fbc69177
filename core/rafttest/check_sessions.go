package rafttest

import (
	"bytes"
	"encoding/binary"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// sessionChecks hold what became of the writes of clients with sessions, by their marks.
// All nodes apply the same log, so a write that is executed at two places in it
// has been executed twice.
type sessionChecks struct {
	fail     func(promise, detail string, args ...any)
	executed map[uint64]core.Index // where
	refused  map[uint64]core.Index // where the session had expired, first
	answers  map[uint64]string
	results  map[core.Index]string // of every command in the log
}

func newSessionChecks(fail func(promise, detail string, args ...any)) sessionChecks {
	return sessionChecks{fail, map[uint64]core.Index{}, map[uint64]core.Index{}, map[uint64]string{}, map[core.Index]string{}}
}

// executes checks a write that a state machine executes now.
func (c *sessionChecks) executes(n *node, mark uint64, at core.Index) {
	if was, ok := c.executed[mark]; ok && was != at {
		c.fail("each write is executed once", "%v executes write %d at entry %d, and it was executed at entry %d", n.id, mark, at, was)
	}
	c.executed[mark] = at
	c.notAfterRefusal(mark)
}

func (c *sessionChecks) notAfterRefusal(mark uint64) {
	executed, wasExecuted := c.executed[mark]
	if refused, ok := c.refused[mark]; ok && wasExecuted && executed > refused {
		c.fail("a write of an expired session is not executed", "write %d was refused at entry %d and is executed at entry %d", mark, refused, executed)
	}
}

// answered checks what the state machine of a node answers to a command.
func (c *sessionChecks) answered(n *node, e *core.Entry, result []byte) {
	if was, ok := c.results[e.Index]; ok && was != string(result) {
		c.fail("the same answer on all nodes", "%v answers entry %d with %x, others answered %x", n.id, e.Index, result, was)
	}
	c.results[e.Index] = string(result)
	command, ok := session.ParseCommand(e.Data)
	if !ok || command.Kind == session.KindRegister {
		return
	}
	mark := binary.LittleEndian.Uint64(command.Body)
	switch status, answer, _ := session.ParseResult(result); status {
	case session.StatusOK:
		c.wasExecuted(n, mark, e.Index, answer)
	case session.StatusExpired:
		if was, ok := c.refused[mark]; !ok || e.Index < was {
			c.refused[mark] = e.Index
		}
		c.notAfterRefusal(mark)
	}
}

// wasExecuted checks an answer to a write, the first one or that to a copy.
func (c *sessionChecks) wasExecuted(n *node, mark uint64, at core.Index, answer []byte) {
	if executed, ok := c.executed[mark]; !ok || executed > at {
		c.fail("an acknowledged write is executed", "%v answers write %d at entry %d, and it is not executed before", n.id, mark, at)
	}
	if len(answer) != ledgerBytes || binary.LittleEndian.Uint64(answer) != mark {
		c.fail("a copy gets the first answer", "%v answers write %d with %x, which is another's", n.id, mark, answer)
	}
	if first, ok := c.answers[mark]; ok && first != string(answer) {
		c.fail("a copy gets the first answer", "%v answers write %d with %x, first it was %x", n.id, mark, answer, first)
	}
	c.answers[mark] = string(answer)
}

// acknowledged checks a write whose client has just been told that it was executed.
func (c *sessionChecks) acknowledged(mark uint64) {
	if _, ok := c.executed[mark]; !ok {
		c.fail("an acknowledged write is executed", "write %d is acknowledged and was executed nowhere", mark)
	}
}

// sameSessions checks, when nothing is under way any more, that all members know the same.
func (s *Sim) sameSessions() {
	if s.sessions == nil || s.err != nil {
		return
	}
	members := s.members()
	for _, n := range members[1:] {
		if a, b := members[0], n; !bytes.Equal(a.machineState(), b.machineState()) {
			s.check.fail("all nodes have the same sessions", "%v and %v differ after entry %d:\n\t%x\n\t%x", a.id, b.id, a.applied, a.machineState(), b.machineState())
		}
	}
}
