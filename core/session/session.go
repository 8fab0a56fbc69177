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
// answers (AppendWrite), or that they are the next after the one before (AppendNext);
// Numbers keeps account of the latter two. Several may be under
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

	// What waits to be executed.
	fresh   []core.Entry // for inner, at most Block
	writes  []write      // whose they are
	results core.Results // of inner

	result []byte // the memory of one that is not inner's
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
	return &Machine{
		inner: inner, table: newTable(c.withDefaults()),
		fresh: make([]core.Entry, 0, Block), writes: make([]write, 0, Block),
	}, nil
}

// write is a write that waits to be executed.
type write struct {
	session  *session
	sequence uint64
}

// Apply implements core.StateMachine. The wrapped machine gets the writes that are new,
// without what belongs to sessions, so the indexes that it sees have gaps. They are
// gathered: a batch of its ends with a Block, or before an entry that is no new write.
func (m *Machine) Apply(entries []core.Entry, results *core.Results) {
	for len(entries) > 0 {
		n := ofOneBlock(entries)
		m.table.enter(entries[0].Index)
		for i := range entries[:n] {
			m.apply(&entries[i], results)
		}
		m.execute(results)
		entries = entries[n:]
	}
}

// apply has a new write wait to be executed, and answers any other entry.
func (m *Machine) apply(e *core.Entry, results *core.Results) {
	id, sequence, ahead, body := m.table.write(e)
	if body == nil {
		m.applyOther(e, results)
		return
	}
	s := m.table.use(id)
	if s == nil {
		m.say(StatusExpired, nil, results)
		return
	}
	m.table.drop(s, sequence-ahead)
	if sequence <= s.received {
		m.say(StatusStale, nil, results)
		return
	}
	a := s.answer(sequence)
	if *a != answerNone {
		m.sayAgain(a, results)
		return
	}
	*a = answerComing
	n := len(m.fresh)
	m.fresh, m.writes = m.fresh[:n+1], m.writes[:n+1] // there is room
	f, w := &m.fresh[n], &m.writes[n]
	f.Index, f.Term, f.Kind, f.Data = e.Index, e.Term, e.Kind, body
	w.session, w.sequence = s, sequence
}

// applyOther applies what is no write.
func (m *Machine) applyOther(e *core.Entry, results *core.Results) {
	if c, _ := ParseCommand(e.Data); c.Kind != KindRegister {
		m.say(StatusMalformed, nil, results)
		return
	}
	m.execute(results) // the session that makes room may be theirs
	m.table.register(ID(e.Index))
	m.say(StatusOK, binary.AppendUvarint(nil, uint64(e.Index)), results)
}

// sayAgain answers a copy with what the first one was answered with.
func (m *Machine) sayAgain(a *answer, results *core.Results) {
	m.execute(results) // it may be among them
	var short [maxShort]byte
	m.say(StatusOK, m.table.result(*a, &short), results)
}

// say answers an entry that is not executed, after those before it.
func (m *Machine) say(s Status, result []byte, results *core.Results) {
	m.execute(results)
	m.result = append(append(m.result[:0], byte(s)), result...)
	results.Append(m.result)
}

// execute executes the writes that wait for it, and keeps their answers.
func (m *Machine) execute(results *core.Results) {
	if len(m.fresh) == 0 {
		return
	}
	m.results.Truncate()
	m.inner.Apply(m.fresh, &m.results)
	for i, answer := range m.results.List() {
		results.AppendTagged(byte(StatusOK), answer)
		w := &m.writes[i]
		m.table.keep(w.session, w.sequence, answer)
	}
	clear(m.fresh) // which points into the log
	clear(m.writes)
	m.fresh, m.writes = m.fresh[:0], m.writes[:0]
}

// Query implements core.StateMachine: it is the wrapped machine's, its result too.
func (m *Machine) Query(query []byte, results *core.Results) { m.inner.Query(query, results) }

// Sessions is how many sessions there are.
func (m *Machine) Sessions() int { return len(m.table.sessions) }

// AnswerBytes is what the answers that are kept take: Config.AnswerBytes bounds it.
func (m *Machine) AnswerBytes() int { return m.table.answerBytes }
