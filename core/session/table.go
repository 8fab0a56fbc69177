package session

import (
	"cmp"
	"container/list"
	"slices"
)

// table holds the sessions. What it does depends on the commands that it is given and
// their order alone: not on time, on how they were batched, or on a restart between
// them.
type table struct {
	limit    int
	sessions map[ID]*session // at most limit
	order    *list.List      // of *session: the one used longest ago is first
	free     []*answer       // whose memory can be used again; at most Window
}

// session is what is known of one session.
type session struct {
	id ID

	// received: the client has the answers of writes through this one.
	received uint64

	// answers of later writes that were executed, in order of their sequence numbers.
	// Invariant: those are beyond received, by at most Window.
	answers []*answer

	place *list.Element // in table.order
}

func newTable(limit int) table {
	return table{limit: limit, sessions: map[ID]*session{}, order: list.New()}
}

// register adds a session. The one that was used longest ago makes room for it: that is
// the same one on all replicas, as the order of the log is.
func (t *table) register(id ID) {
	if len(t.sessions) >= t.limit {
		t.evict()
	}
	t.add(&session{id: id})
}

func (t *table) evict() {
	s := t.order.Remove(t.order.Front()).(*session)
	delete(t.sessions, s.id)
	t.recycle(s.answers)
}

// add puts a session in the place of the one used last.
func (t *table) add(s *session) {
	s.place = t.order.PushBack(s)
	t.sessions[s.id] = s
}

// use returns a session and notes that it was used; nil if there is no such one.
func (t *table) use(id ID) *session {
	s := t.sessions[id]
	if s != nil {
		t.order.MoveToBack(s.place)
	}
	return s
}

// drop forgets the answers that a client has received.
func (t *table) drop(s *session, received uint64) {
	if received <= s.received {
		return
	}
	s.received = received
	n := 0
	for n < len(s.answers) && s.answers[n].sequence <= received {
		n++
	}
	t.recycle(s.answers[:n])
	s.answers = slices.Delete(s.answers, 0, n)
}

// answer is the place of a write's answer. It is new if the write was not executed
// before: then it is to be filled.
func (t *table) answer(s *session, sequence uint64) (a *answer, isNew bool) {
	at, found := len(s.answers), false
	if at > 0 && s.answers[at-1].sequence >= sequence { // else it is the newest, as mostly
		at, found = slices.BinarySearchFunc(s.answers, sequence, func(a *answer, seq uint64) int { return cmp.Compare(a.sequence, seq) })
	}
	if found {
		return s.answers[at], false
	}
	a = t.take()
	a.sequence = sequence
	s.answers = slices.Insert(s.answers, at, a)
	return a, true
}

func (t *table) take() *answer {
	n := len(t.free)
	if n == 0 {
		return new(answer)
	}
	a := t.free[n-1]
	t.free = t.free[:n-1]
	return a
}

// keptBytes is the largest result whose memory is used again.
const keptBytes = 1 << 10

// recycle makes the memory of answers available. Apply may not have given all of them yet:
// it gives each before it fills one that a later entry was given the memory for.
func (t *table) recycle(answers []*answer) {
	for _, a := range answers {
		if len(t.free) < Window && cap(a.result) <= keptBytes {
			t.free = append(t.free, a)
		}
	}
}
