package workloads

import (
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// targetFunc makes a Target of what its Submit does.
type targetFunc func(ops []*client.Op)

func (f targetFunc) Submit(ops []*client.Op) { f(ops) }

// succeed fills in a success.
func succeed(ops []*client.Op) {
	for _, op := range ops {
		op.Outcome, op.Err = client.OutcomeOK, nil
	}
}

// server is a target that answers from a goroutine of its own, in order, each
// batch after serve has returned. Close waits for it.
type server struct {
	serve func(ops []*client.Op)
	done  func([]*client.Op)

	mu     sync.Mutex
	queue  []*client.Op
	closed bool
	wake   chan struct{}
	ended  chan struct{}
}

// connectServer returns a Connect whose servers end with the test.
func connectServer(t testing.TB, serve func(ops []*client.Op)) Connect {
	return func(_ int, done func([]*client.Op)) (Target, error) {
		s := &server{serve: serve, done: done, wake: make(chan struct{}, 1), ended: make(chan struct{})}
		go s.run()
		t.Cleanup(func() {
			s.mu.Lock()
			s.closed = true
			s.mu.Unlock()
			s.signal()
			<-s.ended
		})
		return s, nil
	}
}

func (s *server) Submit(ops []*client.Op) {
	s.mu.Lock()
	s.queue = append(s.queue, ops...)
	s.mu.Unlock()
	s.signal()
}

func (s *server) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *server) run() {
	defer close(s.ended)
	var batch []*client.Op
	for range s.wake {
		s.mu.Lock()
		batch, s.queue = s.queue, batch[:0]
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		if len(batch) > 0 {
			s.serve(batch)
			s.done(batch)
		}
	}
}

// stall returns a function that blocks, once, the first call that comes after
// the given time, for so long.
func stall(after, length time.Duration) func() {
	var once sync.Once
	begin := time.Now()
	return func() {
		if time.Since(begin) >= after {
			once.Do(func() { time.Sleep(length) })
		}
	}
}

// script is a Generator of fixed commands.
type script struct {
	n     int
	types []OpType
}

func (s *script) Next(op *client.Op) OpType {
	kind := Put
	if len(s.types) > 0 {
		kind = s.types[s.n%len(s.types)]
	}
	s.n++
	op.Read = kind == Get
	op.Command = append(op.Command[:0], byte(s.n), byte(s.n>>8), byte(s.n>>16))
	return kind
}

func scripted(types ...OpType) func(int) (Generator, error) {
	return func(int) (Generator, error) { return &script{types: types}, nil }
}

func puts(worker int) (Generator, error) {
	return Workload{PayloadMinBytes: 16, PayloadMaxBytes: 16}.NewGenerator(worker)
}
