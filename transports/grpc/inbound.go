package grpc

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// streamService is what the server of an endpoint in mode=stream offers.
type streamService struct {
	raftpb.UnimplementedRaftServer
	e *endpoint
}

// inbound is a stream that a peer opened.
type inbound struct {
	e      *endpoint
	stream raftpb.Raft_ExchangeServer
	wake   chan struct{} // a token: there are answers

	mu      sync.Mutex
	room    sync.Cond
	ended   bool // answers are dropped
	answers []*request
	// What was received and whose answer is not written yet, bounded by Limits:
	// beyond that the stream is not read, and HTTP/2 flow control holds the peer.
	count, bytes int

	// The writer's own.
	taken   []*request
	encoder responseEncoder
}

// Exchange serves one stream of a peer, until it ends.
func (v *streamService) Exchange(stream raftpb.Raft_ExchangeServer) error {
	s := &inbound{e: v.e, stream: stream, wake: make(chan struct{}, 1)}
	s.room.L = &s.mu
	s.encoder.limit, s.encoder.pool = v.e.Limits.MessageBytes, v.e.pool
	stop := context.AfterFunc(stream.Context(), s.end)
	defer stop()
	ctx, cancel := context.WithCancel(stream.Context())
	var writer sync.WaitGroup
	writer.Go(func() { s.write(ctx.Done()) })
	err := s.read()
	s.end()
	cancel()
	writer.Wait()
	return err
}

// read hands requests to the handler, one message of the stream at a time.
func (s *inbound) read() error {
	var m raftpb.Requests
	var batch []*core.Incoming
	for s.hasRoom() {
		err := s.stream.RecvMsg(&m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			batch, err = s.decode(m.Requests, batch[:0])
		}
		if err != nil {
			if isBadFrame(err) {
				s.e.counters.BadFrames.Add(1)
				return status.Error(codes.InvalidArgument, err.Error())
			}
			return err
		}
		s.deliver(batch)
		clear(batch)
	}
	return nil
}

// hasRoom waits until more may be received. It reports false if the stream ended.
func (s *inbound) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := &s.e.Limits
	for !s.ended && (s.count >= limits.QueuedCalls || s.bytes >= limits.QueuedBytes) {
		s.room.Wait()
	}
	return !s.ended
}

// decode appends the requests in list to batch.
func (s *inbound) decode(list []*raftpb.Request, batch []*core.Incoming) ([]*core.Incoming, error) {
	bytes := 0
	for _, m := range list {
		r, err := s.e.incoming.decode(innerRequest(m))
		if err != nil {
			return batch, err
		}
		r.from, r.id, r.bytes = s, m.Id, r.Request.SizeBytes()
		bytes += r.bytes
		batch = append(batch, &r.Incoming)
	}
	s.mu.Lock()
	s.count += len(batch)
	s.bytes += bytes
	s.mu.Unlock()
	return batch, nil
}

// deliver hands batch to the handler. If that panics, those of batch that were
// not answered are answered here.
func (s *inbound) deliver(batch []*core.Incoming) {
	if len(batch) == 0 {
		return
	}
	s.e.counters.Requests.Add(uint64(len(batch)))
	err := core.Deliver(s.e.Handler, batch)
	if err == nil {
		return
	}
	s.e.counters.HandlerPanics.Add(1)
	s.mu.Lock()
	for _, in := range batch {
		if in.TakeAnswer() {
			s.put(in.State.(*request).failed(err))
		}
	}
	s.mu.Unlock()
	s.kick()
}

// Reply implements core.Transport.
func (e *endpoint) Reply(requests []*core.Incoming) {
	for len(requests) > 0 {
		s, n := requests[0].State.(*request).from, 1
		for n < len(requests) && requests[n].State.(*request).from == s {
			n++
		}
		if s != nil { // a request that was answered long ago
			s.reply(requests[:n])
		}
		requests = requests[n:]
	}
}

func (s *inbound) reply(requests []*core.Incoming) {
	s.mu.Lock()
	for _, in := range requests {
		if in.TakeAnswer() {
			s.put(in.State.(*request))
		}
	}
	s.mu.Unlock()
	s.kick()
}

// put queues an answer, or drops it if the stream has ended. s.mu is held.
func (s *inbound) put(r *request) {
	if !s.ended {
		s.answers = append(s.answers, r)
		return
	}
	s.e.incoming.put(r)
}

func (s *inbound) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// end makes the stream drop answers and take no more requests.
func (s *inbound) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.room.Broadcast()
}
