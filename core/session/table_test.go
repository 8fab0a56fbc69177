package session

import "testing"

// Memory that is kept to be used again is bounded, in number and in size, whether its
// answers were received or their session expired.
func TestFreeAnswersAreBounded(t *testing.T) {
	table := newTable(3)
	for id := ID(1); id <= 3; id++ {
		size := 1
		if id == 1 {
			size = keptBytes
		}
		table.register(id)
		s := table.use(id)
		for sequence := uint64(1); sequence <= Window; sequence++ {
			a, _ := table.answer(s, sequence)
			a.fill(make([]byte, size)) // and the status
		}
	}
	table.drop(table.use(1), Window)
	if len(table.free) != 0 {
		t.Fatalf("%d large answers are kept", len(table.free))
	}
	table.drop(table.use(2), Window)
	table.register(4) // in the place of 3
	if table.sessions[3] != nil || len(table.free) != Window {
		t.Fatalf("%d answers are kept, want %d", len(table.free), Window)
	}
}
