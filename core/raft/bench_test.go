package raft

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// blockLog is the cheapest log there is: it keeps the slices it is given. It
// stands for a memory log in the benchmark, whose subject is Raft.
type blockLog struct {
	blocks [][]core.Entry
	last   core.Index
}

func (l *blockLog) FirstIndex() core.Index { return 1 }
func (l *blockLog) LastIndex() core.Index  { return l.last }

func (l *blockLog) find(i core.Index) []core.Entry {
	for b := len(l.blocks) - 1; b >= 0; b-- {
		if block := l.blocks[b]; block[0].Index <= i {
			return block[i-block[0].Index:]
		}
	}
	return nil
}

func (l *blockLog) Term(i core.Index) (core.Term, error) {
	if i == 0 {
		return 0, nil
	}
	return l.find(i)[0].Term, nil
}

func (l *blockLog) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	block := l.find(lo)
	n := min(len(block), int(hi-lo))
	return limitBytes(block[:n:n], maxBytes), nil
}

func (l *blockLog) write(entries []core.Entry) {
	if len(entries) == 0 {
		return
	}
	if len(l.blocks) == 64 {
		l.blocks = append(l.blocks[:0], l.blocks[32:]...) // what is old is not read again
	}
	l.blocks = append(l.blocks, entries)
	l.last = entries[len(entries)-1].Index
}

// loop joins Rafts by function calls: a network and a disk without any cost.
type loop struct {
	rafts   []*Raft
	logs    []*blockLog
	applied []core.Index
	inbox   [][]Message // requests and responses for each node
}

func newLoop(b *testing.B, n int) *loop {
	l := &loop{applied: make([]core.Index, n), inbox: make([][]Message, n)}
	var voters []core.NodeID
	for i := range n {
		voters = append(voters, core.NodeID(i+1))
	}
	for i := range n {
		log := new(blockLog)
		r, err := New(Config{ID: voters[i], Voters: voters, Log: log})
		if err != nil {
			b.Fatal(err)
		}
		l.rafts, l.logs = append(l.rafts, r), append(l.logs, log)
	}
	l.rafts[0].Campaign()
	l.settle()
	if l.rafts[0].Role() != Leader {
		b.Fatal("no leader")
	}
	return l
}

func (l *loop) send(messages []Message) {
	for _, m := range messages {
		l.inbox[m.To-1] = append(l.inbox[m.To-1], m)
	}
}

// turn lets node i take in its inbox and do what is ready.
func (l *loop) turn(i int) bool {
	r, inbox := l.rafts[i], l.inbox[i]
	l.inbox[i] = inbox[len(inbox):]
	for _, m := range inbox {
		if m.Request == nil {
			r.StepResponse(m.Response)
		} else if err := r.Step(1, m.Request); err != nil {
			panic(err)
		}
	}
	worked := len(inbox) > 0
	for r.HasReady() {
		worked = true
		rd := r.Ready()
		l.logs[i].write(rd.Entries)
		l.send(rd.Messages)
		if rd.Seq != 0 {
			r.Persisted(rd.Seq)
			l.send(rd.AfterPersist)
		}
		if n := len(rd.Committed); n > 0 {
			l.applied[i] = rd.Committed[n-1].Index
			r.Applied(l.applied[i])
		}
	}
	return worked
}

func (l *loop) settle() {
	for worked := true; worked; {
		worked = false
		for i := range l.rafts {
			worked = l.turn(i) || worked
		}
	}
}

func benchmarkLoop(b *testing.B, nodes, batch, size int) {
	l := newLoop(b, nodes)
	commands := make([][]byte, batch)
	for i := range commands {
		commands[i] = make([]byte, size)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		if _, _, err := l.rafts[0].Propose(commands); err != nil {
			b.Fatal(err)
		}
		l.settle()
	}
	b.StopTimer()
	if l.applied[0] != l.rafts[0].LastIndex() {
		b.Fatalf("the leader applied %d of %d", l.applied[0], l.rafts[0].LastIndex())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// One iteration is one entry: proposed, replicated, committed and applied on
// the leader, with all nodes on one core.
func BenchmarkReplicate(b *testing.B) {
	b.Run("nodes=3/batch=400/size=16", func(b *testing.B) { benchmarkLoop(b, 3, 400, 16) })
	b.Run("nodes=3/batch=1/size=16", func(b *testing.B) { benchmarkLoop(b, 3, 1, 16) })
	b.Run("nodes=3/batch=64/size=128", func(b *testing.B) { benchmarkLoop(b, 3, 64, 128) })
	b.Run("nodes=5/batch=400/size=16", func(b *testing.B) { benchmarkLoop(b, 5, 400, 16) })
}
