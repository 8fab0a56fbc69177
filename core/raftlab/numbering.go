package raftlab

import (
	"sort"

	"github.com/raftbench/raftbench/core"
)

// numbering translates between indexes of the log and numbers of commands, which
// leave out the entries that are no commands.
type numbering struct {
	base   core.Index // of the snapshot, or zero
	number int        // of the last command through base

	// skipped are the indexes beyond base that hold no command, in order. They are
	// cut and grow with the log.
	skipped []core.Index
}

// wrote notes entries that were appended, or replaced the end of the log.
func (n *numbering) wrote(entries []core.Entry) {
	if len(entries) == 0 {
		return
	}
	n.skipped = n.skipped[:n.skippedThrough(entries[0].Index-1)]
	for i := range entries {
		if entries[i].Kind != core.EntryCommand {
			n.skipped = append(n.skipped, entries[i].Index)
		}
	}
}

// rest makes the numbering begin at a snapshot, keeping what the log holds beyond.
func (n *numbering) rest(base core.Index, number int) {
	n.skipped = n.skipped[n.skippedThrough(base):]
	n.base, n.number = base, number
}

// numberOf returns the number of the last command through i, which lies at or
// beyond the base.
func (n *numbering) numberOf(i core.Index) int {
	return n.number + int(i-n.base) - n.skippedThrough(i)
}

// indexOf returns where the command with the given number is, which must lie
// beyond the base.
func (n *numbering) indexOf(number int) core.Index {
	i := n.base + core.Index(number-n.number)
	for _, s := range n.skipped {
		if s > i {
			break
		}
		i++
	}
	return i
}

func (n *numbering) skippedThrough(i core.Index) int {
	return sort.Search(len(n.skipped), func(k int) bool { return n.skipped[k] > i })
}
