package unary

import (
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// Counters are what only the library's side of a transport can count. They may
// be added to concurrently, at any time.
type Counters struct {
	Writes       atomic.Uint64 // writes to connections, if the transport does them itself
	Dials        atomic.Uint64 // Dialer counts these three
	DialFailures atomic.Uint64
	Exhausted    atomic.Uint64
	BadFrames    atomic.Uint64 // connections ended, or answers refused, because they were not a message
}

// DialFailed counts an attempt to connect that failed with err, which dial.Explain
// has seen.
func (c *Counters) DialFailed(err error) {
	c.DialFailures.Add(1)
	if dial.IsExhausted(err) {
		c.Exhausted.Add(1)
	}
}

// Stats implements core.Meter.
func (t *Transport) Stats() core.TransportStats {
	s := t.count.Stats()
	s.Writes = t.counters.Writes.Load()
	s.Dials, s.DialFailures = t.counters.Dials.Load(), t.counters.DialFailures.Load()
	s.Exhausted = t.counters.Exhausted.Load()
	s.BadFrames = t.counters.BadFrames.Load()
	s.Peers = t.peers.Load().stats()
	return s
}
