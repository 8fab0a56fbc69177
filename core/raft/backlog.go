package raft

import "github.com/raftbench/raftbench/core"

// backlog counts the bytes of a leader's proposals that are not committed. It
// keeps a mark for each batch, so that a commit costs per batch, not per entry.
type backlog struct {
	bytes int // of all marks
	marks queue[backlogMark]
}

type backlogMark struct {
	last  core.Index // of the batch
	bytes int
}

func (b *backlog) add(last core.Index, bytes int) {
	b.marks.push(backlogMark{last, bytes})
	b.bytes += bytes
}

// committed drops the batches that are committed whole.
func (b *backlog) committed(i core.Index) {
	for b.marks.len() > 0 && b.marks.at(0).last <= i {
		b.bytes -= b.marks.pop().bytes
	}
}

func (b *backlog) reset() {
	b.marks.clear()
	b.bytes = 0
}
