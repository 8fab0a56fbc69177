package rawtcp

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

func TestAnAnswerThatComesLateFindsNobody(t *testing.T) {
	var p pending
	first, second := new(core.Call), new(core.Call)
	old := p.add(first, 1, 10)
	if got := p.take(p.find(old)); got != first {
		t.Fatalf("took another call")
	}
	if p.find(old) != nil {
		t.Fatal("a call that has ended was found")
	}
	id := p.add(second, 1, 10)
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

func TestTakeDue(t *testing.T) {
	var p pending
	calls := make([]*core.Call, 4)
	for i := range calls {
		calls[i] = new(core.Call)
		p.add(calls[i], 1, int64(10*(i+1)))
	}
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
