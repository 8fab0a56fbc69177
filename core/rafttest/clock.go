package rafttest

import "container/heap"

// clock is virtual time and what is to happen in it. Events of one instant
// happen in the order in which they were planned.
type clock struct {
	now    int64
	events eventHeap
	seq    uint64
}

type event struct {
	at  int64
	seq uint64
	do  func()
}

func (c *clock) after(delay int64, do func()) {
	c.seq++
	heap.Push(&c.events, event{c.now + delay, c.seq, do})
}

// next makes the next event happen.
func (c *clock) next() {
	e := heap.Pop(&c.events).(event)
	c.now = e.at
	e.do()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(e any)   { *h = append(*h, e.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = event{}
	*h = (*h)[:last]
	return e
}
