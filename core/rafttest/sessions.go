package rafttest

import (
	"encoding/binary"
	"slices"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// In some worlds clients have sessions (§6.3). They have several writes under way at
// once and send each of them again and again, whatever may have become of it, in any
// order, to any node, and copies arrive when everything is long over. What is checked is
// that none of it can be seen: checkSessions says how.

// sessionWorld is what a seed says about such clients.
type sessionWorld struct {
	limit    int     // of the table: there may be more clients
	bytes    int     // that answers may take; zero: enough for all
	late     float64 // how often what is sent takes up to latest longer
	latest   int64
	lost     float64 // how often an answer does not arrive
	pipeline int     // writes that a client has under way
	clients  []*sessionClient
}

// sessionClient is one client.
type sessionClient struct {
	sim      *Sim
	id       session.ID // zero: none is registered
	numbers  session.Numbers
	underWay []*request
	carried  []uint64 // marks of writes that a bug takes into the next session
}

// request is a write of a client, or with sequence 0 its registration.
type request struct {
	client   *sessionClient
	session  session.ID
	sequence uint64
	mark     uint64
}

func (s *Sim) drawSessions() {
	w := &sessionWorld{
		limit: 2 + s.rng.IntN(4), late: s.oneOf(0, 0.1, 0.4), latest: int64(s.oneOf(5, 20, 60) * tick),
		lost: s.oneOf(0, 0.2, 0.6), pipeline: 1 + s.rng.IntN(6),
	}
	if w.limit%2 == 0 { // room for three answers each, and clients may have more
		w.bytes = 3 * w.limit * session.AnswerBytes(ledgerBytes)
	}
	for range max(2, w.limit-1+s.rng.IntN(3)) {
		w.clients = append(w.clients, &sessionClient{sim: s})
	}
	s.sessions = w
	s.clientEvery, s.commandBytes = int64(s.oneOf(10, 20)), 1
	s.snapshotEvery = core.Index(s.oneOf(15, 40, 100))
}

// sessionAct lets a client with a session do something.
func (s *Sim) sessionAct() {
	c := s.sessions.clients[s.rng.IntN(len(s.sessions.clients))]
	switch {
	case c.id == 0:
		c.send(&request{client: c})
	case len(c.underWay) == s.sessions.pipeline && s.chance(0.1):
		c.end(c.underWay[s.rng.IntN(len(c.underWay))]) // given up
	case len(c.underWay) < s.sessions.pipeline && s.chance(0.6):
		if r, ok := c.write(); ok {
			c.send(r)
		}
	case s.chance(0.3):
		all := slices.Clone(c.underWay)
		if s.chance(0.5) { // in order, most are sent as the next one
			s.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		c.send(all...)
	case len(c.underWay) > 0:
		c.send(c.underWay[s.rng.IntN(len(c.underWay))])
	}
}

// write begins a write.
func (c *sessionClient) write() (*request, bool) {
	sequence, ok := c.numbers.Take()
	if !ok {
		return nil, false
	}
	r := &request{client: c, session: c.id, sequence: sequence}
	if len(c.carried) > 0 {
		r.mark, c.carried = c.carried[0], c.carried[1:]
	} else {
		c.sim.marks++
		r.mark = c.sim.marks
	}
	c.underWay = append(c.underWay, r)
	return r, true
}

// encode makes the commands of requests, as they are sent now.
func encode(requests []*request) [][]byte {
	var commands [][]byte
	for i, r := range requests {
		if i > 0 && r.sequence == requests[i-1].sequence+1 {
			commands = append(commands, session.AppendNext(nil, r.body()))
		} else {
			commands = append(commands, r.encode())
		}
	}
	return commands
}

// body is what is to be executed.
func (r *request) body() []byte { return binary.LittleEndian.AppendUint64(nil, r.mark) }

// encode makes the command of a request that follows no other.
func (r *request) encode() []byte {
	if r.sequence == 0 {
		return session.AppendRegister(nil)
	}
	received := r.client.numbers.Received()
	if r.client.sim.opt.Bug == ReceiveTooMuch {
		received = r.sequence - 1
	}
	return session.AppendWrite(nil, r.session, r.sequence, received, r.body())
}

// send has a node propose requests, sooner or later.
func (c *sessionClient) send(requests ...*request) {
	s := c.sim
	n := s.someNode()
	if l := s.someLeader(); l != nil && !s.chance(0.1) {
		n = l
	}
	if commands := encode(requests); len(commands) > 0 {
		s.after(s.sessions.delay(s), func() { n.whenAwake(func() { n.proposeFor(requests, commands) }) })
	}
}

func (w *sessionWorld) delay(s *Sim) int64 {
	d := 1 + s.rng.Int64N(s.net.delay)
	if s.chance(w.late) && !s.healing {
		d += s.rng.Int64N(w.latest)
	}
	return d
}

// answered takes up what the state machine answered to one copy of a request, if the network
// brings it.
func (c *sessionClient) answered(r *request, result []byte) {
	s := c.sim
	if s.chance(s.sessions.lost) && !s.healing {
		return
	}
	s.after(s.sessions.delay(s), func() { c.take(r, result) })
}

func (c *sessionClient) take(r *request, result []byte) {
	if id, ok := session.ParseRegistered(result); r.sequence == 0 {
		if ok && c.id == 0 {
			c.id, c.numbers = id, session.Numbers{}
		}
		return
	}
	s := c.sim
	status, _, _ := session.ParseResult(result)
	switch over := !slices.Contains(c.underWay, r); {
	case over && status == session.StatusOK:
		s.result.Copies++
		return
	case over && status == session.StatusStale:
		s.result.Stale++
		return
	case over:
		return
	}
	switch status {
	case session.StatusOK:
		s.check.sessions.acknowledged(r.mark)
		s.result.SessionWrites++
		c.end(r)
	case session.StatusExpired:
		s.result.Expired++
		c.expired()
	default:
		s.check.fail("a copy gets the first answer", "write %d, number %d of session %d, is under way and is answered %v", r.mark, r.sequence, r.session, status)
	}
}

// end has a client not ask for a write any more.
func (c *sessionClient) end(r *request) {
	c.numbers.End(r.sequence)
	c.underWay = slices.DeleteFunc(c.underWay, func(other *request) bool { return other == r })
}

// expired has a client begin anew. What it had under way may have been executed or not.
func (c *sessionClient) expired() {
	if c.sim.opt.Bug == RetryInNewSession {
		for _, r := range c.underWay {
			c.carried = append(c.carried, r.mark)
		}
	}
	c.id, c.underWay = 0, nil
}

// finishSessions has all clients get answers to what they have under way, now that nothing
// goes wrong any more.
func (s *Sim) finishSessions(deadline int64) {
	if s.sessions == nil || s.err != nil {
		return
	}
	done := func() bool {
		return !slices.ContainsFunc(s.sessions.clients, func(c *sessionClient) bool { return len(c.underWay) > 0 })
	}
	var again func()
	again = func() {
		for _, c := range s.sessions.clients {
			c.send(slices.Clone(c.underWay)...)
		}
		if !done() {
			s.after(electionTicks*tick, again)
		}
	}
	again()
	if !s.runUntil(deadline, done) {
		s.notHealed("writes of sessions have no answer")
		return
	}
	copies := func() bool { // which may still be on their way through the logs
		l := s.someLeader()
		return l != nil && s.allApplied(l.raft.LastIndex())
	}
	if !s.runUntil(deadline, copies) {
		s.notHealed("not all nodes have applied everything")
	}
}
