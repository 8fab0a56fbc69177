package rawtcp

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// greet plays a node that calls the endpoint, up to the end of its hello.
func (e *endpoint) greet(h hello) *player {
	e.t.Helper()
	c, err := e.connect()
	if err != nil {
		e.t.Fatal(err)
	}
	p := newPlayer(e.t, c)
	p.write(appendHello(nil, h))
	answer, err := parseHello(p.next())
	if err != nil || answer.from != 1 {
		e.t.Fatalf("hello from %v, %v", answer.from, err)
	}
	p.r.checksum = answer.checksum
	return p
}

func (e *endpoint) unanswered() (n int64) {
	e.transport.mu.Lock()
	defer e.transport.mu.Unlock()
	for s := range e.sessions {
		n += s.unanswered.Load()
	}
	return n
}

func (e *endpoint) stalled() bool {
	e.transport.mu.Lock()
	defer e.transport.mu.Unlock()
	for s := range e.sessions {
		if s.stalled.Load() {
			return true
		}
	}
	return false
}

// TestReadingStopsAtTheBound: requests that are not answered are bounded, and
// the rest stays with the sender until some are.
func TestReadingStopsAtTheBound(t *testing.T) {
	const bound = 4
	e := openEndpoint(t, nil, core.Limits{QueuedCalls: bound}, core.Timeouts{})
	p := e.greet(hello{from: 2, class: core.ClassAppend})
	var b []byte
	for i := range uint64(10) {
		b = appendRequest(b, i, heartbeat(), false)
	}
	p.write(b)
	for _, n := range []int{bound, bound, 2} {
		batch := e.held(n)
		if n == bound {
			e.eventually("stall", e.stalled)
		}
		if got := e.unanswered(); got != int64(n) {
			t.Errorf("%d requests are not answered, want %d", got, n)
		}
		e.Reply(batch)
	}
	for i := range uint64(10) {
		if f := p.next(); f.id != i || f.frameType != frameResponse {
			t.Errorf("answer %d has id %d and type %d", i, f.id, f.frameType)
		}
	}
}

// TestReadingStopsAtTheBoundInBytes counts the memory that requests keep from use.
func TestReadingStopsAtTheBoundInBytes(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{QueuedBytes: 64 << 10}, core.Timeouts{})
	p := e.greet(hello{from: 2, class: core.ClassSnapshot})
	chunk := &core.InstallSnapshotRequest{Data: make([]byte, 100<<10)}
	go func() {
		for i := range uint64(50) {
			if _, err := p.Write(appendRequest(nil, i, chunk, false)); err != nil {
				return
			}
		}
	}()
	answered := 0
	for answered < 50 {
		e.eventually("requests", func() bool { return e.unanswered() > 0 })
		if answered == 0 {
			e.eventually("stall", e.stalled)
		}
		e.mu.Lock()
		batch := e.incoming
		e.incoming = nil
		e.mu.Unlock()
		if len(batch) > 5 {
			t.Errorf("%d requests of 100 KiB at a time with a bound of 320 KiB", len(batch))
		}
		answered += len(batch)
		e.Reply(batch)
	}
}

// TestReadingGoesOnWhenTheAnswersAreWritten, whoever writes them: it may be a
// sender that finds room for all of them in the socket.
func TestReadingGoesOnWhenTheAnswersAreWritten(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{QueuedBytes: 1 << 10}, core.Timeouts{})
	a, b := tcpPair(t)
	s := newSession(e.transport, a)
	s.w.cork()
	s.w.mu.Lock()
	s.w.reserve(10 << 10)
	s.w.out = append(s.w.out, make([]byte, 10<<10)...)
	s.w.mu.Unlock()
	ended := make(chan error)
	go func() { ended <- s.waitForRoom() }()
	e.eventually("stall", s.stalled.Load)
	s.w.uncork()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the answers are written, and nobody reads on")
		s.fail(nil)
		if err := <-ended; err == nil {
			t.Error("a session that has failed has room")
		}
	}
	s.fail(nil)
	_ = b.Close()
}

// TestARequestThatIsHeldIsNotUsedForAnother, while those that came with it are.
func TestARequestThatIsHeldIsNotUsedForAnother(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{})
	e.receive = func(requests []*core.Incoming) {
		var now, later []*core.Incoming
		for _, in := range requests {
			if in.Request.(*core.TimeoutNowRequest).Term%3 == 0 {
				later = append(later, in)
			} else {
				now = append(now, in)
			}
		}
		e.hold(later)
		e.Reply(now)
	}
	p := e.greet(hello{from: 2, class: core.ClassControl})
	const rounds, each = 20, 30
	for i := range uint64(rounds) {
		var b []byte
		for n := range uint64(each) {
			b = appendRequest(b, i*each+n, &core.TimeoutNowRequest{Term: core.Term(i*each + n)}, false)
		}
		p.write(b)
		for range each - each/3 {
			if f := p.next(); f.id%3 == 0 {
				t.Fatalf("answer %d came before it was given", f.id)
			}
		}
	}
	for _, in := range e.held(rounds * each / 3) {
		term := in.Request.(*core.TimeoutNowRequest).Term
		e.Reply([]*core.Incoming{in})
		if f := p.next(); f.id != uint64(term) {
			t.Fatalf("the request with number %d was answered as %d", term, f.id)
		}
	}
}

// TestReadingStopsWhenAnswersAreNotTaken: a peer that asks and does not listen
// cannot fill the memory.
func TestReadingStopsWhenAnswersAreNotTaken(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{QueuedBytes: 16 << 20}, core.Timeouts{})
	p := e.ask400()
	e.eventually("stall", e.stalled)
	for i := range uint64(400) {
		if f := p.next(); f.id != i || f.frameType != frameResponse {
			t.Fatalf("answer %d came as %d with type %d", i, f.id, f.frameType)
		}
	}
}

// TestAnswersThatAreNotTakenAreBounded, also those to requests that came in one read.
func TestAnswersThatAreNotTakenAreBounded(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{QueuedBytes: 1 << 20, MessageBytes: 1 << 20}, core.Timeouts{})
	p := e.ask400()
	refused := 0
	for i := range uint64(400) {
		f := p.next()
		if f.id != i {
			t.Fatalf("answer %d came as %d", i, f.id)
		}
		if f.frameType == frameFailure {
			refused++
		}
	}
	if refused == 0 {
		t.Error("40 MB of answers were queued with a bound of 1 MiB")
	}
}

// ask400 sends 400 requests at once, for 100 KiB each: more than a socket holds.
func (e *endpoint) ask400() *player {
	answer := make([]byte, 100<<10)
	e.receive = func(requests []*core.Incoming) {
		for _, r := range requests {
			r.Response.(*core.ReadResponse).Append(answer)
		}
		e.Reply(requests)
	}
	p := e.greet(hello{from: 2, class: core.ClassClient})
	var b []byte
	for i := range uint64(400) {
		b = appendRequest(b, i, new(core.ReadRequest), false)
	}
	p.write(b)
	return p
}

func TestBadRequestsEndTheConnection(t *testing.T) {
	malformed := appendRequest(nil, 1, &core.TimeoutNowRequest{}, true)
	malformed = append(malformed, 0)
	finishFrame(malformed, frame{frameType: frameRequest, kind: core.KindTimeoutNow, id: 1}, true)
	unknown := appendRequest(nil, 1, &core.TimeoutNowRequest{}, true)
	finishFrame(unknown, frame{frameType: frameRequest, kind: 99, id: 1}, true)
	kindZero := appendRequest(nil, 1, &core.TimeoutNowRequest{}, true)
	finishFrame(kindZero, frame{frameType: frameRequest, id: 1}, true)
	huge := appendRequest(nil, 1, &core.TimeoutNowRequest{}, true)
	binary.LittleEndian.PutUint32(huge[4:], 1<<30)
	for name, b := range map[string][]byte{
		"a response":   appendResponse(nil, 1, new(core.ReadResponse), true),
		"checksum":     appendRequest(nil, 1, heartbeat(), false),
		"malformed":    malformed,
		"unknown kind": unknown,
		"kind zero":    kindZero,
		"huge":         huge,
		"HTTP":         []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{})
			p := e.greet(hello{from: 2, class: core.ClassAppend, checksum: true})
			p.write(b)
			p.end()
			e.eventually("the count of bad frames", func() bool { return e.Stats().BadFrames == 1 })
			if n := e.Stats().Requests; n != 0 {
				t.Errorf("%d requests were delivered", n)
			}
		})
	}
}

func TestAStrangerIsShownOut(t *testing.T) {
	for name, c := range map[string]struct {
		connect   time.Duration
		says      []byte
		badFrames uint64
	}{
		"silent":  {connect: 5 * time.Millisecond},
		"babbles": {connect: patience, says: bytes.Repeat([]byte{1}, 1000), badFrames: 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{Connect: c.connect})
			conn, err := e.connect()
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t, conn)
			p.write(c.says)
			p.end()
			e.eventually("the count of bad frames", func() bool { return e.Stats().BadFrames == c.badFrames })
		})
	}
}

// TestAfterAPanicNothingIsUsedAgain: the handler may still hold the requests.
func TestAfterAPanicNothingIsUsedAgain(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{})
	seen := map[*core.Incoming]bool{}
	blocks := map[*block]bool{}
	e.receive = func(requests []*core.Incoming) {
		for _, r := range requests {
			if seen[r] || blocks[r.State.(*served).block] {
				t.Error("memory that a panicked handler was given was used again")
			}
			seen[r] = true
		}
		blocks[requests[0].State.(*served).block] = true
		panic("on purpose")
	}
	for id := range uint64(20) {
		p := e.greet(hello{from: 2, class: core.ClassControl})
		p.write(appendRequest(nil, id, heartbeat(), false))
		if f := p.next(); f.id != id || f.frameType != frameFailure || !bytes.Contains(f.body, []byte("on purpose")) {
			t.Fatalf("answer %+v %q", f, f.body)
		}
		_ = p.Close()
		e.eventually("end of the session", func() bool { e.transport.mu.Lock(); defer e.transport.mu.Unlock(); return len(e.sessions) == 0 })
	}
	if n := e.Stats().HandlerPanics; n != 20 {
		t.Errorf("%d panics counted, want 20", n)
	}
}

// TestWhatWasAnsweredBeforeAPanicIsNotUsedAgain either: the panic may have come
// while the handler was still looking at it.
func TestWhatWasAnsweredBeforeAPanicIsNotUsedAgain(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{})
	seen := map[*core.Incoming]bool{}
	e.receive = func(requests []*core.Incoming) {
		for _, r := range requests {
			if seen[r] {
				t.Error("a request that a panicked handler had answered was used again")
			}
			seen[r] = true
		}
		e.Reply(requests)
		panic("on purpose")
	}
	p := e.greet(hello{from: 2, class: core.ClassControl})
	for id := range uint64(100) {
		p.write(appendRequest(nil, id, heartbeat(), false))
		if f := p.next(); f.id != id || f.frameType != frameResponse {
			t.Fatalf("answer %+v %q", f, f.body)
		}
	}
}

// FuzzSession sends anything after a good hello: no panic, no large allocation,
// and the endpoint serves the next connection.
func FuzzSession(f *testing.F) {
	f.Add(appendRequest(nil, 1, heartbeat(), false))
	f.Add(appendRequest(nil, 1, &core.ProposeRequest{Commands: [][]byte{[]byte("a"), nil}}, false))
	for _, b := range sampleFrames(false) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e := openInMemory(t, core.Limits{MessageBytes: 64 << 10})
		e.receive = func(requests []*core.Incoming) { e.Reply(requests) }
		p := e.greet(hello{from: 2})
		_, _ = p.Write(b) // it may be refused before it is through
		_ = p.Close()
		q := e.greet(hello{from: 2})
		q.write(appendRequest(nil, 78, heartbeat(), false))
		if f := q.next(); f.id != 78 {
			t.Fatalf("answer to %d", f.id)
		}
	})
}
