package rawtcp

import (
	"math"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// never is a deadline that does not come.
const never = math.MaxInt64

// slot is the place of one call under way. Slots do not move and are used again.
type slot struct {
	call       *core.Call // nil while the slot is free
	id         uint64     // of the call: the slot's number below, how often it was used above
	deadline   int64      // on the transport's clock, in nanoseconds; a fresh call's counts from its stamp
	size       int        // the request's SizeBytes
	canceled   bool
	generation uint32
	next       *slot // in the free list, or in the list of fresh calls
}

// slotChunk is how many slots are allocated together.
const slotChunk = 64

// pending holds the calls under way on one connection. It has no lock of its own.
//
// An id is used once in 4 billion uses of a slot, so a response that comes after
// its call has ended finds nobody. Whoever takes a call from here, and nobody
// else, ends it.
type pending struct {
	chunks   [][]slot
	free     *slot
	fresh    *slot // calls without a stamp
	calls    int
	bytes    int
	room     *dial.Room // which the caller of add has taken the call's size from
	earliest int64      // no deadline of a stamped call is before it
}

// add enters a call and returns its id. The caller has checked the bounds. The
// timeout counts from the next stamp: calls that leave together look at the clock
// together. A look takes 45 ns in a virtual machine, which was 6 % of a call.
func (p *pending) add(call *core.Call, size int, timeout int64) uint64 {
	if p.free == nil {
		p.grow()
	}
	s := p.free
	p.free, s.next, p.fresh = s.next, p.fresh, s
	s.generation++
	s.id = s.id&math.MaxUint32 | uint64(s.generation)<<32
	s.call, s.size, s.deadline, s.canceled = call, size, timeout, false
	p.calls++
	p.bytes += size
	return s.id
}

// stamp gives the fresh calls their deadlines. No call may be taken before.
func (p *pending) stamp(now int64) {
	for s := p.fresh; s != nil; s = s.next {
		s.deadline += now
		p.earliest = min(p.earliest, s.deadline)
	}
	p.fresh = nil
}

func (p *pending) grow() {
	first := len(p.chunks) * slotChunk
	chunk := make([]slot, slotChunk)
	for i := range chunk {
		chunk[i].id = uint64(first + i)
		chunk[i].next = p.free
		p.free = &chunk[i]
	}
	p.chunks = append(p.chunks, chunk)
}

// find returns the slot of the call with this id, or nil if it has ended.
func (p *pending) find(id uint64) *slot {
	n := id & math.MaxUint32
	if n >= uint64(len(p.chunks))*slotChunk {
		return nil
	}
	s := &p.chunks[n/slotChunk][n%slotChunk]
	if s.id != id || s.call == nil {
		return nil
	}
	return s
}

// take removes the call of s, which has its stamp and is then the caller's to end.
func (p *pending) take(s *slot) *core.Call {
	call := s.call
	p.calls--
	p.bytes -= s.size
	p.room.Give(s.size)
	s.call = nil
	s.next = p.free
	p.free = s
	return call
}

// cancel marks the wanted calls and reports whether there are any.
func (p *pending) cancel(wanted map[*core.Call]bool) (found bool) {
	for _, chunk := range p.chunks {
		for i := range chunk {
			if s := &chunk[i]; s.call != nil && wanted[s.call] {
				s.canceled, found = true, true
			}
		}
	}
	return found
}

// takeAll removes every call, appending them to calls.
func (p *pending) takeAll(calls []*core.Call) []*core.Call {
	for _, chunk := range p.chunks {
		for i := range chunk {
			if chunk[i].call != nil {
				calls = append(calls, p.take(&chunk[i]))
			}
		}
	}
	return calls
}

// takeDue removes the calls that were canceled or whose deadline has passed, and
// learns the earliest deadline of the others.
func (p *pending) takeDue(now int64, expired, canceled []*core.Call) (e, c []*core.Call) {
	p.earliest = never
	for _, chunk := range p.chunks {
		for i := range chunk {
			s := &chunk[i]
			switch {
			case s.call == nil:
			case s.canceled:
				canceled = append(canceled, p.take(s))
			case s.deadline <= now:
				expired = append(expired, p.take(s))
			default:
				p.earliest = min(p.earliest, s.deadline)
			}
		}
	}
	return expired, canceled
}
