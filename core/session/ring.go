package session

import (
	"container/list"
	"math/bits"
)

// session is what is known of one session: the answers of a window of its writes, in a
// ring.
type session struct {
	id ID

	// received: the client has the answers of writes through this one.
	received uint64

	// newest is the newest write that is known of, or received if that is beyond it.
	// Invariant: newest - received <= Window.
	newest uint64

	// ring has the answer of a write at its number modulo the size, which is a power of two.
	// Invariant: the size is at least newest - received, and what is not between the two is empty.
	ring []answer

	place *list.Element // in table.order
}

// smallestRing is how many places a ring begins with.
const smallestRing = 16

// at is the place of a write that is beyond received and not beyond newest.
func (s *session) at(sequence uint64) *answer {
	return &s.ring[sequence&uint64(len(s.ring)-1)]
}

// answer is the place of the answer to a write that is beyond received, by at most Window.
// It is good until the next one is asked for.
func (s *session) answer(sequence uint64) *answer {
	if sequence-s.received > uint64(len(s.ring)) {
		s.grow(sequence - s.received)
	}
	s.newest = max(s.newest, sequence)
	return s.at(sequence)
}

// grow makes room for so many answers.
func (s *session) grow(size uint64) {
	old := *s
	s.ring = make([]answer, max(smallestRing, 1<<bits.Len64(size-1)))
	for n := old.received; n < old.newest; {
		n++
		*s.at(n) = *old.at(n)
	}
}

// answers counts the writes that were answered and not received.
func (s *session) answers() (count int) {
	for n := s.received; n < s.newest; {
		n++
		if *s.at(n) != 0 {
			count++
		}
	}
	return count
}
