package core

import "time"

// Clock is a monotonic clock that traces are read from. Two traces of the same
// ID were read from one clock, so their instants may be compared; that is so for
// nodes and clients of one process. The zero value is no clock.
type Clock struct {
	ID     uint64 // tells clocks of different processes apart; zero: nobody compares
	Origin time.Time
}

// Now is the time since the clock's origin.
func (c Clock) Now() time.Duration { return time.Since(c.Origin) }

// Trace is a node's account of where the time of a client's request went. A
// node gives it only to requests that ask (ProposeRequest.Trace, ReadRequest.Trace):
// reading clocks for every request would cost what is to be measured.
//
// Inbox to Apply follow each other without a gap: together they are the time
// from Received to the moment at which the node hands the answer to its transport.
// They are the node's own durations, so they can be trusted whoever's clock
// is right; only Received needs a clock that both sides share.
type Trace struct {
	Clock    uint64        // Clock.ID of the node; zero: Received means nothing
	Received time.Duration // when the request was handed to the node, on that clock

	Inbox  time.Duration // until the node put it into its log, its wait for a batch included; for a read: until its round of heartbeats left
	Log    time.Duration // until the node knew its own write of it to be durable; zero for a read, and where a quorum of the others was faster
	Quorum time.Duration // until it was committed; for a read: until the leadership was confirmed
	Apply  time.Duration // until its result was ready and handed to the transport
}

// Total is the time between Received and the answer.
func (t *Trace) Total() time.Duration { return t.Inbox + t.Log + t.Quorum + t.Apply }
