package raft

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

func TestLeaderBeginsItsTermWithANoOp_6_4(t *testing.T) {
	n := newNode(t, 1, []core.Term{1})
	n.lead()
	for _, to := range []core.NodeID{2, 3} {
		if q := n.peer(to); q.match != 0 || q.state != StateProbe {
			t.Fatalf("progress of %d: %+v", to, q.status())
		}
	}
	q := n.appends(2)
	if len(q) != 1 || len(q[0].Entries) != 1 || q[0].Entries[0].Kind != core.EntryNoOp || q[0].PrevIndex != 1 || q[0].Entries[0].Term != 2 {
		t.Fatalf("the first append is %+v", q)
	}
}

func TestConsistencyCheck_3_5(t *testing.T) {
	for _, c := range []struct {
		prev     core.Index
		prevTerm core.Term
		want     bool
	}{
		{0, 0, true}, {1, 1, true}, {2, 1, true}, {3, 2, true}, {3, 1, false}, {3, 3, false}, {4, 2, false}, {9, 2, false},
	} {
		n := newNode(t, 2, []core.Term{1, 1, 2})
		a := n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: c.prev, PrevTerm: c.prevTerm, Session: 7, ReadContext: 5})
		if a.Success != c.want || a.PrevIndex != c.prev || a.Session != 7 || a.ReadContext != 5 || a.Term != 3 {
			t.Errorf("prev %d/%d: %+v", c.prev, c.prevTerm, a)
		}
		if a.Success && a.Match != c.prev {
			t.Errorf("prev %d/%d: match %d", c.prev, c.prevTerm, a.Match)
		}
	}
}

// Also bug class "truncation on a stale or shorter append" (copycat, openraft,
// cockroach#36353).
func TestOnlyConflictsCutTheLog_3_5(t *testing.T) {
	for _, c := range []struct {
		name     string
		prev     core.Index
		prevTerm core.Term
		entries  []core.Term
		want     []core.Term
		match    core.Index
	}{
		{"a heartbeat in the middle", 1, 1, nil, []core.Term{1, 1, 2, 2}, 1},
		{"entries that are there", 1, 1, []core.Term{1, 2}, []core.Term{1, 1, 2, 2}, 3},
		{"all that is there", 0, 0, []core.Term{1, 1, 2, 2}, []core.Term{1, 1, 2, 2}, 4},
		{"more", 4, 2, []core.Term{3}, []core.Term{1, 1, 2, 2, 3}, 5},
		{"some there, some new", 2, 1, []core.Term{2, 2, 3, 3}, []core.Term{1, 1, 2, 2, 3, 3}, 6},
		{"a conflict at once", 2, 1, []core.Term{3}, []core.Term{1, 1, 3}, 3},
		{"a conflict later", 1, 1, []core.Term{1, 2, 3}, []core.Term{1, 1, 2, 3}, 4},
		{"a conflict at the first entry", 0, 0, []core.Term{3, 3}, []core.Term{3, 3}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, 2, []core.Term{1, 1, 2, 2})
			q := core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: c.prev, PrevTerm: c.prevTerm, Entries: entriesOf(c.prev+1, c.entries...)}
			for range 2 { // and again: a message may arrive twice
				a := n.append(q)
				if !a.Success || a.Match != c.match {
					t.Fatalf("%+v", a)
				}
				if d := cmp.Diff(c.want, n.terms()); d != "" {
					t.Fatal(d)
				}
			}
		})
	}
}

func TestMalformedAppendsAreRefused_3_5(t *testing.T) {
	for name, q := range map[string]core.AppendEntriesRequest{
		"a gap":              {PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(3, 1)},
		"terms that fall":    {PrevIndex: 1, PrevTerm: 2, Entries: entriesOf(2, 1)},
		"a term to come":     {PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 9)},
		"a term before that": {PrevIndex: 1, PrevTerm: 9},
	} {
		n := newNode(t, 1, []core.Term{1})
		q.From, q.Term = 2, 3
		if a := n.append(q); a.Success || a.Term != 1 {
			t.Errorf("%s: %+v", name, a)
		}
		n.wantRole(Follower, 1)
	}
}

// Figure 3.6: whatever a follower's log looks like, the leader makes it its own.
func TestLeaderMakesLogsAgree_3_5(t *testing.T) {
	leaderLog := []core.Term{1, 1, 1, 4, 4, 5, 5, 6, 6, 6}
	for name, log := range map[string][]core.Term{
		"a: one missing":    {1, 1, 1, 4, 4, 5, 5, 6, 6},
		"b: many missing":   {1, 1, 1, 4},
		"c: one too many":   {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
		"d: a term more":    {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
		"e: both":           {1, 1, 1, 4, 4, 4, 4},
		"f: long astray":    {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
		"nothing":           {},
		"nothing in common": {2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, 7, leaderLog)
			f := newNode(t, 7, log, func(c *Config) { c.ID = 2 })
			n.lead()
			rounds := 0
			for ; !slices.Equal(n.terms(), f.terms()); rounds++ {
				q := n.appends(2)
				if rounds > 8 || len(q) == 0 {
					t.Fatalf("after %d rounds: leader %v, follower %v", rounds, n.terms(), f.terms())
				}
				n.respond(f.append(*q[0]))
			}
			// A round for each term that differs, not for each entry.
			if rounds > 5 {
				t.Errorf("%d rounds", rounds)
			}
		})
	}
}

func TestHintsSkipWholeTerms_3_5(t *testing.T) {
	var leaderLog, log []core.Term
	for i := range 2000 {
		leaderLog = append(leaderLog, core.Term(1+i/1000*3))
		log = append(log, core.Term(1+i/100*2/10))
	}
	n := newNode(t, 9, leaderLog)
	f := newNode(t, 9, log, func(c *Config) { c.ID = 2 })
	n.lead()
	for rounds := 1; ; rounds++ {
		a := f.append(*n.appends(2)[0])
		if a.Success {
			return
		}
		if rounds > 4 {
			t.Fatalf("refused %d times, now %+v", rounds, a)
		}
		n.respond(a)
	}
}

func TestStaleRefusalsAreIgnored_3_5(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1})
	n.lead()
	n.ack(2, 4)
	n.propose("a", "b")
	before := n.peer(2).status()
	for _, a := range []core.AppendEntriesResponse{
		{PrevIndex: 3, HintIndex: 1, HintTerm: 1},             // of the time before it matched
		{PrevIndex: 9, HintIndex: 1, HintTerm: 1},             // of what was never sent
		{PrevIndex: 4, HintIndex: 1, HintTerm: 1},             // at what is known to match
		{PrevIndex: 6, HintIndex: 1, HintTerm: 1, Session: 9}, // of another session
		{PrevIndex: 6, HintIndex: 1, HintTerm: 1, Term: 1},    // of another term
	} {
		a.From = 2
		a.Term = cmpOr(a.Term, n.Term())
		a.Session = cmpOr(a.Session, before.Session)
		n.respond(&a)
		if d := cmp.Diff(before, n.peer(2).status()); d != "" {
			t.Fatalf("%+v:\n%s", a, d)
		}
	}
}

func cmpOr[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

func TestCommitNeedsAMajority_3_5(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = []core.NodeID{1, 2, 3, 4, 5} })
	n.lead()
	n.propose("a")
	n.ack(2, 2)
	n.wantCommit(0)
	n.ack(2, 2) // the same again
	n.wantCommit(0)
	n.ack(5, 1)
	n.wantCommit(1)
	n.ack(4, 2)
	n.wantCommit(2)
	if len(n.committed) != 2 || string(n.committed[1].Data) != "a" {
		t.Fatalf("given out to apply: %v", n.committed)
	}
}

func TestFollowersLearnTheCommitIndex_3_5(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.sent = nil
	n.propose("a")
	if q := n.appends(2); q[0].Commit != 1 {
		t.Fatalf("the append says that %d is committed", q[0].Commit)
	}
	n.ticks(1)
	for to, want := range map[core.NodeID]core.Index{2: 1, 3: 0} {
		if p := n.peer(to); min(p.match, n.Commit()) != want {
			t.Fatalf("match of %d is %d", to, p.match)
		}
	}
	for _, q := range take[*core.AppendEntriesRequest](n, 0) {
		if len(q.Entries) == 0 && q.Commit > q.PrevIndex {
			t.Fatalf("a heartbeat promises commit %d of a log it knows through %d", q.Commit, q.PrevIndex)
		}
	}
}

// The rule whose lack is scylladb#9965: a follower may have a rest of an
// earlier term after what the message vouches for.
func TestFollowerCommitsOnlyWhatWasVerified_3_5(t *testing.T) {
	n := newNode(t, 2, []core.Term{1, 1, 1, 1, 1, 1})
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 1, PrevTerm: 1, Commit: 6, Entries: entriesOf(2, 1)})
	n.wantCommit(2)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 2, PrevTerm: 1, Commit: 6, Entries: entriesOf(3, 3)})
	n.wantCommit(3)
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 1, PrevTerm: 1, Commit: 1})
	n.wantCommit(3) // it never goes back
}

// Figure 3.7 (logcabin#44): an entry of an earlier term on a majority is not
// committed, before one of this term is.
func TestEarlierTermsAreNotCommittedByCounting_3_6_2(t *testing.T) {
	n := newNode(t, 3, []core.Term{1, 2})
	n.lead() // term 4, no-op at 3
	n.ack(2, 2)
	n.ack(3, 2)
	n.wantCommit(0)
	n.ack(3, 3)
	n.wantCommit(3)
}

func TestCommittedEntriesAreNeverReplaced_3_6_3(t *testing.T) {
	n := newNode(t, 2, []core.Term{1, 1, 2})
	n.append(core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 3, PrevTerm: 2, Commit: 3})
	defer func() {
		if recover() == nil {
			t.Fatal("a leader without a committed entry was followed")
		}
	}()
	n.append(core.AppendEntriesRequest{From: 3, Term: 3, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 3, 3, 3)})
}

// openraft#511: what the leader asks about may be behind our snapshot.
func TestAppendBehindTheSnapshot_5_1(t *testing.T) {
	n := newNode(t, 2, []core.Term{1, 1, 1, 2, 2, 2}, func(c *Config) { c.HardState.Commit = 5 })
	n.SetSnapshot(n.log.compact(4))
	for _, q := range []core.AppendEntriesRequest{
		{PrevIndex: 0, PrevTerm: 0},
		{PrevIndex: 2, PrevTerm: 1, Entries: entriesOf(3, 1)},
		{PrevIndex: 2, PrevTerm: 1, Entries: entriesOf(3, 1, 2, 2)},
	} {
		q.From, q.Term = 2, 3
		if a := n.append(q); !a.Success || a.Match != 5 {
			t.Fatalf("%+v: %+v", q, a)
		}
	}
	a := n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 1, PrevTerm: 1, Commit: 7, Entries: entriesOf(2, 1, 1, 2, 2, 2, 3)})
	if !a.Success || a.Match != 7 {
		t.Fatalf("%+v", a)
	}
	n.wantCommit(7)
}

func TestFollowerAnswersWhenDurable_3_8(t *testing.T) {
	n := newNode(t, 1, nil)
	n.slow = true
	first := n.step(&core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1)})
	twice := n.step(&core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1)})
	second := n.step(&core.AppendEntriesRequest{From: 2, Term: 1, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 1)})
	heartbeat := n.step(&core.AppendEntriesRequest{From: 2, Term: 1})
	if n.answers[heartbeat] == nil {
		t.Fatal("a heartbeat waited for the disk")
	}
	if n.answers[first] != nil || n.answers[twice] != nil || n.answers[second] != nil {
		t.Fatal("an acknowledgement left before its entries were durable")
	}
	n.persist()
	n.drain()
	if n.answers[first] == nil || n.answers[second] != nil {
		t.Fatal("the first write is durable, the second is not")
	}
	n.persistAll()
	if n.answers[twice] == nil || n.answers[second] == nil {
		t.Fatal("all is durable, and an answer is missing")
	}
}

func TestLeaderSendsWhileItWrites_10_2_1(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.sent = nil
	n.slow = true
	n.propose("a")
	if len(n.appends(2)) != 1 {
		t.Fatal("the append waited for the leader's disk")
	}
	n.wantCommit(1)
	n.ack(2, 2)
	n.wantCommit(1) // one follower, and not the leader itself
	n.persistAll()
	n.wantCommit(2)
	n.slow = true
	n.propose("b")
	n.ack(2, 3)
	n.wantCommit(2)
	n.ack(3, 3)
	n.wantCommit(3) // two followers do without the leader's disk
}

func TestPipeline_10_2_2(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.MaxInflight = 3 })
	n.lead()
	n.propose("x")
	if got := n.appends(2); len(got) != 1 {
		t.Fatalf("%d messages while probing", len(got))
	}
	n.ack(2, 1)
	if len(n.appends(2)) != 1 {
		t.Fatal("nothing followed the probe")
	}
	for range 5 {
		n.propose("y")
	}
	if got := n.appends(2); len(got) != 2 {
		t.Fatalf("%d more messages, and the window is 3", len(got))
	}
	n.ack(2, 2)
	if got := n.appends(2); len(got) != 1 || len(got[0].Entries) != 3 {
		t.Fatalf("when the window opens, what has gathered goes in one message: %d messages", len(got))
	}
}

func TestAppendsAreBoundedInBytes(t *testing.T) {
	one := core.EntryOverheadBytes + 10
	n := newNode(t, 1, nil, func(c *Config) { c.MaxAppendBytes, c.MaxInflightBytes, c.MaxInflight = 3*one, 5*one, 100 })
	n.lead()
	n.ack(2, 1)
	n.sent = nil
	var commands []string
	for range 20 {
		commands = append(commands, "0123456789")
	}
	n.propose(commands...)
	q := n.appends(2)
	if len(q) != 2 || len(q[0].Entries) != 3 {
		t.Fatalf("%d messages, the first with %d entries", len(q), len(q[0].Entries))
	}
	n.ack(2, 4)
	n.propose(string(make([]byte, 1000)))
	for n.peer(2).match < 22 {
		n.ack(2, n.peer(2).next-1)
	}
	if p := n.peer(2).status(); p.Inflight != 0 || p.InflightBytes != 0 {
		t.Fatalf("all is acknowledged, and in flight are %+v", p)
	}
}

func TestProposeIsForLeaders(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.MaxUncommittedBytes = 100 })
	if _, _, err := n.Propose([][]byte{{1}}); !errors.Is(err, ErrNotLeader) {
		t.Fatal(err)
	}
	n.lead()
	command := []byte("abc")
	first, term, err := n.Propose([][]byte{command, nil})
	if first != 2 || term != 2 || err != nil {
		t.Fatalf("%d %d %v", first, term, err)
	}
	command[0] = 'X'
	if got := string(n.Raft.log.tail[len(n.Raft.log.tail)-2].Data); got != "abc" {
		t.Fatalf("the log has %q: it did not copy", got)
	}
	n.drain()
	n.propose(string(make([]byte, 40)))
	if _, _, err := n.Propose([][]byte{make([]byte, 40)}); !errors.Is(err, ErrOverloaded) {
		t.Fatalf("%d bytes wait, and the error is %v", n.Status().UncommittedBytes, err)
	}
	n.ack(2, n.LastIndex())
	if got := n.Status().UncommittedBytes; got != 0 {
		t.Fatalf("all is committed, and %d bytes wait", got)
	}
	n.propose(string(make([]byte, 400))) // alone, it may be larger
}

func TestWhatIsGivenOutNeverChanges(t *testing.T) {
	n := newNode(t, 1, nil)
	q := &core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1, 1, 1)}
	if err := n.Step(1, q); err != nil {
		t.Fatal(err)
	}
	n.token = 1
	rd := n.Ready()
	want := fmt.Sprint(rd.Entries)
	n.log.write(rd.Entries)
	n.Persisted(rd.Seq)
	for i := range q.Entries {
		q.Entries[i].Data[0] = 99
	}
	for term := core.Term(2); term < 50; term++ {
		n.append(core.AppendEntriesRequest{From: 2, Term: term, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, term, term)})
		_ = n.Step(n.token+1, &core.AppendEntriesRequest{From: 2, Term: term, PrevIndex: 3, PrevTerm: term, Entries: entriesOf(4, term)})
		_ = n.Step(n.token+2, &core.AppendEntriesRequest{From: 3, Term: term + 1, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, term+1)})
		n.token += 2
		n.drain()
		term++
	}
	if got := fmt.Sprint(rd.Entries); got != want {
		t.Fatalf("was %s, is %s", want, got)
	}
}
