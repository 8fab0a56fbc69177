package sessiontest

import (
	"encoding/binary"
	"slices"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// model says what sessions do, as plainly as it can be said, one entry after the other.
type model struct {
	machine core.StateMachine // bare
	order   []session.ID      // the one used longest ago is first
	known   map[session.ID]*record
	block   core.Index // of the last entry
	last    session.Command
	lastAt  core.Index // where last is, which is a write
}

// record is all that there ever was about one session.
type record struct {
	received uint64
	answers  map[uint64][]byte // of every write that was executed
}

func newModel(machine core.StateMachine) *model {
	return &model{machine: machine, known: map[session.ID]*record{}}
}

func (m *model) apply(log []core.Entry) [][]byte {
	var all [][]byte
	for i := range log {
		all = append(all, m.one(log[i]))
	}
	return all
}

func (m *model) one(e core.Entry) []byte {
	if block := e.Index / session.Block; block != m.block {
		m.block = block
		m.evict()
	}
	c, ok := session.ParseCommand(e.Data)
	if c.Kind == session.KindNext {
		c, ok = m.next(c.Body, e.Index)
	}
	if c.Kind == session.KindWrite {
		m.last, m.lastAt = c, e.Index
	}
	switch {
	case !ok:
		return []byte{byte(session.StatusMalformed)}
	case c.Kind == session.KindRegister:
		return m.register(session.ID(e.Index))
	}
	at := slices.Index(m.order, c.Session)
	if at < 0 {
		return []byte{byte(session.StatusExpired)}
	}
	m.order = append(slices.Delete(m.order, at, at+1), c.Session)
	r := m.known[c.Session]
	if r.received = max(r.received, c.Received); c.Sequence <= r.received {
		return []byte{byte(session.StatusStale)}
	}
	if r.answers[c.Sequence] == nil {
		var results core.Results
		e.Data = c.Body
		m.machine.Apply([]core.Entry{e}, &results)
		r.answers[c.Sequence] = append([]byte{byte(session.StatusOK)}, results.List()[0]...)
	}
	return r.answers[c.Sequence]
}

// next is the write that a next one at an index is, if there can be one.
func (m *model) next(body []byte, at core.Index) (session.Command, bool) {
	c := m.last
	c.Sequence, c.Body = c.Sequence+1, body
	if m.lastAt == 0 || at != m.lastAt+1 || c.Sequence-c.Received > session.Window {
		return session.Command{}, false
	}
	return c, true
}

// evict forgets sessions until the answers of those that are left are within the bound.
func (m *model) evict() {
	for len(m.order) > 0 && m.answerBytes() > answerBytes {
		m.order = m.order[1:]
	}
}

// answerBytes is what the answers take that can be asked for.
func (m *model) answerBytes() (sum int) {
	for _, id := range m.order {
		for sequence, answer := range m.known[id].answers {
			if sequence > m.known[id].received {
				sum += session.AnswerBytes(len(answer) - 1) // without the status
			}
		}
	}
	return sum
}

func (m *model) register(id session.ID) []byte {
	if len(m.order) == limit {
		m.order = m.order[1:]
	}
	m.order = append(m.order, id)
	m.known[id] = &record{answers: map[uint64][]byte{}}
	return binary.AppendUvarint([]byte{byte(session.StatusOK)}, uint64(id))
}
