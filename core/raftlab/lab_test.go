package raftlab

import (
	"bytes"
	"container/heap"
	"encoding/gob"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

// lab is a laboratory in virtual time: servers, their persisters, a network that can
// do harm, and a service that checks what it is told to apply. It is written from
// the published description of the suite, with its names. Times are milliseconds.
type lab struct {
	*testing.T
	timeline
	rng     *rand.Rand
	servers []*server
	net     network

	agreed   []any // by number, from 1: what the first server that applied it was told
	snapshot bool  // the service takes snapshots
}

// server is one server and the service on it.
type server struct {
	lab       *lab
	id        int
	peer      *Peer // nil while it is down
	life      int
	connected bool
	disk      *disk
	applied   []any // every command that the service's state is made of
}

// disk is a persister. A crash leaves it as it is.
type disk struct{ state, snapshot []byte }

func (d *disk) Save(state, snapshot []byte) { d.state, d.snapshot = state, snapshot }
func (d *disk) ReadRaftState() []byte       { return d.state }
func (d *disk) ReadSnapshot() []byte        { return d.snapshot }

// snapshotEvery is how many commands the service applies from one snapshot to the next.
const snapshotEvery = 10

var seeds = flag.Int("seeds", 10, "in how many laboratories each test runs")

// inLabs runs a test in several laboratories, which differ in their seed.
func inLabs(t *testing.T, servers int, test func(*lab)) {
	worlds := *seeds
	if testing.Short() {
		worlds = min(worlds, 2)
	}
	for seed := range worlds {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) {
			l := &lab{T: t, rng: rand.New(rand.NewPCG(uint64(seed), uint64(servers))), agreed: make([]any, 1)}
			for i := range servers {
				l.servers = append(l.servers, &server{lab: l, id: i, disk: new(disk), connected: true})
			}
			for i := range servers {
				l.start(i)
			}
			test(l)
			l.checkConverged()
		})
	}
}

// start starts a server from its disk.
func (l *lab) start(i int) {
	l.Helper()
	s := l.servers[i]
	s.life++
	s.applied = decodeCommands(l, s.disk.snapshot)
	peer, err := NewPeer(PeerConfig{
		Me: i, Peers: len(l.servers), Persister: s.disk, Codec: Gob{}, Seed: l.rng.Uint64(),
		Send:  func(to int, args Args) { l.net.call(s, l.servers[to], args) },
		Apply: s.apply,
	})
	if err != nil {
		l.Fatal(err)
	}
	s.peer = peer
	l.after(l.rng.IntN(TickMillis), func() { s.tick(s.life) })
}

func (s *server) tick(life int) {
	if s.peer == nil || s.life != life {
		return
	}
	s.peer.Tick()
	s.lab.after(TickMillis, func() { s.tick(life) })
}

// crash stops a server. What it saved is kept.
func (l *lab) crash(i int) {
	l.disconnect(i)
	l.servers[i].peer = nil
}

func (l *lab) connect(i int)    { l.servers[i].connected = true }
func (l *lab) disconnect(i int) { l.servers[i].connected = false }

// isUp reports whether a server runs and is connected.
func (s *server) isUp() bool { return s.peer != nil && s.connected }

// apply is the service: it checks what it is told.
func (s *server) apply(m ApplyMsg) {
	l := s.lab
	if m.SnapshotValid {
		s.applied = decodeCommands(l, m.Snapshot)
		if len(s.applied) != m.SnapshotIndex {
			l.Fatalf("server %d is given a snapshot through %d that ends at %d", s.id, m.SnapshotIndex, len(s.applied))
		}
		return
	}
	if !m.CommandValid || m.CommandIndex != len(s.applied)+1 {
		l.Fatalf("server %d applies %+v after %d", s.id, m, len(s.applied))
	}
	s.applied = append(s.applied, m.Command)
	if m.CommandIndex == len(l.agreed) {
		l.agreed = append(l.agreed, m.Command)
	}
	if want := l.agreed[m.CommandIndex]; m.Command != want {
		l.Fatalf("server %d applies %v as %d, another applied %v", s.id, m.Command, m.CommandIndex, want)
	}
	if l.snapshot && m.CommandIndex%snapshotEvery == 0 {
		life, data := s.life, encodeCommands(l, s.applied)
		l.after(0, func() {
			if s.peer != nil && s.life == life {
				s.peer.Snapshot(m.CommandIndex, data)
			}
		})
	}
}

func encodeCommands(l *lab, commands []any) []byte {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(commands); err != nil {
		l.Fatal(err)
	}
	return buf.Bytes()
}

func decodeCommands(l *lab, data []byte) []any {
	var commands []any
	if len(data) == 0 {
		return nil
	}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&commands); err != nil {
		l.Fatal(err)
	}
	return commands
}

// timeline is virtual time and what is to happen in it; what happens at one instant
// does so in the order in which it was planned.
type timeline struct {
	now    int
	events events
	seq    int
}

type event struct {
	at, seq int
	do      func()
}

func (c *timeline) after(delay int, do func()) {
	c.seq++
	heap.Push(&c.events, event{c.now + delay, c.seq, do})
}

// sleep lets time pass.
func (c *timeline) sleep(millis int) {
	end := c.now + millis
	for len(c.events) > 0 && c.events[0].at <= end {
		e := heap.Pop(&c.events).(event)
		c.now = e.at
		e.do()
	}
	c.now = end
}

type events []event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(e any)   { *h = append(*h, e.(event)) }
func (h *events) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
