package session_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// ledger is a state machine that shows whether a command was executed twice: its answer
// says how many were before.
type ledger struct {
	executed uint64
	applies  int
}

func (l *ledger) Apply(entries []core.Entry, results *core.Results) {
	l.applies++
	for i := range entries {
		l.executed++
		results.Append(fmt.Appendf(nil, "%s is number %d", entries[i].Data, l.executed))
	}
}

func (l *ledger) Query(_ []byte, results *core.Results) {
	results.Append(binary.AppendUvarint(nil, l.executed))
}

func (l *ledger) WriteSnapshot(w io.Writer) error {
	return binary.Write(w, binary.LittleEndian, l.executed)
}

func (l *ledger) ReadSnapshot(r io.Reader) error {
	return binary.Read(r, binary.LittleEndian, &l.executed)
}

// rig is a ledger with sessions, and the log that it was given.
type rig struct {
	*session.Machine
	ledger *ledger
	t      testing.TB
	bounds session.Config
	index  core.Index
}

func newRig(t testing.TB, sessions int) *rig {
	t.Helper()
	return boundedRig(t, sessions, 0)
}

// boundedRig is one whose answers may take so many bytes.
func boundedRig(t testing.TB, sessions, answerBytes int) *rig {
	t.Helper()
	r := &rig{ledger: new(ledger), t: t, bounds: session.Config{Sessions: sessions, AnswerBytes: answerBytes}}
	m, err := session.New(r.ledger, r.bounds)
	if err != nil {
		t.Fatal(err)
	}
	r.Machine = m
	return r
}

// apply applies commands as one batch.
func (r *rig) apply(commands ...[]byte) []string {
	r.t.Helper()
	var entries []core.Entry
	for _, c := range commands {
		r.index++
		entries = append(entries, core.Entry{Index: r.index, Term: 1, Data: c})
	}
	var results core.Results
	r.Apply(entries, &results)
	var texts []string
	for _, b := range results.List() {
		status, result, ok := session.ParseResult(b)
		if !ok {
			r.t.Fatalf("no result of a Machine: %x", b)
		}
		if status != session.StatusOK {
			result = []byte(status.String())
		}
		texts = append(texts, string(result))
	}
	if len(texts) != len(commands) {
		r.t.Fatalf("%d results for %d commands", len(texts), len(commands))
	}
	return texts
}

// register opens a session.
func (r *rig) register() session.ID {
	r.t.Helper()
	id, _ := binary.Uvarint([]byte(r.apply(session.AppendRegister(nil))[0]))
	return session.ID(id)
}

func write(id session.ID, sequence, received uint64, body string) []byte {
	return session.AppendWrite(nil, id, sequence, received, []byte(body))
}
