package session

import (
	"container/list"

	"github.com/raftbench/raftbench/core"
)

// table holds the sessions. What it does depends on the commands that it is given and
// their order alone: not on time, on how they were batched, or on a restart between
// them.
type table struct {
	bounds   Config
	sessions map[ID]*session // at most bounds.Sessions
	order    *list.List      // of *session: the one used longest ago is first
	latest   *session        // the last in order, or one that has no ID

	memory      memory
	answerBytes int        // of all answers
	block       core.Index // in which the last entry was
	previous    previous   // which a KindNext continues
}

func newTable(c Config) table {
	return table{bounds: c, sessions: map[ID]*session{}, order: list.New(), latest: new(session)}
}

// Block is how many entries of the log it takes until Config.AnswerBytes is looked at
// again. It cannot be looked at after each: how long an answer is, is known when it is
// executed, and what is executed at once is not the same on all replicas. Where a
// block ends, by the index of entries, is.
const Block = 64

// ofOneBlock is how many of the entries, which are not empty, are in one block.
func ofOneBlock(entries []core.Entry) int {
	block := entries[0].Index / Block
	n := min(len(entries), int(Block-entries[0].Index%Block))
	for entries[n-1].Index/Block != block { // there are gaps
		n--
	}
	return n
}

// enter notes that an entry comes. If it begins a block, sessions are forgotten until the
// answers of those that are left are within the bound.
func (t *table) enter(at core.Index) {
	if at/Block == t.block {
		return
	}
	t.block = at / Block
	for t.answerBytes > t.bounds.AnswerBytes {
		t.evict()
	}
}

// write decodes an entry that is a write of either kind. As with cutWrite, the body is nil if it is
// none, and only then.
func (t *table) write(e *core.Entry) (session ID, sequence, ahead uint64, body []byte) {
	p := &t.previous
	if !isNext(e.Data) {
		session, sequence, ahead, body = cutWrite(e.Data)
		if body != nil {
			p.index, p.session, p.sequence, p.ahead = e.Index, session, sequence, ahead
		}
		return session, sequence, ahead, body
	}
	if !p.next(e.Index) {
		return 0, 0, 0, nil
	}
	return p.session, p.sequence, p.ahead, e.Data[1:]
}

// register adds a session. The one that was used longest ago makes room for it: that is
// the same one on all replicas, as the order of the log is.
func (t *table) register(id ID) {
	if len(t.sessions) >= t.bounds.Sessions {
		t.evict()
	}
	t.add(&session{id: id})
}

func (t *table) evict() {
	s := t.order.Remove(t.order.Front()).(*session)
	delete(t.sessions, s.id)
	t.drop(s, s.newest)
	if t.latest == s {
		t.latest = new(session)
	}
}

// add puts a session in the place of the one used last.
func (t *table) add(s *session) {
	s.place = t.order.PushBack(s)
	t.sessions[s.id], t.latest = s, s
}

// use returns a session and notes that it was used; nil if there is no such one. Mostly it
// is the one that was used before: a batch of a client has one.
func (t *table) use(id ID) *session {
	if t.latest.id == id {
		return t.latest
	}
	return t.find(id)
}

func (t *table) find(id ID) *session {
	s := t.sessions[id]
	if s != nil {
		t.order.MoveToBack(s.place)
		t.latest = s
	}
	return s
}

// drop forgets the answers that a client has received.
func (t *table) drop(s *session, received uint64) {
	if received > s.received {
		t.dropThrough(s, received)
	}
}

func (t *table) dropThrough(s *session, received uint64) {
	for n := s.received; n < min(received, s.newest); {
		n++ // only here: the last number there is has no next one
		t.forget(s.at(n))
	}
	s.received, s.newest = received, max(s.newest, received)
}

// forget makes a place empty.
func (t *table) forget(a *answer) {
	switch a.kind() {
	case kindShort:
		t.answerBytes -= eachAnswerBytes
	case kindLong:
		t.answerBytes -= eachAnswerBytes + t.memory.release(a.number())
	}
	*a = answerNone
}

// keep keeps the result of a write that was executed, if it can be asked for still. Its place
// is there.
func (t *table) keep(s *session, sequence uint64, result []byte) {
	if sequence <= s.received {
		return
	}
	a := s.at(sequence)
	if len(result) <= maxShort {
		t.answerBytes += eachAnswerBytes
		*a = shortAnswer(result)
		return
	}
	t.answerBytes += AnswerBytes(len(result))
	*a = longAnswer(t.memory.put(result))
}

// result is what an answer says; scratch has room for maxShort bytes. It is good until the
// answer is forgotten.
func (t *table) result(a answer, scratch *[maxShort]byte) []byte {
	if a.kind() == kindLong {
		return t.memory.pieces[a.number()]
	}
	return a.short(scratch)
}
