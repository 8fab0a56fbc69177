package session_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/session"
)

// These tests are about what §6.3 of the dissertation asks of a state machine, in our
// words.

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("results (-want +got):\n%s", diff)
	}
}

// A command whose serial number was executed before is answered without being executed
// again.
func TestRetriedWriteIsExecutedOnce_6_3(t *testing.T) {
	r := newRig(t, 0)
	id := r.register()
	expect(t, r.apply(write(id, 1, 0, "a")), "a is number 1")
	expect(t, r.apply(write(id, 2, 0, "b")), "b is number 2")
	expect(t, r.apply(write(id, 1, 0, "a")), "a is number 1")
	if r.ledger.executed != 2 {
		t.Fatalf("%d commands were executed, want 2", r.ledger.executed)
	}
}

// As above, where the first and the second copy are applied at once.
func TestRetriedWriteInOneBatch_6_3(t *testing.T) {
	r := newRig(t, 0)
	id := r.register()
	got := r.apply(write(id, 1, 0, "a"), write(id, 1, 0, "a"), write(id, 2, 1, "b"), write(id, 1, 0, "a"), write(id, 3, 2, "c"), write(id, 2, 0, "b"))
	expect(t, got, "a is number 1", "a is number 1", "b is number 2", "stale", "c is number 3", "stale")
	if r.ledger.executed != 3 {
		t.Fatalf("%d commands were executed, want 3", r.ledger.executed)
	}
}

// For clients with several requests under way a session is a set of numbers and answers,
// and not the latest number alone.
func TestConcurrentRequestsOfOneSession_6_3(t *testing.T) {
	r := newRig(t, 0)
	id := r.register()
	expect(t, r.apply(write(id, 5, 0, "e"), write(id, 2, 0, "b")), "e is number 1", "b is number 2")
	expect(t, r.apply(write(id, 1, 0, "a"), write(id, 5, 0, "e"), write(id, 4, 0, "d")), "a is number 3", "e is number 1", "d is number 4")
	expect(t, r.apply(write(id, 2, 0, "b"), write(id, 3, 0, "c")), "b is number 2", "c is number 5")
}

// With each request the client says how far it has received answers, and the state
// machine discards those.
func TestAnswersReceivedAreDiscarded_6_3(t *testing.T) {
	r := newRig(t, 0)
	id := r.register()
	before := len(r.snapshot())
	for seq := uint64(1); seq <= 100; seq++ {
		r.apply(write(id, seq, 0, "x"))
	}
	full := len(r.snapshot())
	r.apply(write(id, 101, 100, "y"))
	if after := len(r.snapshot()); full < before+100 || after > before+30 {
		t.Fatalf("the snapshot has %d bytes at first, %d with 100 answers and %d when they were received", before, full, after)
	}
	expect(t, r.apply(write(id, 101, 100, "y")), "y is number 101")
}

// A copy that arrives after its answer was discarded cannot be told from a new
// command but by its number.
func TestLateCopyIsNotExecuted_6_3(t *testing.T) {
	r := newRig(t, 0)
	id := r.register()
	r.apply(write(id, 1, 0, "a"), write(id, 3, 2, "c"))
	expect(t, r.apply(write(id, 1, 0, "a"), write(id, 2, 0, "b")), "stale", "stale")
	if r.ledger.executed != 2 {
		t.Fatalf("%d commands were executed, want 2", r.ledger.executed)
	}
}

// A client's identifier is the index of the entry that registered it, which is unique
// (figure 6.1).
func TestSessionIDIsTheIndexOfItsEntry_6_3(t *testing.T) {
	r := newRig(t, 0)
	r.index = 41
	if a, b := r.register(), r.register(); a != 42 || b != 43 {
		t.Fatalf("sessions %d and %d, want 42 and 43", a, b)
	}
}

// The number of sessions has a bound, and the one used longest ago goes first.
func TestLeastRecentlyUsedSessionExpires_6_3(t *testing.T) {
	r := newRig(t, 3)
	a, b, c := r.register(), r.register(), r.register()
	r.apply(write(a, 1, 0, "a"), write(b, 1, 0, "b"))
	r.apply(write(a, 1, 0, "a")) // a copy is a use as well
	d := r.register()            // in the place of c, which was never used
	e := r.register()            // in the place of b
	got := r.apply(write(a, 1, 0, "a"), write(b, 1, 0, "b"), write(c, 1, 0, "c"), write(d, 1, 0, "d"), write(e, 1, 0, "e"))
	expect(t, got, "a is number 1", "session expired", "session expired", "d is number 3", "e is number 4")
	if r.Sessions() != 3 {
		t.Fatalf("%d sessions, want 3", r.Sessions())
	}
}

// Whether a write of a session that has expired was executed before, nobody knows any
// more: it is an error, and no reason to execute it.
func TestWriteOfAnExpiredSessionIsNotExecuted_6_3(t *testing.T) {
	r := newRig(t, 1)
	a := r.register()
	got := r.apply(write(a, 1, 0, "a"), session.AppendRegister(nil), write(a, 1, 0, "a"), write(a, 2, 0, "b"), write(a+17, 1, 0, "c"))
	expect(t, append(got[:1], got[2:]...), "a is number 1", "session expired", "session expired", "session expired")
	if r.ledger.executed != 1 {
		t.Fatalf("%d commands were executed, want 1", r.ledger.executed)
	}
}

// The servers agree on which session expires and when, whatever batches they apply, and
// whether they applied all or began with a snapshot.
func TestServersAgreeOnExpiry_6_3(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		one, other := newRig(t, 4), newRig(t, 4)
		ids := []session.ID{one.register()}
		other.register()
		for range 100 {
			var batch [][]byte
			for range 1 + rng.IntN(5) {
				if rng.IntN(10) == 0 {
					ids = append(ids, session.ID(one.index)+session.ID(len(batch))+1)
					batch = append(batch, session.AppendRegister(nil))
				} else {
					batch = append(batch, write(ids[rng.IntN(len(ids))], 1+rng.Uint64N(20), 0, "x"))
				}
			}
			want := one.apply(batch...)
			var got []string
			for _, c := range batch {
				got = append(got, other.apply(c)...)
			}
			expect(t, got, want...)
			if rng.IntN(5) == 0 {
				other = other.restarted()
			}
		}
		if !bytes.Equal(one.snapshot(), other.snapshot()) {
			t.Fatalf("seed %d: the tables differ", seed)
		}
	}
}

// The sessions are a part of the snapshot, or a copy that comes after one would be
// executed again.
func TestAnswersSurviveASnapshot_6_3(t *testing.T) {
	r := newRig(t, 2)
	id := r.register()
	r.apply(write(id, 1, 0, "a"), write(id, 2, 0, "b"))
	r = r.restarted()
	expect(t, r.apply(write(id, 2, 0, "b"), write(id, 1, 0, "a"), write(id, 3, 0, "c")), "b is number 2", "a is number 1", "c is number 3")
}

// restarted is a replica that begins with the snapshot of this one.
func (r *rig) restarted() *rig {
	r.t.Helper()
	next := boundedRig(r.t, r.bounds.Sessions, r.bounds.AnswerBytes)
	next.index = r.index
	if err := next.ReadSnapshot(bytes.NewReader(r.snapshot())); err != nil {
		r.t.Fatal(err)
	}
	return next
}

func (r *rig) snapshot() []byte {
	r.t.Helper()
	var b bytes.Buffer
	if err := r.WriteSnapshot(&b); err != nil {
		r.t.Fatal(err)
	}
	return b.Bytes()
}
