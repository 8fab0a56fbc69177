package grpc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/status"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// outbound is a stream that a lane opened.
type outbound struct {
	lane   *lane
	stream raftpb.Raft_ExchangeClient
	cancel context.CancelFunc
	ended  chan struct{} // closed when the receiver has ended
	dead   bool          // guarded by lane.mu: its calls were ended, and no other may be sent over it

	// The receiver's own.
	answers  []answer
	complete []*core.Call
}

// answer is a response with the call that it ends.
type answer struct {
	call     *core.Call
	response *raftpb.Response
}

// open returns the lane's stream, a new one if there is none. It waits for a
// connection that is being made, and fails at once after an attempt that failed
// until the next: grpc-go makes these by itself.
func (l *lane) open() (*outbound, error) {
	l.mu.Lock()
	s := l.stream
	l.mu.Unlock()
	if s != nil {
		return s, nil
	}
	report, err := l.peer.breaker.Allow()
	if err != nil {
		return nil, err
	}
	s, err = l.exchange()
	report(err)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.stream = s
	l.mu.Unlock()
	l.e.goroutines.Go(s.receive)
	return s, nil
}

func (l *lane) exchange() (*outbound, error) {
	ctx, cancel := context.WithCancel(l.e.ctx)
	limit := time.AfterFunc(l.e.Timeouts.Connect, cancel)
	stream, err := raftpb.NewRaftClient(l.conn).Exchange(ctx)
	if !limit.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, l.conn.unavailable(err)
	}
	return &outbound{lane: l, stream: stream, cancel: cancel, ended: make(chan struct{})}, nil
}

// receive ends calls with the responses that arrive, until the stream ends.
func (s *outbound) receive() {
	defer close(s.ended)
	defer s.cancel()
	var m raftpb.Responses
	for {
		err := s.stream.RecvMsg(&m)
		if err == nil {
			err = s.deliver(m.Responses)
		}
		if err != nil {
			s.lost(err)
			return
		}
	}
}

// deliver ends the calls that responses answer. An error means that what arrived
// was not of ours.
func (s *outbound) deliver(responses []*raftpb.Response) (err error) {
	l := s.lane
	l.mu.Lock()
	for _, r := range responses {
		// A call that has timed out is not there any more.
		if p := l.table[r.Id]; p != nil && p.stage == sent {
			s.answers = append(s.answers, answer{l.remove(p, nil), r})
		}
	}
	l.mu.Unlock()
	for _, a := range s.answers {
		a.call.Response.Reset()
		a.call.Err = decodeAnswer(a.call.Response, a.response)
		if isMalformed(a.call.Err) {
			err = a.call.Err
			a.call.Err = fmt.Errorf("%v: %w: %w", l.peer.id, core.ErrBroken, err)
		}
		s.complete = append(s.complete, a.call)
	}
	l.e.complete(s.complete)
	clear(s.answers)
	clear(s.complete)
	s.answers, s.complete = s.answers[:0], s.complete[:0]
	return err
}

// lost ends the calls that were sent over s, because it has ended.
func (s *outbound) lost(cause error) {
	l := s.lane
	if isBadFrame(cause) {
		l.e.counters.BadFrames.Add(1)
	}
	l.mu.Lock()
	s.dead = true
	l.stream = nil
	err := fmt.Errorf("%v: %w: %s", l.peer.id, core.ErrBroken, status.Convert(cause).Message())
	ended := l.endLocked(err, func(p *pending) bool { return p.stage == sent })
	l.mu.Unlock()
	l.e.complete(ended)
}
