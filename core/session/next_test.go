package session_test

import (
	"math"
	"testing"

	"github.com/raftbench/raftbench/core/session"
)

func next(body string) []byte { return session.AppendNext(nil, []byte(body)) }

// A next write is the one after that in the entry before, of the same session: a copy
// of either kind gets its answer, and it says as well how far answers were received.
func TestNextContinuesTheWriteBefore(t *testing.T) {
	r := newRig(t, 2)
	id, other := r.register(), r.register()
	expect(t, r.apply(write(id, 1, 0, "a"), next("b"), next("c"), write(other, 7, 6, "d"), next("e")),
		"a is number 1", "b is number 2", "c is number 3", "d is number 4", "e is number 5")
	expect(t, r.apply(write(id, 2, 0, "b"), next("c"), next("f")), "b is number 2", "c is number 3", "f is number 6")
	expect(t, r.apply(write(id, 4, 0, "f"), write(other, 8, 6, "e"), write(id, 9, 8, "g")), "f is number 6", "e is number 5", "g is number 7")
	expect(t, r.apply(next("h"), write(id, 8, 0, "i"), write(id, 10, 0, "h")), "h is number 8", "stale", "h is number 8")
}

// Replicas agree on what a next write is, also those that begin with a snapshot between
// it and the one before.
func TestNextAfterASnapshot(t *testing.T) {
	r := newRig(t, 2)
	id := r.register()
	expect(t, r.apply(write(id, 1, 0, "a"), next("b")), "a is number 1", "b is number 2")
	r = r.restarted()
	expect(t, r.apply(next("c"), write(id, 3, 0, "c")), "c is number 3", "c is number 3")
}

// A next write of a session that has expired is refused, as the one before is.
func TestNextOfAnExpiredSession(t *testing.T) {
	r := newRig(t, 1)
	id := r.register()
	r.register()
	expect(t, r.apply(write(id, 1, 0, "a"), next("b")), "session expired", "session expired")
}

// Where there is nothing to continue directly before it, a next write is malformed.
func TestNextOfNothing(t *testing.T) {
	const last = math.MaxUint64
	for name, prepare := range map[string]func(*rig, session.ID){
		"at the start":        func(r *rig, _ session.ID) { r.index = 0 },
		"after a register":    func(r *rig, id session.ID) { r.apply(write(id, 1, 0, "a"), session.AppendRegister(nil)) },
		"after a bad command": func(r *rig, id session.ID) { r.apply(write(id, 1, 0, "a"), []byte{4}) },
		"after a gap":         func(r *rig, id session.ID) { r.apply(write(id, 1, 0, "a")); r.index++ },
		"beyond the window":   func(r *rig, id session.ID) { r.apply(write(id, session.Window, 0, "a")) },
		"after the last":      func(r *rig, id session.ID) { r.apply(write(id, last, last-1, "a")) },
	} {
		r := newRig(t, 2)
		prepare(r, r.register())
		before := r.ledger.executed
		if got := r.apply(next("b"), next("c")); got[0] != "malformed" || got[1] != "malformed" || r.ledger.executed != before {
			t.Errorf("%s: %q, and %d executed", name, got, r.ledger.executed-before)
		}
	}
}
