package wal

import (
	"fmt"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// item is one thing for the writer to make durable: a write, or, if its index is not
// zero, a base, or the end of a doubt.
type item struct {
	write   core.Write
	base    core.SnapshotMeta
	emptied bool // the base replaces the log
	settle  bool
	done    func(error)
	bytes   int64
}

// queue is what waits for the writer.
//
// It is bounded: when it holds maxQueuedBytes or maxQueuedItems, Write waits. Raft
// does not let it come to that: a follower has at most a window of appends
// (raft.Config.MaxInflightBytes) that it has not acknowledged, a leader at most
// raft.Config.MaxUncommittedBytes that are not committed; and a leader whose own
// disk lags behind those of its followers gives up after an election timeout. What
// the bound keeps in check is a disk that stands still under a leader meanwhile.
type queue struct {
	limit int64 // of bytes

	mu    sync.Mutex
	more  sync.Cond // something was added, or closing
	less  sync.Cond // something was taken, or there is an error
	items []item
	bytes int64
	err   error // the first failure: nothing is written after it
	ended bool
}

const (
	maxQueuedBytes = 256 << 20
	maxQueuedItems = 1 << 16

	// maxFrameBytes is how much one frame takes from the queue, unless its first
	// write alone has more: the disk should not wait for more to be copied, nor
	// clients for more to be written.
	maxFrameBytes = 4 << 20

	// maxWriteBytes bounds one write, whose length must fit into a frame's.
	maxWriteBytes = 1 << 30
)

var errClosed = fmt.Errorf("wal: the log is closed: %w", core.ErrClosed)

// add queues an item. Its done is called by the writer, or at once if there is none
// any more.
func (q *queue) add(it item) {
	it.bytes = int64(core.EntriesSizeBytes(it.write.Entries))
	q.mu.Lock()
	for len(q.items) > 0 && q.err == nil && !q.ended && (q.bytes+it.bytes > q.limit || len(q.items) >= maxQueuedItems) {
		q.less.Wait()
	}
	if q.ended {
		q.mu.Unlock()
		it.done(errClosed)
		return
	}
	if it.bytes > maxWriteBytes && q.err == nil {
		q.err = fmt.Errorf("wal: a write of %d bytes, at most %d are possible", it.bytes, maxWriteBytes)
	}
	q.items, q.bytes = append(q.items, it), q.bytes+it.bytes
	q.mu.Unlock()
	q.more.Signal()
}

// take waits for items and appends to batch as many as make one frame. None: the
// queue has ended and is empty. With an error, all of them have failed.
func (q *queue) take(batch []item) ([]item, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.ended {
		q.more.Wait()
	}
	n, bytes := 0, int64(0)
	for n < len(q.items) && (n == 0 || q.err != nil || bytes+q.items[n].bytes <= maxFrameBytes) {
		bytes += q.items[n].bytes
		n++
	}
	batch = append(batch, q.items[:n]...)
	rest := copy(q.items, q.items[n:])
	clear(q.items[rest:])
	q.items, q.bytes = q.items[:rest], q.bytes-bytes
	q.less.Broadcast()
	return batch, q.err
}

// fail makes everything fail from here on, with the first error.
func (q *queue) fail(err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.less.Broadcast()
	return q.err
}

func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return errClosed
	}
	return q.err
}

// end lets the writer take what is left, and nothing be added.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.more.Broadcast()
	q.less.Broadcast()
}
