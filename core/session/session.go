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
// way at once, up to Window, and may arrive in any order. Where the table is full, in
// number or in bytes, the session that was used longest ago is forgotten; writes of
// a session that is gone are refused and not executed.
//
// Queries pass through unchanged. Nothing here starts a goroutine or looks at a clock.
package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// DefaultSessions is a table for more clients than most clusters have.
const DefaultSessions = 1024

// MaxSessions bounds Config.Sessions, so that a slip of the finger does not take all memory.
const MaxSessions = 1 << 20

// DefaultAnswerBytes lets each of DefaultSessions sessions have Window short answers, twice
// over.
const DefaultAnswerBytes = 256 << 20

// MaxAnswerBytes bounds Config.AnswerBytes: a snapshot has them all in one piece.
const MaxAnswerBytes = 1 << 30

// Window is how far the writes of a session may be apart: the newest that is sent, and
// the oldest that has not been answered. So it bounds the answers that are kept for a
// session. It is a part of the protocol.
const Window = 4096

// Config configures a Machine. It must be the same on all replicas, or they would
// forget different sessions.
type Config struct {
	// Sessions is how many sessions the table holds. More live clients than that
	// throw each other out. Each takes 16.5 KiB at most, besides the answers
	// that are longer than two bytes. Default DefaultSessions.
	Sessions int

	// AnswerBytes is how much the answers that are kept may take, each as the function
	// AnswerBytes counts it. The bound is looked at once in Block entries of the log, so
	// that what those are answered with may come on top. Default DefaultAnswerBytes.
	AnswerBytes int
}

func (c Config) withDefaults() Config {
	if c.Sessions == 0 {
		c.Sessions = DefaultSessions
	}
	if c.AnswerBytes == 0 {
		c.AnswerBytes = DefaultAnswerBytes
	}
	return c
}

// Validate reports a bound that makes no sense.
func (c Config) Validate() error {
	if c.Sessions < 0 || c.Sessions > MaxSessions {
		return fmt.Errorf("session: Sessions %d: want 1 to %d, or 0 for %d", c.Sessions, MaxSessions, DefaultSessions)
	}
	if c.AnswerBytes < 0 || c.AnswerBytes > MaxAnswerBytes {
		return fmt.Errorf("session: AnswerBytes %d: want 1 to %d, or 0 for %d", c.AnswerBytes, MaxAnswerBytes, DefaultAnswerBytes)
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
	writes  []write      // whose they are
	results core.Results // of inner
	said    core.Results // to entries that are not fresh
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
	return &Machine{inner: inner, table: newTable(c.withDefaults())}, nil
}

// step is where the result of an entry is: that of a write which is executed in this batch
// among the results of inner, another one, as its complement, in Machine.said.
type step int32

// write is a write that is executed in this batch.
type write struct {
	session  *session
	sequence uint64
}

// Apply implements core.StateMachine. The wrapped machine gets the writes that are new,
// without what belongs to sessions, in one batch for each Block, so the indexes that it sees
// have gaps.
func (m *Machine) Apply(entries []core.Entry, results *core.Results) {
	for len(entries) > 0 {
		n := ofOneBlock(entries)
		m.table.enter(entries[0].Index)
		m.apply(entries[:n], results)
		entries = entries[n:]
	}
}

// apply applies entries of one block. First the table decides on all of them, then the new ones
// are executed, and then the answers are kept and given. What a batch consists of so
// has no influence on what becomes of its entries.
func (m *Machine) apply(entries []core.Entry, results *core.Results) {
	m.begin(len(entries))
	for i := range entries {
		m.steps[i] = m.decide(&entries[i])
	}
	m.results.Truncate()
	if len(m.fresh) > 0 {
		m.inner.Apply(m.fresh, &m.results)
	}
	answers, said := m.results.List(), m.said.List()
	for _, s := range m.steps {
		if s < 0 {
			results.Append(said[^s])
			continue
		}
		results.AppendTagged(byte(StatusOK), answers[s])
	}
	for i := range m.writes {
		w := &m.writes[i]
		m.table.keep(w.session, w.sequence, answers[i])
	}
	clear(m.fresh) // which points into the log
	clear(m.writes)
}

// begin makes room for so many entries.
func (m *Machine) begin(entries int) {
	m.steps = slices.Grow(m.steps[:0], entries)[:entries]
	m.fresh, m.writes = slices.Grow(m.fresh[:0], entries), slices.Grow(m.writes[:0], entries)
	m.said.Truncate()
}

// decide lets the table decide on an entry, and gathers what is to be executed.
func (m *Machine) decide(e *core.Entry) step {
	id, sequence, ahead, body := cutWrite(e.Data)
	if body == nil {
		return m.decideOther(e)
	}
	s := m.table.use(id)
	if s == nil {
		return m.say(StatusExpired)
	}
	m.table.drop(s, sequence-ahead)
	if sequence <= s.received {
		return m.say(StatusStale)
	}
	a := s.answer(sequence)
	switch a.kind() {
	case answerComing:
		return step(a.number())
	case answerNone:
		n := len(m.fresh)
		*a = comingAnswer(n)
		m.fresh, m.writes = m.fresh[:n+1], m.writes[:n+1] // there is room
		f, w := &m.fresh[n], &m.writes[n]
		f.Index, f.Term, f.Kind, f.Data = e.Index, e.Term, e.Kind, body
		w.session, w.sequence = s, sequence
		return step(n)
	}
	return m.sayAgain(*a)
}

// decideOther decides on what is no write.
func (m *Machine) decideOther(e *core.Entry) step {
	if _, ok := ParseCommand(e.Data); !ok {
		return m.say(StatusMalformed)
	}
	m.table.register(ID(e.Index))
	return m.sayRegistered(ID(e.Index))
}

// say has an entry answered with a status and nothing else.
func (m *Machine) say(s Status) step { return m.sayResult(append(m.result[:0], byte(s))) }

func (m *Machine) sayRegistered(id ID) step {
	return m.sayResult(binary.AppendUvarint(append(m.result[:0], byte(StatusOK)), uint64(id)))
}

// sayAgain has a copy answered with what was kept. It copies that at once: a later entry of the
// batch may have it forgotten.
func (m *Machine) sayAgain(a answer) step {
	var short [maxShort]byte
	return m.sayResult(append(append(m.result[:0], byte(StatusOK)), m.table.result(a, &short)...))
}

// sayResult takes b, which is in the memory of Machine.result.
func (m *Machine) sayResult(b []byte) step {
	m.result = b
	m.said.Append(b)
	return ^step(len(m.said.List()) - 1)
}

// Query implements core.StateMachine: it is the wrapped machine's, its result too.
func (m *Machine) Query(query []byte, results *core.Results) { m.inner.Query(query, results) }

// Sessions is how many sessions there are.
func (m *Machine) Sessions() int { return len(m.table.sessions) }

// AnswerBytes is what the answers that are kept take: Config.AnswerBytes bounds it.
func (m *Machine) AnswerBytes() int { return m.table.answerBytes }
