package session_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []session.Config{{Sessions: -1}, {Sessions: session.MaxSessions + 1}, {AnswerBytes: -1}, {AnswerBytes: session.MaxAnswerBytes + 1}} {
		if _, err := session.New(new(ledger), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	if _, err := session.New(nil, session.Config{}); err == nil {
		t.Error("no state machine was accepted")
	}
}

// The bound of the table is reached by the default one, too.
func TestTableIsBounded(t *testing.T) {
	r := newRig(t, 0)
	for range session.DefaultSessions + 10 {
		r.register()
	}
	if n := r.Sessions(); n != session.DefaultSessions {
		t.Fatalf("%d sessions, want %d", n, session.DefaultSessions)
	}
}

// The answers of a session are bounded by the window: no command can name a number
// beyond it.
func TestWindowIsBounded(t *testing.T) {
	r := newRig(t, 1)
	id := r.register()
	expect(t, r.apply(write(id, session.Window, 0, "x")), "x is number 1")
	expect(t, r.apply(write(id, session.Window+1, 0, "y"), write(id, 1, 1, "z")), "malformed", "malformed")
	expect(t, r.apply(write(id, session.Window+1, 1, "y")), "y is number 2")
}

func TestMalformedCommandsAreNotExecuted(t *testing.T) {
	r := newRig(t, 1)
	id := r.register()
	one := byte(id) // a session and a sequence number of one byte each
	const wideSession, wideSequence = 1 << 2, 1 << 5
	for _, c := range [][]byte{
		nil, {0}, {4}, {1, 0}, {1 | wideSession}, {2}, {2, one}, {2, one, 1}, {2, one, 1, 1}, // cut off
		{2, one, 1, 0, 0}, {2, one, 1, 2, 0}, {2, one, 5, 1, 16}, {2, 0, 1, 1, 0}, // numbers that cannot be
		{2, one, 1, 0, 0, 'b', 'o', 'd', 'y'}, {2, one, 1, 2, 0, 'b', 'o', 'd', 'y'}, {2, 0, 1, 1, 0, 'b', 'o', 'd', 'y'},
		{2 | wideSession, one, 0, 1, 1, 0}, {2 | wideSequence, one, 1, 0, 1, 0}, // longer than they need to be
		{2 | wideSession, one, 0, 1, 1, 0, 'b', 'o', 'd', 'y'}, {2 | wideSequence, one, 1, 0, 1, 0, 'b', 'o', 'd', 'y'},
	} {
		expect(t, r.apply(c), "malformed")
	}
	if r.ledger.executed != 0 || r.ledger.applies != 0 {
		t.Fatal("the wrapped machine was asked")
	}
}

// New writes are executed in one batch, up to an entry that is none.
func TestNewWritesAreExecutedTogether(t *testing.T) {
	r := newRig(t, 2)
	id, other := r.register(), r.register()
	got := r.apply(write(id, 1, 0, "a"), write(other, 1, 0, "b"), write(id, 2, 0, "c"), write(id, 1, 0, "a"), write(id, 3, 0, "d"))
	expect(t, got, "a is number 1", "b is number 2", "c is number 3", "a is number 1", "d is number 4")
	if r.ledger.applies != 2 {
		t.Fatalf("%d batches, want 3 writes in the first and one in the second", r.ledger.applies)
	}
}

// What the machine keeps does not point into the entries, nor do results into what it
// uses again.
func TestApplyKeepsNothing(t *testing.T) {
	r := newRig(t, 1)
	id := r.register()
	e := core.Entry{Index: 9, Data: write(id, 1, 0, "a")}
	var first, second core.Results
	r.Apply([]core.Entry{e}, &first)
	want := bytes.Clone(first.List()[0])
	for i := range e.Data {
		e.Data[i] = 0xEE
	}
	r.apply(write(id, 2, 1, "b"), write(id, 3, 2, "c"))
	r.Apply([]core.Entry{{Index: 20, Data: write(id, 3, 2, "c")}}, &second)
	if !bytes.Equal(first.List()[0], want) || string(second.List()[0][1:]) != "c is number 3" {
		t.Fatalf("%q, then %q; want %q to last", first.List()[0], second.List()[0], want)
	}
}

// A table of other bounds is refused: replicas would forget different sessions.
func TestSnapshotOfAnotherBound(t *testing.T) {
	r := newRig(t, 2)
	for _, other := range []*rig{newRig(t, 3), boundedRig(t, 2, 1000)} {
		if err := other.ReadSnapshot(bytes.NewReader(r.snapshot())); !errors.Is(err, session.ErrSnapshot) {
			t.Fatalf("%v, want that it does not fit", err)
		}
	}
}

// What the wrapped machine refuses is refused as a whole.
func TestSnapshotThatTheMachineRefuses(t *testing.T) {
	r := newRig(t, 2)
	id := r.register()
	r.apply(write(id, 1, 0, "a"))
	whole := r.snapshot()
	other := newRig(t, 2)
	if err := other.ReadSnapshot(bytes.NewReader(whole[:len(whole)-1])); err == nil || other.Sessions() != 0 {
		t.Fatalf("%v, and %d sessions; want an error and none", err, other.Sessions())
	}
}

// A full disk is noticed in each part.
func TestSnapshotWriteErrors(t *testing.T) {
	r := newRig(t, 2)
	r.register()
	whole := len(r.snapshot())
	for room := range whole {
		if err := r.WriteSnapshot(&fullDisk{room}); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d of %d bytes: %v", room, whole, err)
		}
	}
}

var errFull = errors.New("full")

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.room {
		n := d.room
		d.room = 0
		return n, errFull
	}
	d.room -= len(b)
	return len(b), nil
}
