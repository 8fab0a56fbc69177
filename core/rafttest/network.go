package rafttest

import "github.com/raftbench/raftbench/core"

// network carries calls between nodes and does to them what the seed says.
type network struct {
	cut     [][]bool // cut[from][to]: nothing gets through
	loss    float64  // of a request or a response
	double  float64  // of a request arriving twice
	late    float64  // of a response taking up to lateBy longer
	lateReq float64  // and of a request
	lateBy  int64
	delay   int64 // the most that others take
	timeout int64 // of a call
}

// call is one request and how it ended.
type call struct {
	from, to *node
	req      core.Request
	life     int  // of the caller, when it called
	done     bool // a response arrived or the time is over
	transfer *snapshotTransfer
}

// incoming is a request that a node owes an answer.
type incoming struct {
	call  *call
	token uint64
	veto  bool   // a snapshot chunk that does not fit
	want  uint64 // and the offset that would
}

func (s *Sim) isCut(from, to *node) bool { return s.net.cut[from.id-1][to.id-1] }

// travel returns how long a message takes, and whether it arrives. A cut does
// not stop what is under way already: late messages are the interesting ones.
func (s *Sim) travel(from, to *node, late float64) (int64, bool) {
	d := 1 + s.rng.Int64N(s.net.delay)
	if s.chance(late) {
		d += s.rng.Int64N(s.net.lateBy)
	}
	return d, !s.isCut(from, to) && !s.chance(s.net.loss)
}

// start sends a request. It ends with a response or, when its time is over, with
// ReportFailure; a response that comes after that is delivered all the same.
func (s *Sim) start(c *call) {
	if s.trace.on() {
		s.trace.printf(s.now, "%v -> %d %s", c.from.id, uint64(c.to.id), describeRequest(c.req))
	}
	copies := 1
	if s.chance(s.net.double) {
		copies = 2
		s.result.Doubled++
	}
	for range copies {
		d, ok := s.travel(c.from, c.to, s.net.lateReq)
		if !ok {
			s.result.Lost++
			continue
		}
		s.after(d, func() { c.to.whenAwake(func() { c.to.receive(c) }) })
	}
	s.after(s.net.timeout, func() {
		if !c.done {
			c.done = true
			c.from.whenAwake(func() { c.from.callFailed(c) })
		}
	})
}

// reply carries a response back.
func (s *Sim) reply(in *incoming, resp core.Response) {
	c := in.call
	d, ok := s.travel(c.to, c.from, s.net.late)
	if !ok {
		s.result.Lost++
		return
	}
	s.after(d, func() {
		c.done = c.done || c.from.raft != nil
		c.from.whenAwake(func() { c.from.callDone(c, resp) })
	})
}
