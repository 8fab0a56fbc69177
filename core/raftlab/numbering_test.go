package raftlab

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// entries makes entries from an index on: c is a command, n is none.
func entries(first core.Index, kinds string) []core.Entry {
	var list []core.Entry
	for i, k := range kinds {
		e := core.Entry{Index: first + core.Index(i), Term: 1}
		if k == 'n' {
			e.Kind = core.EntryNoOp
		}
		list = append(list, e)
	}
	return list
}

func TestNumbersLeaveOutWhatIsNoCommand(t *testing.T) {
	var n numbering
	n.wrote(entries(1, "nccnnc"))
	for number, index := range map[int]core.Index{1: 2, 2: 3, 3: 6} {
		if got := n.indexOf(number); got != index {
			t.Errorf("command %d is at %d, want %d", number, got, index)
		}
		if got := n.numberOf(index); got != number {
			t.Errorf("the command at %d is %d, want %d", index, got, number)
		}
	}
}

func TestNumbersFollowTheLog(t *testing.T) {
	var n numbering
	n.wrote(entries(1, "ncnnn"))
	n.wrote(entries(3, "cc")) // another leader replaces the no-ops
	if got := n.numberOf(4); got != 3 {
		t.Errorf("after a cut the command at 4 is %d, want 3", got)
	}
	n.wrote(entries(5, "nc"))
	n.rest(4, 3)
	if got := n.numberOf(6); got != 4 {
		t.Errorf("after a snapshot the command at 6 is %d, want 4", got)
	}
	if got := n.indexOf(4); got != 6 {
		t.Errorf("after a snapshot command 4 is at %d, want 6", got)
	}
}
