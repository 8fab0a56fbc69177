package raft_test

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// log is the least that a driver needs: a log in memory.
type log struct{ entries []core.Entry }

func (l *log) FirstIndex() core.Index { return 1 }
func (l *log) LastIndex() core.Index  { return core.Index(len(l.entries)) }
func (l *log) Term(i core.Index) (core.Term, error) {
	if i == 0 {
		return 0, nil
	}
	return l.entries[i-1].Term, nil
}
func (l *log) Entries(lo, hi core.Index, _ int) ([]core.Entry, error) {
	return l.entries[lo-1 : hi-1 : hi-1], nil
}

// A cluster of one elects itself, and applies what it is given.
func Example() {
	l := new(log)
	r, err := raft.New(raft.Config{ID: 1, Voters: []core.NodeID{1}, Log: l})
	if err != nil {
		fmt.Println(err)
		return
	}
	drive := func(w func(core.Entry)) {
		for r.HasReady() {
			rd := r.Ready()
			l.entries = append(l.entries, rd.Entries...) // nothing is ever replaced here
			for _, e := range rd.Committed {
				w(e)
				r.Applied(e.Index)
			}
			if rd.Seq != 0 {
				r.Persisted(rd.Seq) // this disk is memory
			}
		}
	}
	for r.Role() != raft.Leader {
		r.Tick()
		drive(func(core.Entry) {})
	}
	if _, _, err := r.Propose([][]byte{[]byte("x=1"), []byte("x=2")}); err != nil {
		fmt.Println(err)
	}
	drive(func(e core.Entry) { fmt.Printf("apply %d: %s\n", e.Index, e.Data) })
	// Output:
	// apply 2: x=1
	// apply 3: x=2
}
