package http

import (
	"bufio"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// pipe is one pipelined connection. It implements unary.Conn.
//
// A call that is given up keeps its place in the order of the answers, and what is
// behind it would wait for an answer that may never come. So the pipe retires: it
// takes no more calls, and closes as soon as such a call is the next to be
// answered, or nobody waits any more.
type pipe struct {
	client *client
	conn   *conn
	r      *bufio.Reader
	ended  chan struct{} // the reader has returned

	retired atomic.Bool
	calls   atomic.Int64 // sent, and neither answered nor given up

	// senders are the goroutines that are about to send: only the last of them
	// writes to the connection.
	senders atomic.Int64

	mu      sync.Mutex
	w       *bufio.Writer
	waiting []*attempt // sent and not answered, in order, from head on
	head    int
}

var (
	// errRetired: the pipe takes no more calls, and has not sent this one.
	errRetired = fmt.Errorf("%w: the connection had just ended", core.ErrUnavailable)

	errPeerCloses = fmt.Errorf("%w: the peer closes the connection", core.ErrBroken)
	errNotAsked   = fmt.Errorf("%w: a response that nobody asked for", core.ErrBroken)
)

func newPipe(c *client, nc *conn) *pipe {
	return &pipe{
		client: c,
		conn:   nc,
		r:      bufio.NewReaderSize(nc, c.config.bufferBytes),
		w:      bufio.NewWriterSize(nc, c.config.bufferBytes),
		ended:  make(chan struct{}),
	}
}

// send puts a request on its way. The answer comes on a.done, exactly once,
// unless send returns an error: then nothing was sent.
func (p *pipe) send(a *attempt) error {
	p.senders.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	more := p.senders.Add(-1) > 0
	if p.retired.Load() {
		// Others may have left their flush to this call.
		if p.w.Flush() != nil {
			_ = p.conn.Close() // the reader tells everybody
		}
		return errRetired
	}
	p.calls.Add(1)
	p.waiting = append(p.waiting, a)
	err := a.req.Write(p.w)
	if err == nil && !more {
		if len(p.waiting)-p.head > 1 {
			runtime.Gosched() // a busy connection: let others join this write
		}
		if p.senders.Load() == 0 {
			err = p.w.Flush()
		}
	}
	if err != nil {
		p.retired.Store(true)
		_ = p.conn.Close() // the reader tells everybody, this caller too
	}
	return nil
}

// giveUp ends the wait of a, which was sent, with err, unless its answer is there.
func (p *pipe) giveUp(a *attempt, err error) error {
	if a.decided.Swap(true) {
		return <-a.done
	}
	a.orphan = true
	p.retired.Store(true)
	p.callEnded()
	p.closeIfStuck()
	return err
}

// closeIfStuck closes the connection if the next answer is one that nobody waits
// for. The calls behind it end with core.ErrBroken.
func (p *pipe) closeIfStuck() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.head < len(p.waiting) && p.waiting[p.head].decided.Load() {
		_ = p.conn.Close() // the reader tells everybody
	}
}

// callEnded closes a retired pipe with its last call.
func (p *pipe) callEnded() {
	if p.calls.Add(-1) == 0 && p.retired.Load() {
		_ = p.conn.Close() // nobody waits for what is still to come
	}
}

// read hands out responses until the connection ends.
func (p *pipe) read() {
	defer close(p.ended)
	for {
		a, err := p.next()
		if err == nil {
			err = p.receive(a)
		}
		if err != nil {
			p.fail(err)
			return
		}
	}
}

// next waits for the first byte of a response and returns whose it is.
func (p *pipe) next() (*attempt, error) {
	if _, err := p.r.Peek(1); err != nil {
		return nil, p.client.readError(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.head == len(p.waiting) {
		p.client.config.counters.BadFrames.Add(1)
		return nil, errNotAsked
	}
	a := p.waiting[p.head]
	p.waiting[p.head] = nil
	p.head++
	if 2*p.head >= len(p.waiting) { // move the rest to the front, before it grows without end
		n := copy(p.waiting, p.waiting[p.head:])
		clear(p.waiting[n:])
		p.waiting, p.head = p.waiting[:n], 0
	}
	return a, nil
}

// receive reads the response of a and hands it over. An error means that the
// connection is of no use any more.
func (p *pipe) receive(a *attempt) error {
	err := a.resp.ReadLimitBody(p.r, p.client.config.messageBytes)
	if err != nil {
		err = p.client.readError(err)
	}
	last := err == nil && a.resp.ConnectionClose()
	p.answer(a, err)
	if last {
		return errPeerCloses
	}
	if p.retired.Load() {
		p.closeIfStuck()
	}
	return err
}

// answer ends the wait of a, unless it was given up.
func (p *pipe) answer(a *attempt, err error) {
	if a.decided.Swap(true) {
		return
	}
	a.done <- err
	p.callEnded()
}

// fail ends the connection and everything that waits on it.
func (p *pipe) fail(err error) {
	p.retired.Store(true)
	_ = p.conn.Close() // err says why already
	p.mu.Lock()
	rest := p.waiting[p.head:]
	p.waiting, p.head = nil, 0
	p.mu.Unlock()
	for _, a := range rest {
		p.answer(a, err)
	}
}

// Dead implements unary.Conn.
func (p *pipe) Dead() bool { return p.retired.Load() }

// Close implements unary.Conn.
func (p *pipe) Close() error {
	_ = p.conn.Close() // the reader closes it, too
	<-p.ended
	return nil
}
