package rawtcp

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// accept plays node 2 up to the end of its hello.
func accept(t *testing.T, l net.Listener, as core.NodeID) *player {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlayer(t, c)
	h, err := parseHello(p.next())
	if err != nil || h.from != 1 {
		t.Fatalf("hello from %v, %v", h.from, err)
	}
	p.write(appendHello(nil, hello{from: as, class: h.class, checksum: h.checksum}))
	p.r.checksum = h.checksum
	return p
}

func TestAnotherNodeAnswers(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	e.call(heartbeat(), patience)
	accept(t, l, 3).end()
	if c := e.wait(); !errors.Is(c.Err, core.ErrBroken) {
		t.Errorf("the call ended with %v", c.Err)
	}
	if n := e.Stats().BadFrames; n != 1 {
		t.Errorf("%d bad frames, want 1", n)
	}
}

func TestBadAnswersEndTheConnection(t *testing.T) {
	for name, answer := range map[string]func(id uint64) []byte{
		"a request":              func(id uint64) []byte { return appendRequest(nil, id, heartbeat(), true) },
		"checksum":               func(id uint64) []byte { return appendResponse(nil, id, new(core.AppendEntriesResponse), false) },
		"another kind":           func(id uint64) []byte { return appendResponse(nil, id, new(core.ReadResponse), true) },
		"unknown failure":        func(id uint64) []byte { return appendFailure(nil, id, core.KindAppendEntries, 77, "", true) },
		"garbage":                func(uint64) []byte { return make([]byte, 1000) },
		"a frame over the limit": func(uint64) []byte { return []byte{0, 0, 0, 0, 255, 255, 255, 255, 1, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0} },
	} {
		t.Run(name, func(t *testing.T) {
			l := listenLocal(t)
			e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
			e.call(heartbeat(), patience)
			p := accept(t, l, 2)
			p.write(answer(p.next().id))
			p.end()
			if c := e.wait(); !errors.Is(c.Err, core.ErrBroken) {
				t.Errorf("the call ended with %v", c.Err)
			}
			e.eventually("the count of bad frames", func() bool { return e.Stats().BadFrames == 1 })
		})
	}
}

func TestAnswersToNobodyAreDropped(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	e.call(heartbeat(), patience)
	p := accept(t, l, 2)
	id := p.next().id
	for _, stranger := range []uint64{0, id + 1, id + 1<<32, 1<<64 - 1} {
		p.write(appendResponse(nil, stranger, &core.AppendEntriesResponse{Term: 9}, true))
	}
	p.write(appendResponse(nil, id, &core.AppendEntriesResponse{Term: 5}, true))
	p.write(appendResponse(nil, id, &core.AppendEntriesResponse{Term: 6}, true))
	if c := e.wait(); c.Err != nil || c.Response.(*core.AppendEntriesResponse).Term != 5 {
		t.Errorf("the call ended with %v, %+v", c.Err, c.Response)
	}
	e.call(heartbeat(), patience)
	p.write(appendResponse(nil, p.next().id, &core.AppendEntriesResponse{Term: 7}, true))
	if c := e.wait(); c.Err != nil || c.Response.(*core.AppendEntriesResponse).Term != 7 {
		t.Errorf("the next call ended with %v, %+v", c.Err, c.Response)
	}
}

// cut is a connection that fails to write once it is told to.
type cut struct {
	net.Conn
	off *atomic.Bool
}

func (c cut) Write(b []byte) (int, error) {
	if c.off.Load() {
		return 0, errors.New("no more")
	}
	return c.Conn.Write(b)
}

// TestAFailedWriteBreaksTheCalls: the caller learns the class of the error, not
// only what the operating system said.
func TestAFailedWriteBreaksTheCalls(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	dial := e.dial
	var off atomic.Bool
	e.dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		c, err := dial(ctx, to)
		return cut{Conn: c, off: &off}, err
	}
	e.call(heartbeat(), patience)
	accept(t, l, 2).next()
	off.Store(true)
	e.call(heartbeat(), patience)
	for range 2 {
		if c := e.wait(); !errors.Is(c.Err, core.ErrBroken) {
			t.Errorf("the call ended with %v", c.Err)
		}
	}
	if n := e.Stats().Broken; n != 2 {
		t.Errorf("%d calls counted as broken, want 2", n)
	}
}

// TestCallsThatAreNotTakenTimeOut: nobody writes, because a Complete does not
// return, against the rules.
func TestCallsThatAreNotTakenTimeOut(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	e.call(heartbeat(), patience)
	p := accept(t, l, 2)
	p.write(appendResponse(nil, p.next().id, new(core.AppendEntriesResponse), true))
	e.wait()
	c := (*e.peers.Load())[2].lanes[core.ClassControl].Members()[0].current.Load()
	e.eventually("uncork", func() bool {
		c.w.mu.Lock()
		defer c.w.mu.Unlock()
		return !c.w.corked && !c.w.writing
	})
	c.w.cork()
	for range 3 {
		e.call(heartbeat(), 10*time.Millisecond)
	}
	for range 3 {
		if c := e.wait(); !errors.Is(c.Err, core.ErrTimeout) {
			t.Errorf("the call ended with %v", c.Err)
		}
	}
}

// TestASilentConnectionIsGivenUp: calls expire again and again, and the peer
// takes them and says nothing.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{Control: 20 * time.Millisecond})
	patient := e.call(heartbeat(), patience)
	p := accept(t, l, 2)
	p.next()
	timeouts := 0
	for ended := false; !ended; {
		e.call(heartbeat(), 5*time.Millisecond)
		for c := e.wait(); ; c = e.wait() {
			switch {
			case c == patient && errors.Is(c.Err, core.ErrBroken):
				ended = true
			case errors.Is(c.Err, core.ErrTimeout):
				timeouts++
			case errors.Is(c.Err, core.ErrUnavailable), errors.Is(c.Err, core.ErrBroken): // given up at this moment
			case !ended:
				t.Fatalf("a call ended with %v", c.Err)
			}
			if len(e.ended) == 0 {
				break
			}
		}
	}
	if timeouts < silentRounds-1 {
		t.Errorf("given up after %d timeouts", timeouts)
	}
	p.end()
}

// TestTheSweeperSleeps when no call is under way, so that an idle node costs nothing.
func TestTheSweeperSleeps(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{})
	e.call(heartbeat(), 30*time.Millisecond)
	p := accept(t, l, 2)
	p.write(appendResponse(nil, p.next().id, new(core.AppendEntriesResponse), true))
	for e.wait().Err != nil { // the machine is busy
		e.call(heartbeat(), 30*time.Millisecond)
		p.write(appendResponse(nil, p.next().id, new(core.AppendEntriesResponse), true))
	}
	e.eventually("sleep", func() bool { return e.sweeper.wakeAt.Load() == never })
	e.call(heartbeat(), patience)
	p.next()
	if e.sweeper.wakeAt.Load() == never {
		t.Fatal("nobody told the sweeper of the deadline")
	}
}

func TestAPeerThatSaysNothingIsLeft(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{}, core.Timeouts{Connect: 10 * time.Millisecond})
	dial := e.dial
	e.dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		return dial(context.WithoutCancel(ctx), to) // a busy machine may take longer
	}
	e.call(heartbeat(), patience)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	newPlayer(t, c).end()
	if c := e.wait(); !errors.Is(c.Err, core.ErrBroken) {
		t.Errorf("the call ended with %v", c.Err)
	}
}

// TestWhatExpiredStillCounts while the socket has not taken it: a peer that does
// not read cannot fill the memory of a caller that gives up quickly.
func TestWhatExpiredStillCounts(t *testing.T) {
	l := listenLocal(t)
	e := openEndpoint(t, l, core.Limits{QueuedBytes: 1 << 20}, core.Timeouts{Control: time.Hour})
	chunk := &core.InstallSnapshotRequest{Data: make([]byte, 100<<10)}
	e.call(chunk, time.Millisecond)
	accept(t, l, 2)
	for range 1000 { // 100 MB, more than the sockets hold
		switch c := e.wait(); {
		case errors.Is(c.Err, core.ErrOverflow):
			return
		case !errors.Is(c.Err, core.ErrTimeout):
			t.Fatalf("a call ended with %v", c.Err)
		}
		e.call(chunk, time.Millisecond)
	}
	t.Error("100 MB were queued with a bound of 1 MiB")
}

// TestNoAttemptInThePause: calls that come before the next attempt are refused
// for that reason, not because the breaker is open. (Five pauses in a row so short
// that no call falls into one: once in a billion runs.)
func TestNoAttemptInThePause(t *testing.T) {
	e := openEndpoint(t, nil, core.Limits{}, core.Timeouts{ReconnectMax: time.Hour})
	refused := 0
	for range 1000 {
		e.call(heartbeat(), patience)
		c := e.wait()
		if !errors.Is(c.Err, core.ErrUnavailable) {
			t.Fatalf("a call ended with %v", c.Err)
		}
		if strings.Contains(c.Err.Error(), "waiting to connect again") {
			refused++
		}
	}
	if n := e.Stats().Dials; refused == 0 || n > 5 {
		t.Errorf("%d attempts and %d refusals in the pause, for 1000 calls to a dead peer", n, refused)
	}
}
