// Package sessiontest is the conformance suite of a state machine that is wrapped
// with sessions (core/session). A test of one's own machine is one line:
//
//	sessiontest.Run(t, func() core.StateMachine { return counter.New() }, commands)
//
// It compares the wrapped machine with a bare one that is given by an obvious and
// slow model what ought to be executed. It starts no goroutine.
package sessiontest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// The bounds of the tables, low enough that sessions expire by each.
const (
	limit       = 3
	answerBytes = 600
)

// streams is how many logs are made of chance, of so many entries each.
const (
	streams = 10
	entries = 400
)

// Run checks a machine that open returns empty and new each time. Its snapshots must be
// the same for the same state. The logs that it is given consist of the
// commands, in random order, again and again.
func Run(t *testing.T, open func() core.StateMachine, commands [][]byte) {
	for name, check := range map[string]func(*testing.T, func() core.StateMachine, []core.Entry, *rand.Rand){
		"a write is executed once and gets the first answer again": checkOnce,
		"what a batch consists of has no influence":                checkBatches,
		"a snapshot carries the sessions":                          checkSnapshots,
		"a capture has the state of its moment":                    checkCaptures,
		"a snapshot that cannot be read changes nothing":           checkBadSnapshot,
		"queries are the machine's own":                            checkQueries,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(streams) {
				rng := rand.New(rand.NewPCG(seed, 0))
				check(t, open, newStream(rng, commands).entries(entries), rng)
			}
		})
	}
}

// wrapped is a machine with sessions, and the machine in it.
type wrapped struct {
	*session.Machine
	inner core.StateMachine
}

func wrap(t *testing.T, open func() core.StateMachine) wrapped {
	t.Helper()
	inner := open()
	m, err := session.New(inner, session.Config{Sessions: limit, AnswerBytes: answerBytes})
	if err != nil {
		t.Fatal(err)
	}
	return wrapped{m, inner}
}

// apply applies a log in batches of random size, and returns a copy of the results.
func apply(m core.StateMachine, log []core.Entry, largest int, rng *rand.Rand) [][]byte {
	var all [][]byte
	for len(log) > 0 {
		n := min(len(log), 1+rng.IntN(largest))
		var results core.Results
		m.Apply(log[:n], &results)
		all = append(all, results.List()...)
		log = log[n:]
	}
	return all
}

func snapshot(t *testing.T, m core.StateMachine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func checkOnce(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	m, bare := wrap(t, open), newModel(open())
	want := bare.apply(log)
	equal(t, "results", want, apply(m, log, 30, rng))
	equal(t, "state of the wrapped machine", snapshot(t, bare.machine), snapshot(t, m.inner))
	equal(t, "sessions", len(bare.order), m.Sessions())
	equal(t, "bytes of answers", bare.answerBytes(), m.AnswerBytes())
}

func checkBatches(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	one, many := wrap(t, open), wrap(t, open)
	equal(t, "results of batches", apply(one, log, 1, rng), apply(many, log, len(log), rng))
	equal(t, "snapshots", snapshot(t, one), snapshot(t, many))
}

func checkSnapshots(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	straight, m := wrap(t, open), wrap(t, open)
	want := apply(straight, log, 30, rng)
	var got [][]byte
	for len(log) > 0 {
		n := min(len(log), 1+rng.IntN(entries/4))
		got = append(got, apply(m, log[:n], 30, rng)...)
		log = log[n:]
		saved := snapshot(t, m)
		m = wrap(t, open)
		apply(m, newStream(rng, nil).entries(20), 30, rng) // which the snapshot replaces
		if err := m.ReadSnapshot(bytes.NewReader(saved)); err != nil {
			t.Fatal(err)
		}
		equal(t, "a snapshot of what was read", saved, snapshot(t, m))
	}
	equal(t, "results", want, got)
}

// checkCaptures: a capture has the state of its moment, whatever is applied before it is
// written.
func checkCaptures(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	m := wrap(t, open)
	half := len(log) / 2
	apply(m, log[:half], 30, rng)
	want := snapshot(t, m)
	c := m.Capture()
	defer c.Release()
	apply(m, log[half:], 30, rng)
	var got bytes.Buffer
	if err := c.WriteSnapshot(&got); err != nil {
		t.Fatal(err)
	}
	equal(t, "what was captured", want, got.Bytes())
}

func checkBadSnapshot(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	m := wrap(t, open)
	apply(m, log, 30, rng)
	before := snapshot(t, m)
	table := len(before) - len(snapshot(t, m.inner))
	damaged := bytes.Clone(before)
	damaged[rng.IntN(table)] ^= 1 << rng.IntN(8)
	if m.ReadSnapshot(bytes.NewReader(damaged)) == nil {
		t.Fatal("a damaged table was read")
	}
	if m.ReadSnapshot(bytes.NewReader(before[:rng.IntN(table)])) == nil {
		t.Fatal("half a table was read")
	}
	equal(t, "a snapshot afterwards", before, snapshot(t, m))
}

func checkQueries(t *testing.T, open func() core.StateMachine, log []core.Entry, rng *rand.Rand) {
	m := wrap(t, open)
	apply(m, log, 30, rng)
	for i := range log[:20] {
		var want, got core.Results
		c, _ := session.ParseCommand(log[i].Data)
		m.inner.Query(c.Body, &want)
		m.Query(c.Body, &got)
		equal(t, "results of queries", want.List(), got.List())
	}
}
