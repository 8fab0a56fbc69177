package raft

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no id":              {func(c *Config) { c.ID = 0 }, "ID is zero"},
		"a stranger":         {func(c *Config) { c.ID = 9 }, "not among Voters"},
		"nobody":             {func(c *Config) { c.Voters = append(c.Voters, 0) }, "node zero"},
		"twice":              {func(c *Config) { c.Voters = append(c.Voters, 2) }, "node 2 twice"},
		"no log":             {func(c *Config) { c.Log = nil }, "Log is nil"},
		"negative":           {func(c *Config) { c.MaxInflight = -1 }, "MaxInflight is -1"},
		"elections too soon": {func(c *Config) { c.ElectionTicks, c.HeartbeatTicks = 3, 3 }, "ElectionTicks is 3"},
		"a lost log":         {func(c *Config) { c.HardState.Commit = 5 }, "HardState.Commit is 5"},
		"a lost snapshot":    {func(c *Config) { c.Snapshot.Index = 5 }, "snapshot through 5"},
	} {
		cfg := Config{ID: 1, Voters: []core.NodeID{1, 2, 3}, Log: &testLog{}}
		c.change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestStepRefusesOtherKinds(t *testing.T) {
	n := newNode(t, 1, nil)
	for _, req := range []core.Request{&core.ProposeRequest{}, &core.ReadRequest{}} {
		if err := n.Step(1, req); err == nil || n.HasReady() {
			t.Errorf("%T: error %v", req, err)
		}
	}
	n.respond(&core.ProposeResponse{})
	n.respond(&core.ReadResponse{})
}

func TestPersistedIsIgnoredOutOfPlace(t *testing.T) {
	n := newNode(t, 1, nil)
	n.slow = true
	n.step(&core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1)})
	n.Persisted(99)
	n.Persisted(0)
	if n.Status().Durable != 0 {
		t.Fatal("a write that was not given out is durable")
	}
}

func TestAppliedBeyondWhatWasGivenOut(t *testing.T) {
	n := newNode(t, 1, nil)
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	n.Applied(1)
}

func TestRestartAppliesThroughTheStoredCommit(t *testing.T) {
	n := newNode(t, 2, []core.Term{1, 1, 2}, func(c *Config) { c.HardState.Commit = 2 })
	if len(n.committed) != 2 || n.Status().Applied != 2 {
		t.Fatalf("to apply: %v", n.committed)
	}
}

func TestCommittedIsBoundedInBytes(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = []core.NodeID{1} })
	n.ticks(20)
	big := string(make([]byte, maxCommittedBytes/2))
	n.slow = true
	n.propose(big, big, big, big)
	n.Persisted(n.writes[0].seq)
	var pieces []int
	for n.HasReady() {
		rd := n.Ready()
		pieces = append(pieces, len(rd.Committed))
	}
	if d := cmp.Diff([]int{1, 1, 1, 1}, pieces); d != "" {
		t.Fatal(d)
	}
}

// After Ready there is nothing ready: or a driver would turn for ever.
func TestReadyLeavesNothingReady(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	if n.HasReady() {
		t.Fatalf("%+v", n.Ready())
	}
	_, _ = n.ReadIndex()
	_, _, _ = n.Propose([][]byte{{1}})
	n.Tick()
	rd := n.Ready()
	n.log.write(rd.Entries)
	if n.HasReady() {
		t.Fatalf("still ready: %+v", n.Ready())
	}
}

// A commit index alone is a hint, and not worth a write.
func TestCommitAloneIsNotWritten(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1)})
	seq := n.Raft.writes.newest
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, PrevIndex: 1, PrevTerm: 1, Commit: 1})
	if n.Raft.writes.newest != seq {
		t.Fatal("written")
	}
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 1)})
	if n.state.Commit != 1 {
		t.Fatalf("it did not ride on the next write: %+v", n.state)
	}
}

func TestInflights(t *testing.T) {
	f := inflights{maxCount: 3, maxBytes: 100}
	check := func(what string, count, bytes int, full bool) {
		t.Helper()
		if f.queue.len() != count || f.bytes != bytes || f.full() != full {
			t.Fatalf("%s: %d with %d bytes, full %t; want %d, %d, %t", what, f.queue.len(), f.bytes, f.full(), count, bytes, full)
		}
	}
	check("new", 0, 0, false)
	f.add(5, 10)
	f.add(9, 20)
	check("two", 2, 30, false)
	f.add(12, 5)
	check("full by count", 3, 35, true)
	f.ack(8)
	check("acknowledged within the second", 2, 25, false)
	f.add(20, 90)
	check("full by bytes, and past it", 3, 115, true)
	if !f.holds(20) || f.holds(5) || f.holds(10) {
		t.Fatal("holds")
	}
	f.ack(100)
	check("all acknowledged", 0, 0, false)
	f.add(30, 1)
	f.reset()
	check("reset", 0, 0, false)
}

func TestProgress(t *testing.T) {
	fresh := func(state ProgressState) *progress {
		p := &progress{id: 2, inflights: inflights{maxCount: 2, maxBytes: 1000}}
		p.start(10, 1, 0)
		p.acked(4, 0)
		switch state {
		case StateReplicate:
			p.replicate(5)
		case StateSnapshot:
			p.waitForSnapshot(8)
		}
		return p
	}
	type want struct {
		state       ProgressState
		match, next core.Index
		wants       bool // with a log through 20
		inflight    int
	}
	for name, c := range map[string]struct {
		state ProgressState
		do    func(p *progress)
		want  want
	}{
		"a new term probes at its end":      {StateProbe, func(*progress) {}, want{StateProbe, 4, 10, true, 0}},
		"one probe at a time":               {StateProbe, func(p *progress) { p.sentEntries(12, 5, 1) }, want{StateProbe, 4, 10, false, 0}},
		"a probe fails":                     {StateProbe, func(p *progress) { p.sentEntries(12, 5, 1); p.appendFailed(12, 2) }, want{StateProbe, 4, 10, false, 0}},
		"replication does not wait":         {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1) }, want{StateReplicate, 4, 13, true, 1}},
		"but for the window":                {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.sentEntries(14, 5, 1) }, want{StateReplicate, 4, 15, false, 2}},
		"an acknowledgement opens it":       {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.sentEntries(14, 5, 1); p.acked(12, 1) }, want{StateReplicate, 12, 15, true, 1}},
		"an old one does not":               {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.sentEntries(14, 5, 1); p.acked(3, 1) }, want{StateReplicate, 4, 15, false, 2}},
		"a failure goes back to probing":    {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.sentEntries(14, 5, 1); p.appendFailed(14, 2) }, want{StateProbe, 4, 5, false, 0}},
		"another's failure does not":        {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.appendFailed(11, 2) }, want{StateReplicate, 4, 13, true, 1}},
		"no appends beside a snapshot":      {StateSnapshot, func(*progress) {}, want{StateSnapshot, 4, 5, false, 0}},
		"a snapshot fails":                  {StateSnapshot, func(p *progress) { p.snapshotFailed(8, 1) }, want{StateProbe, 4, 5, false, 0}},
		"another snapshot fails":            {StateSnapshot, func(p *progress) { p.snapshotFailed(7, 1) }, want{StateSnapshot, 4, 5, false, 0}},
		"probing never goes behind a match": {StateReplicate, func(p *progress) { p.probe(2, false) }, want{StateProbe, 4, 5, true, 0}},
		"a new session forgets":             {StateReplicate, func(p *progress) { p.sentEntries(12, 5, 1); p.start(30, 2, 9) }, want{StateProbe, 0, 30, false, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			p := fresh(c.state)
			c.do(p)
			got := want{p.state, p.match, p.next, p.wants(20), p.inflights.queue.len()}
			if got != c.want {
				t.Fatalf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var q queue[int]
	var want []int
	for i := range 20000 {
		switch k := rng.IntN(100); {
		case k < 50:
			q.push(i)
			want = append(want, i)
		case k < 99 && len(want) > 0:
			if got := q.pop(); got != want[0] {
				t.Fatalf("%d, want %d", got, want[0])
			}
			want = want[1:]
		case k == 99 && i%7 == 0:
			q.clear()
			want = nil
		}
		if q.len() != len(want) || len(want) > 0 && *q.at(len(want) - 1) != want[len(want)-1] {
			t.Fatalf("step %d: length %d, want %d", i, q.len(), len(want))
		}
	}
	for q.len() > 0 {
		q.pop()
	}
	for i := range 100000 {
		q.push(i)
		q.push(i)
		q.pop()
		q.pop()
	}
	if cap(q.items) > 1<<15 {
		t.Fatalf("a short queue holds room for %d", cap(q.items))
	}
}

func TestArena(t *testing.T) {
	var a arena
	var copies [][]byte
	var want []string
	for i := range 3000 {
		b := []byte(strings.Repeat(string(rune('a'+i%26)), i%700))
		copies = append(copies, a.copy(b))
		want = append(want, string(b))
		clear(b)
	}
	huge := make([]byte, 2*blockBytes)
	left := len(a.free)
	if got := a.copy(huge); len(got) != len(huge) || len(a.free) != left {
		t.Fatal("a huge item belongs into a block of its own")
	}
	for i, c := range copies {
		if string(c) != want[i] {
			t.Fatalf("item %d changed", i)
		}
		if cap(c) != len(c) {
			t.Fatalf("item %d could grow into the next", i)
		}
	}
	if a.copy([]byte{}) != nil {
		t.Fatal("empty data is nil")
	}
}

func TestLastAtOrBefore(t *testing.T) {
	terms := []core.Term{1, 1, 3, 3, 3, 6, 6, 9}
	n := newNode(t, 9, terms)
	for lo := core.Index(0); lo <= 8; lo++ {
		for hi := core.Index(0); hi <= 8; hi++ {
			for term := core.Term(0); term < 11; term++ {
				want := lo
				for i := lo + 1; i <= hi; i++ {
					if terms[i-1] <= term {
						want = i
					}
				}
				if got := n.Raft.log.lastAtOrBefore(term, lo, hi); got != want {
					t.Fatalf("term %d in (%d, %d]: %d, want %d", term, lo, hi, got, want)
				}
			}
		}
	}
}

// The log against a slice that does the same in the simplest way.
func TestLogAgainstModel(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		stable := &testLog{}
		l, err := newLog(stable)
		if err != nil {
			t.Fatal(err)
		}
		var model []core.Term
		term := core.Term(1)
		for range 300 {
			switch rng.IntN(5) {
			case 0, 1:
				k := 1 + rng.IntN(5)
				var terms []core.Term
				for range k {
					terms = append(terms, term)
				}
				l.appendCopies(entriesOf(l.last+1, terms...))
				model = append(model, terms...)
			case 2:
				cut := rng.IntN(len(model) + 1)
				l.truncate(core.Index(cut))
				model = model[:cut]
				term++
			case 3:
				_, entries := l.take()
				stable.write(entries)
			}
			var got []core.Term
			for lo := core.Index(1); lo <= l.last; {
				entries, err := l.entries(lo, l.last+1, 64)
				if err != nil {
					t.Fatal(err)
				}
				for i := range entries {
					got = append(got, entries[i].Term)
					if at, err := l.term(entries[i].Index); err != nil || at != entries[i].Term {
						t.Fatalf("term of %d: %d, %v", entries[i].Index, at, err)
					}
				}
				lo += core.Index(len(entries))
			}
			if !slices.Equal(got, model) {
				t.Fatalf("seed %d: %v, want %v", seed, got, model)
			}
		}
		if _, err := l.term(l.last + 1); !errors.Is(err, core.ErrOutOfRange) {
			t.Fatal(err)
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		Leader.String(): "leader", Follower.String(): "follower", Candidate.String(): "candidate",
		PreCandidate.String(): "pre-candidate", Role(9).String(): "Role(9)",
		StateProbe.String(): "probe", StateReplicate.String(): "replicate", StateSnapshot.String(): "snapshot",
		ProgressState(9).String(): "ProgressState(9)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The hot path allocates per batch, not per entry.
func TestAllocationsDoNotGrowWithTheBatch(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = []core.NodeID{1}; c.MaxAppendBytes = 1 << 20 })
	n.ticks(20)
	commands := make([][]byte, 100)
	for i := range commands {
		commands[i] = make([]byte, 16)
	}
	got := testing.AllocsPerRun(200, func() {
		_, _, _ = n.Propose(commands)
		rd := n.Ready()
		n.log.entries = nil
		n.log.first = rd.Entries[0].Index
		n.log.write(rd.Entries)
		n.Persisted(rd.Seq)
		rd = n.Ready()
		n.Applied(rd.Committed[len(rd.Committed)-1].Index)
	})
	if got > 10 {
		t.Fatalf("%v allocations for 100 entries", got)
	}
}
