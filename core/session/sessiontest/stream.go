package sessiontest

import (
	"math/rand/v2"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
)

// stream makes the log that clients leave behind who send everything several times, in
// any order, and some of whom have expired.
type stream struct {
	rng      *rand.Rand
	commands [][]byte
	index    core.Index
	clients  []*sender
}

// sender is a client with its session.
type sender struct {
	id       session.ID
	numbers  session.Numbers
	underWay []write // not ended
	ended    []write // whose copies may still come
}

type write struct {
	sequence, received uint64
	body               []byte
}

func newStream(rng *rand.Rand, commands [][]byte) *stream {
	return &stream{rng: rng, commands: commands}
}

func (s *stream) entries(n int) []core.Entry {
	var log []core.Entry
	for range n {
		s.index += core.Index(1 + s.rng.IntN(2)) // no-ops of leaders are in between
		log = append(log, core.Entry{Index: s.index, Term: 1, Data: s.command()})
	}
	return log
}

func (s *stream) command() []byte {
	switch n := s.rng.IntN(100); {
	case n < 3 || len(s.clients) == 0:
		s.clients = append(s.clients, &sender{id: session.ID(s.index)})
		return session.AppendRegister(nil)
	case n < 5:
		return []byte{4, byte(s.rng.IntN(256))} // malformed
	case n < 25:
		return session.AppendNext(nil, s.body()) // whatever is before it
	}
	return s.clients[s.rng.IntN(len(s.clients))].command(s)
}

// body is something to execute.
func (s *stream) body() []byte {
	if len(s.commands) == 0 {
		return nil
	}
	return s.commands[s.rng.IntN(len(s.commands))]
}

// command sends something new, something again, or something that has long ended.
func (c *sender) command(s *stream) []byte {
	rng := s.rng
	if len(c.underWay) > 0 && rng.IntN(3) == 0 {
		i := rng.IntN(len(c.underWay))
		w := c.underWay[i]
		c.numbers.End(w.sequence)
		c.ended = append(c.ended, w)
		c.underWay = append(c.underWay[:i], c.underWay[i+1:]...)
	}
	switch n := rng.IntN(10); {
	case n < 3 && len(c.underWay) > 0:
		w := &c.underWay[rng.IntN(len(c.underWay))]
		w.received = c.numbers.Received()
		return w.encode(c.id)
	case n < 4 && len(c.ended) > 0:
		w := c.ended[rng.IntN(len(c.ended))]
		return w.encode(c.id)
	}
	sequence, _ := c.numbers.Take() // few are under way
	w := write{sequence: sequence, received: c.numbers.Received(), body: s.body()}
	c.underWay = append(c.underWay, w)
	if rng.IntN(5) == 0 { // it is overtaken: only a later copy arrives
		return s.command()
	}
	return w.encode(c.id)
}

func (w *write) encode(id session.ID) []byte {
	return session.AppendWrite(nil, id, w.sequence, w.received, w.body)
}
