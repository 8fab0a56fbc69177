// Package session makes a state machine apply each write of a client once, however
// often the client sends it (dissertation §6.3). Machine wraps any
// core.StateMachine and keeps a table of sessions beside it: which writes of each
// were executed, and with what answers. A write that comes again gets the first
// answer again. The table is replicated as the state is: it changes by what is in
// the log alone, and is a part of the snapshot. Raft, nodes and transports know
// nothing of it.
//
// A client registers a session by a command of its own (AppendRegister). Its writes
// carry the session's ID, a sequence number, and how far the client has received
// answers (AppendWrite); Numbers keeps account of the latter two. Several may be under
// way at once, up to Window, and may arrive in any order. Where the table is full, a
// new session takes the place of the one that was used longest ago; writes of
// a session that is gone are refused and not executed.
//
// Queries pass through unchanged. Nothing here starts a goroutine or looks at a clock.
package session

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// DefaultSessions is a table for more clients than most clusters have.
const DefaultSessions = 1024

// MaxSessions bounds Config.Sessions, so that a slip of the finger does not take all memory.
const MaxSessions = 1 << 20

// Window is how far the writes of a session may be apart: the newest that is sent, and
// the oldest that has not been answered. So it bounds the answers that are kept for a
// session. It is a part of the protocol.
const Window = 4096

// Config configures a Machine. It must be the same on all replicas, or they would
// forget different sessions.
type Config struct {
	// Sessions is how many sessions the table holds. More live clients than that
	// throw each other out. Default DefaultSessions.
	Sessions int
}

func (c Config) withDefaults() Config {
	if c.Sessions == 0 {
		c.Sessions = DefaultSessions
	}
	return c
}

// Validate reports a bound that makes no sense.
func (c Config) Validate() error {
	if c.Sessions < 0 || c.Sessions > MaxSessions {
		return fmt.Errorf("session: Sessions %d: want 1 to %d, or 0 for %d", c.Sessions, MaxSessions, DefaultSessions)
	}
	return nil
}

// Machine is a core.StateMachine that keeps sessions for another one. Like that, it has
// one user at a time.
type Machine struct {
	inner core.StateMachine
	table table

	// The memory of Apply.
	steps   []step
	fresh   []core.Entry // for inner
	results core.Results // of inner
	result  []byte
}

var _ core.Capturer = (*Machine)(nil)

// New wraps inner, which is the Machine's from now on.
func New(inner core.StateMachine, c Config) (*Machine, error) {
	if inner == nil {
		return nil, errors.New("session: a state machine is required")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Machine{inner: inner, table: newTable(c.withDefaults().Sessions)}, nil
}

// step is what Apply does about one entry.
type step struct {
	status Status
	answer *answer // of a write: where its answer is, or will be; nil: status says all
	fresh  bool    // the write is executed, and answer filled
	id     ID      // of a session that was registered
}

// Apply implements core.StateMachine. The wrapped machine gets the writes that are new,
// without what belongs to sessions, in one batch, so the indexes that it sees
// have gaps.
//
// First the table decides on all entries, then the new ones are executed, and
// then the answers are kept and given, entry by entry. What a batch consists of so
// has no influence on what becomes of its entries.
func (m *Machine) Apply(entries []core.Entry, results *core.Results) {
	m.steps, m.fresh = m.steps[:0], m.fresh[:0]
	for i := range entries {
		m.steps = append(m.steps, m.decide(&entries[i]))
	}
	m.results.Truncate()
	if len(m.fresh) > 0 {
		m.inner.Apply(m.fresh, &m.results)
	}
	answers := m.results.List()
	for i := range m.steps {
		s := &m.steps[i]
		if s.fresh {
			s.answer.fill(answers[0])
			answers = answers[1:]
		}
		results.Append(m.resultOf(s))
	}
	clear(m.fresh) // which points into the log
	clear(m.steps)
}

// decide lets the table decide on an entry, and gathers what is to be executed.
func (m *Machine) decide(e *core.Entry) step {
	c, ok := ParseCommand(e.Data)
	if !ok {
		return step{status: StatusMalformed}
	}
	if c.Kind == KindRegister {
		id := ID(e.Index)
		m.table.register(id)
		return step{status: StatusOK, id: id}
	}
	s := m.table.use(c.Session)
	if s == nil {
		return step{status: StatusExpired}
	}
	m.table.drop(s, c.Received)
	if c.Sequence <= s.received {
		return step{status: StatusStale}
	}
	a, isNew := m.table.answer(s, c.Sequence)
	if isNew {
		m.fresh = append(m.fresh, core.Entry{Index: e.Index, Term: e.Term, Kind: e.Kind, Data: c.Body})
	}
	return step{answer: a, fresh: isNew}
}

// resultOf is the result of a step, in memory that is good until the next one.
func (m *Machine) resultOf(s *step) []byte {
	if s.answer != nil {
		return s.answer.result
	}
	m.result = append(m.result[:0], byte(s.status))
	if s.id != 0 {
		m.result = binary.AppendUvarint(m.result, uint64(s.id))
	}
	return m.result
}

// Query implements core.StateMachine: it is the wrapped machine's, its result too.
func (m *Machine) Query(query []byte, results *core.Results) { m.inner.Query(query, results) }

// Sessions is how many sessions there are.
func (m *Machine) Sessions() int { return len(m.table.sessions) }
