package rawtcp

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

func TestAnAnswerThatComesLateFindsNobody(t *testing.T) {
	var p pending
	first, second := new(core.Call), new(core.Call)
	old := p.add(first, 1, 10)
	p.stamp(0)
	if got := p.take(p.find(old)); got != first {
		t.Fatalf("took another call")
	}
	if p.find(old) != nil {
		t.Fatal("a call that has ended was found")
	}
	id := p.add(second, 1, 10)
	p.stamp(0)
	if id == old || p.find(old) != nil {
		t.Fatalf("id %x was used again as %x", old, id)
	}
	if s := p.find(id); s == nil || s.call != second {
		t.Fatal("the second call was not found")
	}
	for _, id := range []uint64{0, 1, slotChunk, 1 << 20, 1<<64 - 1} {
		if p.find(id) != nil {
			t.Errorf("id %x found a call", id)
		}
	}
}

func TestPendingCountsAndGrows(t *testing.T) {
	var p pending
	ids := map[uint64]*core.Call{}
	for i := range 10 * slotChunk {
		call := new(core.Call)
		id := p.add(call, i, 10)
		if ids[id] != nil {
			t.Fatalf("id %x given twice", id)
		}
		ids[id] = call
	}
	p.stamp(0)
	for id, call := range ids {
		s := p.find(id)
		if s == nil || s.call != call {
			t.Fatalf("id %x does not lead to its call", id)
		}
		p.take(s)
	}
	if p.calls != 0 || p.bytes != 0 || len(p.chunks) != 10 {
		t.Errorf("%d calls, %d bytes, %d chunks; want none, none, 10", p.calls, p.bytes, len(p.chunks))
	}
}

func TestTimeoutsCountFromTheStamp(t *testing.T) {
	p := pending{earliest: never}
	first := p.find(p.add(new(core.Call), 1, 10))
	second := p.find(p.add(new(core.Call), 1, 5))
	p.stamp(100)
	third := p.find(p.add(new(core.Call), 1, 1))
	p.stamp(200)
	p.stamp(300)
	if first.deadline != 110 || second.deadline != 105 || third.deadline != 201 || p.earliest != 105 {
		t.Errorf("deadlines %d, %d, %d, the earliest %d; want 110, 105, 201, the earliest 105",
			first.deadline, second.deadline, third.deadline, p.earliest)
	}
	for _, s := range []*slot{second, first, third} {
		p.take(s)
	}
	for range slotChunk {
		p.add(new(core.Call), 1, 1)
	}
	if p.calls != slotChunk || len(p.chunks) != 1 {
		t.Errorf("%d calls in %d chunks, want %d in one", p.calls, len(p.chunks), slotChunk)
	}
}

func TestTakeDue(t *testing.T) {
	var p pending
	calls := make([]*core.Call, 4)
	for i := range calls {
		calls[i] = new(core.Call)
		p.add(calls[i], 1, int64(10*(i+1)))
	}
	p.stamp(0)
	if !p.cancel(map[*core.Call]bool{calls[3]: true}) || p.cancel(map[*core.Call]bool{new(core.Call): true}) {
		t.Fatal("cancel did not say which calls it found")
	}
	expired, canceled := p.takeDue(20, nil, nil)
	if len(expired) != 2 || len(canceled) != 1 || canceled[0] != calls[3] {
		t.Fatalf("%d expired and %d canceled, want 2 and 1", len(expired), len(canceled))
	}
	if p.earliest != 30 || p.calls != 1 {
		t.Errorf("earliest %d with %d calls, want 30 with 1", p.earliest, p.calls)
	}
	if rest := p.takeAll(nil); len(rest) != 1 || rest[0] != calls[2] {
		t.Errorf("%d calls left, want the third", len(rest))
	}
}
