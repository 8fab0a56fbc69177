package raft

import "github.com/raftbench/raftbench/core"

// inflights are the AppendEntries with entries that are under way to one
// follower, oldest first. Bounded by count and by bytes.
type inflights struct {
	queue    queue[inflight]
	bytes    int // of all in the queue
	maxCount int
	maxBytes int
}

type inflight struct {
	last  core.Index // of its entries
	bytes int
}

// full reports whether no more may be sent. The bytes are a soft limit: an
// item larger than what is left is let through, or one larger than maxBytes
// could never be sent.
func (f *inflights) full() bool {
	return f.queue.len() >= f.maxCount || f.bytes >= f.maxBytes
}

func (f *inflights) add(last core.Index, bytes int) {
	f.queue.push(inflight{last, bytes})
	f.bytes += bytes
}

// ack frees everything through match.
func (f *inflights) ack(match core.Index) {
	for f.queue.len() > 0 && f.queue.at(0).last <= match {
		f.bytes -= f.queue.pop().bytes
	}
}

// holds reports whether the message whose entries end at last is under way.
func (f *inflights) holds(last core.Index) bool {
	for i := range f.queue.len() {
		if f.queue.at(i).last == last {
			return true
		}
	}
	return false
}

func (f *inflights) reset() {
	f.queue.clear()
	f.bytes = 0
}
