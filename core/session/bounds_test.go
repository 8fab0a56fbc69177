package session_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// long is a write whose answer has about so many bytes.
func long(id session.ID, sequence uint64, size int) []byte {
	return write(id, sequence, 0, strings.Repeat("x", size))
}

// nextBlock has the log begin another block with the next entry.
func (r *rig) nextBlock() { r.index = (r.index/session.Block+1)*session.Block - 1 }

// Where the answers take more than the bound, the session used longest ago is forgotten with
// its answers, and then the next, at the next block of the log and not before.
func TestAnswersAreBoundedInBytes(t *testing.T) {
	r := boundedRig(t, 10, 4<<10)
	a, b, c := r.register(), r.register(), r.register()
	r.apply(long(a, 1, 1000), long(b, 1, 1000), long(c, 1, 1000))
	r.nextBlock()
	expect(t, r.apply(write(b, 2, 0, "b")), "b is number 4")
	if r.Sessions() != 3 || r.AnswerBytes() > 4<<10 {
		t.Fatalf("%d sessions with %d bytes, want 3 within the bound", r.Sessions(), r.AnswerBytes())
	}
	r.apply(long(a, 2, 2000), long(b, 3, 1000)) // beyond the bound; c was used longest ago, then a
	if r.Sessions() != 3 || r.AnswerBytes() <= 4<<10 {
		t.Fatalf("%d sessions with %d bytes, want 3 beyond the bound", r.Sessions(), r.AnswerBytes())
	}
	r.nextBlock()
	expect(t, r.apply(write(c, 1, 0, "c"), write(a, 2, 0, "a"), write(b, 2, 0, "b")), "session expired", "session expired", "b is number 4")
	if r.Sessions() != 1 || r.AnswerBytes() > 4<<10 {
		t.Fatalf("%d sessions with %d bytes, want 1 within the bound", r.Sessions(), r.AnswerBytes())
	}
}

// One session that is too large goes as well, and takes all with it. Its write was executed once.
func TestOneSessionBeyondTheBound(t *testing.T) {
	r := boundedRig(t, 10, 4<<10)
	a, b := r.register(), r.register()
	got := r.apply(write(b, 1, 0, "b"), long(a, 1, 5000), long(a, 1, 5000))
	if !strings.HasSuffix(got[1], "x is number 2") || got[2] != got[1] {
		t.Fatalf("answered with %.20q and %.20q, %d executed", got[1], got[2], r.ledger.executed)
	}
	r.nextBlock()
	expect(t, r.apply(long(a, 1, 5000), write(b, 1, 0, "b")), "session expired", "session expired")
	if r.Sessions() != 0 || r.AnswerBytes() != 0 || r.ledger.executed != 2 {
		t.Fatalf("%d sessions with %d bytes, %d executed; want none, and 2", r.Sessions(), r.AnswerBytes(), r.ledger.executed)
	}
}

// Replicas agree on what is forgotten, whatever batches they apply, and whether they applied
// all or began with a snapshot, in the middle of a block or not.
func TestServersAgreeOnTheBoundInBytes(t *testing.T) {
	evicted := 0
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 2))
		one, other := boundedRig(t, 4, 2<<10), boundedRig(t, 4, 2<<10)
		ids := []session.ID{one.register()}
		other.register()
		for range 60 {
			var batch [][]byte
			for range 1 + rng.IntN(2*session.Block) {
				if rng.IntN(50) == 0 {
					ids = append(ids, session.ID(one.index)+session.ID(len(batch))+1)
					batch = append(batch, session.AppendRegister(nil))
				} else {
					received := rng.Uint64N(100)
					batch = append(batch, write(ids[max(0, len(ids)-1-rng.IntN(5))], received+1+rng.Uint64N(20), received, strings.Repeat("x", rng.IntN(60))))
				}
			}
			want := one.apply(batch...)
			var got []string
			for _, c := range batch {
				got = append(got, other.apply(c)...)
				if rng.IntN(100) == 0 {
					other = other.restarted()
				}
			}
			expect(t, got, want...)
			for _, s := range got {
				if s == session.StatusExpired.String() {
					evicted++
				}
			}
		}
		if !bytes.Equal(one.snapshot(), other.snapshot()) {
			t.Fatalf("seed %d: the tables differ", seed)
		}
	}
	if evicted == 0 {
		t.Fatal("nothing was forgotten")
	}
}

// The table never takes more than Config says, at worst: every session has answers in the whole
// window, and they are as long as it is most of a nuisance.
func TestWorstTableTakesNoMoreThanItMay(t *testing.T) {
	const sessions, answerBytes = 40, 4 << 20
	const may = sessions*(16<<10+512) + answerBytes + session.Block*(4<<10) + session.Window*(1<<10)
	before := heapBytes()
	r := boundedRig(t, sessions, answerBytes)
	rng := rand.New(rand.NewPCG(1, 1))
	ids := make([]session.ID, sessions)
	for i := range ids {
		ids[i] = r.register()
	}
	largest := 0
	for round := range 4 { // long ones, then short ones in what they leave, and so on
		for sequence := uint64(1); sequence <= session.Window; sequence += 1 + rng.Uint64N(30) {
			for i := range ids {
				size := 1 + rng.IntN(20)
				if round%2 == 0 {
					size = 400 + rng.IntN(2000)
				}
				base := uint64(round) * session.Window
				if got := r.apply(write(ids[i], base+sequence, base, strings.Repeat("x", size))); got[0] == session.StatusExpired.String() {
					ids[i] = r.register()
				}
				largest = max(largest, r.AnswerBytes())
			}
		}
		if took := heapBytes() - before; took > may {
			t.Errorf("round %d: the table takes %d bytes, want %d at most", round, took, may)
		}
		if n := len(r.snapshot()); n > may {
			t.Errorf("round %d: a snapshot takes %d bytes, want %d at most", round, n, may)
		}
	}
	if largest <= answerBytes || largest > answerBytes+session.Block*(4<<10) {
		t.Errorf("answers took %d bytes at most: the bound of %d was to be reached", largest, answerBytes)
	}
	runtime.KeepAlive(r)
}

func heapBytes() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// The last numbers there are do no harm.
func TestLastNumbers(t *testing.T) {
	r := newRig(t, 1)
	id := r.register()
	last := uint64(math.MaxUint64)
	expect(t, r.apply(write(id, last, last-1, "a"), write(id, last, last-1, "a"), write(id, last-1, last-2, "b")), "a is number 1", "a is number 1", "stale")
	r = r.restarted()
	expect(t, r.apply(write(id, last, last-session.Window, "a")), "a is number 1")
	r.register()
	expect(t, r.apply(write(id, last, last-1, "a")), "session expired")
}

// echo answers with the command.
type echo struct{ ledger }

func (*echo) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		results.Append(entries[i].Data)
	}
}

// An answer of any length is given again, from the memory of a session as from a snapshot, and
// whatever lengths were there before.
func TestAnswersOfAnyLength(t *testing.T) {
	m, err := session.New(new(echo), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Machine: m, ledger: new(ledger), t: t}
	id := r.register()
	sizes := []int{0, 1, 2, 3, 4, 15, 16, 17, 100, 1023, 1024, 1025, 5000}
	sequence := uint64(0)
	for range 3 {
		var commands [][]byte
		var want []string
		received := sequence
		for _, size := range append(sizes, sizes[1:]...) {
			sequence++
			body := strings.Repeat(fmt.Sprint(sequence%10), size)
			commands, want = append(commands, write(id, sequence, received, body)), append(want, body)
		}
		expect(t, r.apply(commands...), want...)
		expect(t, r.apply(commands...), want...)
		if err := r.ReadSnapshot(bytes.NewReader(r.snapshot())); err != nil {
			t.Fatal(err)
		}
		expect(t, r.apply(commands...), want...)
	}
}

// In the long run, a write allocates nothing, whether its answer is short or long.
func TestApplyAllocatesNothing(t *testing.T) {
	for name, size := range map[string]int{"short": 1, "long": 100} {
		m, err := session.New(new(echo), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		var results core.Results
		m.Apply([]core.Entry{{Index: 1, Data: session.AppendRegister(nil)}}, &results)
		entries := make([]core.Entry, 100)
		body, sequence := make([]byte, size), uint64(0)
		batch := func() {
			received := sequence - min(sequence, 200)
			for i := range entries {
				sequence++
				entries[i] = core.Entry{Index: core.Index(sequence + 1), Data: session.AppendWrite(entries[i].Data[:0], 1, sequence, received, body)}
			}
			results.Truncate()
			m.Apply(entries, &results)
		}
		for range 10 {
			batch()
		}
		if n := testing.AllocsPerRun(100, batch); n != 0 {
			t.Errorf("%s answers: %v allocations a batch", name, n)
		}
	}
}
