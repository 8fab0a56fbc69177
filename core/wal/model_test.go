package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/raftbench/raftbench/core"
)

var testIdentity = Identity{Cluster: 7, Node: 1}

// simDir has parents that are not there at first.
const simDir = "/data/cluster/node"

func simOptions(d *simDisk) Options {
	return Options{Dir: simDir, Identity: testIdentity, SegmentBytes: 8 << 10, fs: d, inline: true}
}

// model is what a log has to hold.
type model struct {
	hard     core.HardState
	entries  map[core.Index]core.Entry
	last     core.Index
	base     core.Index
	snapshot core.SnapshotMeta
	content  []byte
}

func (m model) clone() model {
	m.entries = maps.Clone(m.entries)
	return m
}

// check compares a log with the model. The log may have more than it must.
func (m *model) check(l *Log) error {
	if l.hard.Term != m.hard.Term || l.hard.Vote != m.hard.Vote || l.hard.Commit > m.hard.Commit { // which is a hint
		return fmt.Errorf("hard state %+v, want %+v", l.hard, m.hard)
	}
	if l.snapshot != m.snapshot {
		return fmt.Errorf("%v, want %v", l.snapshot, m.snapshot)
	}
	if l.LastIndex() != m.last || l.FirstIndex() > m.base+1 {
		return fmt.Errorf("log from %d to %d, want %d to %d", l.FirstIndex(), l.LastIndex(), m.base+1, m.last)
	}
	for i := max(l.FirstIndex(), m.base+1); i <= m.last; i++ {
		list, err := l.Entries(i, i+1, 1<<30)
		if err != nil {
			return err
		}
		if want := m.entries[i]; list[0].Term != want.Term || !bytes.Equal(list[0].Data, want.Data) || list[0].Index != i {
			return fmt.Errorf("entry %d has term %d and %d bytes, want term %d and %d bytes", i, list[0].Term, len(list[0].Data), want.Term, len(want.Data))
		}
	}
	if m.snapshot.Index == 0 {
		return nil
	}
	_, r, err := l.OpenSnapshot()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err == nil && !bytes.Equal(content, m.content) {
		err = errors.New("the snapshot is another")
	}
	return err
}

// workload writes to a log what rng says, and keeps the states that the log may be in
// after a crash: from the last one that was acknowledged to the last one that was
// written.
type workload struct {
	rng    *rand.Rand
	log    *Log
	now    model
	states []model // the first one is acknowledged
	failed error
}

func newWorkload(l *Log, seed uint64, from model) *workload {
	w := &workload{rng: rand.New(rand.NewPCG(seed, 1)), log: l, now: from.clone(), states: []model{from.clone()}}
	w.now.hard.Commit = max(w.now.hard.Commit, w.now.snapshot.Index)
	return w
}

func newModel() model { return model{entries: map[core.Index]core.Entry{}} }

// acknowledged forgets the states before the present one.
func (w *workload) acknowledged() { w.states = w.states[len(w.states)-1:] }

// step does one thing and waits for it to become durable, or to fail.
func (w *workload) step() {
	switch n := w.rng.IntN(20); {
	case n < 14:
		w.write(1 + w.rng.IntN(4))
	case n < 16:
		w.vote()
	default:
		w.compact()
	}
}

// write appends so many times before it waits, and now and then replaces the end.
func (w *workload) write(writes int) {
	done := make(chan error, writes)
	for range writes {
		first := w.now.last + 1
		if w.rng.IntN(6) == 0 && first > w.now.hard.Commit+1 {
			first = w.now.hard.Commit + 1 + core.Index(w.rng.IntN(int(first-w.now.hard.Commit-1)))
			w.now.hard.Term++
		}
		var data [][]byte
		for range 1 + w.rng.IntN(4) {
			d := make([]byte, w.rng.IntN(30)*w.rng.IntN(30))
			for i := range d {
				d[i] = byte(w.rng.IntN(2)) * byte(w.rng.Uint32()) // with zeros in it
			}
			data = append(data, d)
		}
		w.start(done, first, data...)
	}
	w.wait(done, writes)
}

// append appends from an index on, and waits.
func (w *workload) append(first core.Index, data ...[]byte) {
	done := make(chan error, 1)
	w.start(done, first, data...)
	w.wait(done, 1)
}

func (w *workload) start(done chan error, first core.Index, data ...[]byte) {
	var list []core.Entry
	for i, d := range data {
		list = append(list, core.Entry{Index: first + core.Index(i), Term: w.now.hard.Term, Data: d})
	}
	w.now.apply(list)
	hard := w.now.hard
	w.states = append(w.states, w.now.clone())
	w.log.Write(core.Write{HardState: &hard, Entries: list, Sync: true}, func(err error) { done <- err })
}

func (w *workload) wait(done chan error, writes int) {
	for range writes {
		if err := <-done; err != nil {
			w.failed = err
		}
	}
	if w.failed == nil {
		w.acknowledged()
	}
}

func (m *model) apply(list []core.Entry) {
	for i := list[0].Index; i <= m.last; i++ {
		delete(m.entries, i)
	}
	for _, e := range list {
		m.entries[e.Index] = e
		m.last = e.Index
	}
}

func (w *workload) vote() {
	w.now.hard.Term++
	w.now.hard.Vote = core.NodeID(1 + w.rng.IntN(3))
	w.now.hard.Commit += core.Index(w.rng.IntN(int(w.now.last-w.now.hard.Commit) + 1))
	hard := w.now.hard
	w.states = append(w.states, w.now.clone())
	done := make(chan error, 1)
	w.log.Write(core.Write{HardState: &hard, Sync: true}, func(err error) { done <- err })
	if w.failed = <-done; w.failed == nil {
		w.acknowledged()
	}
}

// compact saves a snapshot, mostly of what is committed, and forgets part of what it
// covers.
func (w *workload) compact() {
	index := w.now.hard.Commit
	if w.rng.IntN(8) == 0 {
		index = w.now.last + core.Index(w.rng.IntN(3)) // as if from the leader
	}
	if index <= w.now.snapshot.Index {
		return
	}
	next := w.now.clone()
	next.snapshot = core.SnapshotMeta{Index: index, Term: w.now.entries[index].Term}
	if index > w.now.last {
		next.snapshot.Term = w.now.hard.Term
		next.entries, next.last, next.base = map[core.Index]core.Entry{}, index, index
	}
	w.save(next, index, fmt.Appendf(nil, "state %d %s", index, bytes.Repeat([]byte("x"), w.rng.IntN(3000))))
	if keep := core.Index(w.rng.IntN(10)); w.failed == nil && index > w.log.FirstIndex()+keep {
		w.forget(index - keep)
	}
}

// save saves a snapshot, after which the log is in the state next.
func (w *workload) save(next model, index core.Index, content []byte) {
	if next.snapshot.Index != index {
		next.snapshot = core.SnapshotMeta{Index: index, Term: next.entries[index].Term}
	}
	next.content = content
	w.states = append(w.states, next.clone())
	if w.failed = core.SaveSnapshot(w.log, next.snapshot, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	}); w.failed != nil {
		return
	}
	w.now = next
	w.now.hard.Commit = max(w.now.hard.Commit, index) // to be stored with the next write
	w.acknowledged()
}

func (w *workload) forget(through core.Index) {
	w.now.base = max(w.now.base, through)
	w.states[0].base = w.now.base
	w.failed = w.log.Compact(through)
}

// found returns the state that the log is in, if it is one that it may be in.
func (w *workload) found(l *Log) (model, error) {
	var errs []error
	for _, m := range slices.Backward(w.states) {
		m.hard.Commit = min(m.hard.Commit, m.last)
		err := m.check(l)
		if err == nil {
			return m, nil
		}
		errs = append(errs, err)
	}
	return model{}, errors.Join(errs...)
}
