package etcdraft

import (
	"sync"

	"go.etcd.io/raft/v3/raftpb"
)

// inbox is what has arrived for the loop. Two slices change places, so that an
// arrival costs no channel. It holds what peers may have under way, and what clients
// have: closed loops of a known number.
type inbox struct {
	wake chan struct{}

	mu      sync.Mutex
	arrived arrivals
	spare   arrivals
	closed  bool
}

type arrivals struct {
	messages  []raftpb.Message
	proposals []proposal
}

func (b *inbox) step(messages []raftpb.Message) {
	b.mu.Lock()
	b.arrived.messages = append(b.arrived.messages, messages...)
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) propose(proposals []proposal) {
	b.mu.Lock()
	b.arrived.proposals = append(b.arrived.proposals, proposals...)
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns what has arrived. It is valid until the next but one take.
func (b *inbox) take() arrivals {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.arrived
	b.arrived = arrivals{b.spare.messages[:0], b.spare.proposals[:0]}
	b.spare = taken
	return taken
}

func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}
