package rawtcp

import (
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// maxInlineWrites bounds how often one sender writes what others added
// meanwhile, before it leaves the rest to a goroutine.
const maxInlineWrites = 4

// maxYields bounds how often a sender lets others run while they add to its write.
//
// On 2 processors, medians: without a yield 64 waiting callers share a write by
// threes and take 2.5 us of CPU a call. With one yield before the first write of a
// sender it is 25 calls a write, 1.2 us, and 885 k calls/s; with up to four before
// every write 50 calls, 0.89 us, and 1,218 k (1,000 callers: from 62 to 267 calls a
// write, from 1,293 k to 1,771 k). One yield is not enough, because the scheduler
// takes a goroutine that yielded from the global queue at every 61st switch. Two
// and sixteen do the same within the noise. A lone caller yields once, as before.
const maxYields = 4

// chunkBytes is the size up to which a buffer grows. What comes then goes to
// another one, so that a sender who adds to a long backlog does not copy it.
const chunkBytes = 1 << 20

// A writer keeps up to maxSpares buffers of up to maxKeptBytes for later, which a
// chunk of a snapshot fits in. Those of more than largeBytes it gives up when
// idleUses writes in a row were small. (The writes of 1,000 waiting callers are of
// such different sizes that with 64 it grew buffers again all the time: 32 B
// allocated a call instead of 5.)
const (
	largeBytes   = chunkBytes / 8
	maxKeptBytes = chunkBytes + chunkBytes/4
	maxSpares    = 2
	idleUses     = 1024
)

// writer collects frames and writes them to one connection, everything that is
// there in one system call. Nobody waits in it: whoever finds that nobody is
// writing becomes the writer and tries once, without blocking; what the socket
// does not take, a goroutine writes. So two nodes that fill each other's sockets
// from their readers cannot stop each other.
//
// Senders lock it, reserve, append a frame to out, unlock, and then call flush,
// once for all that they have appended. A frame is always copied, however large:
// its data is the caller's again as soon as the call has ended, which may be long
// before the socket takes it.
type writer struct {
	inline bool // settings
	yield  bool

	counters *counters
	running  *sync.WaitGroup // counts drain
	failed   func(error)     // called without the lock when a write fails
	stamp    func()          // called locked when what was appended leaves, or is going to wait; may be nil
	wrote    func()          // called without the lock when a write has made room; may be nil

	mu       sync.Mutex // guards what follows, and what the owner says it guards
	conn     net.Conn   // nil until attach
	full     [][]byte   // chunks that nobody has taken yet, the oldest first
	out      []byte     // frames that nobody has taken yet, after those in full
	waiting  int        // bytes in full
	taken    int        // bytes that are being written
	spares   [][]byte
	idle     int  // buffers in a row that were much too large
	writing  bool // somebody is writing, or drain will be
	draining bool // it is drain
	corked   bool // flush does nothing; uncork will do it
	dead     bool

	loop *loopWriter // io=gnet; set with conn

	// Only whoever set writing uses what follows.
	raw     syscall.RawConn // nil: every write goes through drain
	attempt func(uintptr) bool
	buf     []byte // of the attempt
	n       int    // and its outcome
	err     error

	rest     []byte // what the attempt left to drain
	sent     int    // of rest, in bytes
	drainRun func() // w.drain, made once: a go statement with it does not allocate
}

func newWriter(set settings, c *counters, running *sync.WaitGroup, failed func(error), stamp, wrote func()) *writer {
	w := &writer{inline: set.inline, yield: set.yield, counters: c, running: running, failed: failed, stamp: stamp, wrote: wrote}
	w.drainRun = w.drain
	w.attempt = func(fd uintptr) bool {
		w.n, w.err = tryWrite(fd, w.buf)
		return true // whatever came out of it: do not wait for the socket
	}
	return w
}

// attach gives the writer its connection. It reports false if the writer is
// dead already; the connection is the caller's to close then.
func (w *writer) attach(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return false
	}
	w.conn = conn
	if w.inline && canTryWrite {
		w.raw = rawConn(conn)
	}
	return true
}

// rawConn returns what system calls on a connection can be made through, or nil.
func rawConn(conn net.Conn) syscall.RawConn {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn: // and not what wraps one, as TLS does
		raw, err := conn.(syscall.Conn).SyscallConn()
		if err == nil {
			return raw
		}
	}
	return nil
}

// kill ends the writer and closes its connection. Only the first call reports true.
func (w *writer) kill() bool {
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return false
	}
	w.dead = true
	conn := w.conn
	w.out, w.full, w.spares = nil, nil, nil
	w.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // nothing is expected of it any more
	}
	return true
}

// backlog is the number of bytes accepted and not written. Call it locked.
func (w *writer) backlog() int { return w.waiting + len(w.out) + w.taken }

// reserve makes room for n bytes in out. Call it locked.
func (w *writer) reserve(n int) {
	if len(w.out) > 0 && len(w.out)+n > max(cap(w.out), chunkBytes) {
		w.full = append(w.full, w.out)
		w.waiting += len(w.out)
		w.out = w.spare()
	}
	w.out = slices.Grow(w.out, n)
}

func (w *writer) spare() []byte {
	n := len(w.spares)
	if n == 0 {
		return nil
	}
	b := w.spares[n-1]
	w.spares = w.spares[:n-1]
	return b
}

// keep takes back a buffer that was written.
func (w *writer) keep(b []byte) {
	w.idle++
	if len(b) > largeBytes/8 {
		w.idle = 0
	}
	if w.idle > idleUses && cap(b) > largeBytes {
		return
	}
	if cap(b) == 0 || cap(b) > maxKeptBytes || len(w.spares) == maxSpares {
		return
	}
	w.spares = append(w.spares, b[:0])
}

// take takes the oldest chunk, or what there is. Call it locked.
func (w *writer) take() []byte {
	if w.stamp != nil {
		w.stamp()
	}
	var b []byte
	if len(w.full) > 0 {
		b = w.full[0]
		w.full = slices.Delete(w.full, 0, 1)
		w.waiting -= len(b)
	} else if len(w.out) > 0 {
		b, w.out = w.out, w.spare()
	}
	w.taken = len(b)
	return b
}

// cork makes flush do nothing until uncork: the reader does so while it delivers
// a batch, so that everything which the handler sends meanwhile leaves in one
// write.
func (w *writer) cork() {
	w.mu.Lock()
	w.corked = true
	w.mu.Unlock()
}

func (w *writer) uncork() {
	w.mu.Lock()
	w.corked = false
	if !w.begin() {
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	if w.loop != nil {
		w.writeOnLoop(nil) // it is a loop that corks
		return
	}
	w.write()
}

// flush sees to it that what was appended is written: by the caller, by who is
// writing already, or by a goroutine. It does not wait for the socket.
func (w *writer) flush() {
	w.mu.Lock()
	if !w.begin() {
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	if w.yield {
		w.gather()
	}
	if w.loop != nil {
		w.push()
		return
	}
	w.write()
}

// gather lets senders that are ready to run add their frames before we write, for
// as long as they do.
func (w *writer) gather() {
	w.mu.Lock()
	had := len(w.out)
	w.mu.Unlock()
	if had == 0 {
		return
	}
	for range maxYields {
		runtime.Gosched()
		w.mu.Lock()
		has := len(w.out)
		w.mu.Unlock()
		if has == had {
			return
		}
		had = has
	}
}

// prompt reports whether what is appended now will be taken soon, without waiting
// for the socket. Call it locked.
func (w *writer) prompt() bool { return w.raw != nil && !w.draining }

// begin reports whether the caller has become the writer. Call it locked.
func (w *writer) begin() bool {
	if w.writing || w.corked || w.dead || w.conn == nil || len(w.out) == 0 {
		return false
	}
	w.writing = true
	if w.raw == nil && w.loop == nil {
		w.startDrain()
		return false
	}
	return true
}

// startDrain hands the rest over. Call it locked, as the writer, while not dead:
// then the owner of the connection is still running, and so running is above zero.
func (w *writer) startDrain() {
	w.draining = true
	if w.stamp != nil {
		w.stamp()
	}
	w.running.Add(1)
	go w.drainRun()
}

// write is the writer's loop: take everything, try once, until there is nothing more.
// What others added during a write is little, so it gathers again before the next.
func (w *writer) write() {
	var buf []byte
	for i := range maxInlineWrites {
		if i > 0 && w.yield {
			w.gather()
		}
		if buf = w.next(buf); buf == nil {
			return
		}
		n, err := w.tryOnce(buf)
		if err != nil {
			w.failed(err)
			return
		}
		if n < len(buf) {
			w.handOver(buf, n)
			return
		}
	}
	w.handOver(buf, len(buf))
}

// next gives back the buffer that was written and takes what has gathered since.
// Nil means that there is nothing, or that the writer is dead: the caller is not
// the writer any more.
func (w *writer) next(written []byte) []byte {
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return nil
	}
	if written != nil {
		w.keep(written)
	}
	buf := w.take()
	if buf == nil {
		w.writing, w.draining = false, false
	}
	w.mu.Unlock()
	if written != nil && w.wrote != nil {
		w.wrote()
	}
	return buf
}

// tryOnce makes one system call, which does not block.
func (w *writer) tryOnce(buf []byte) (int, error) {
	w.counters.writes.Add(1)
	w.buf = buf
	err := w.raw.Write(w.attempt)
	w.buf = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// handOver leaves the rest of buf, and whatever else there is, to drain.
func (w *writer) handOver(buf []byte, sent int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return
	}
	w.rest, w.sent, w.taken = buf, sent, len(buf)-sent
	w.startDrain()
}

// drain writes until nothing is left. It may wait for the socket; kill ends that.
func (w *writer) drain() {
	defer w.running.Done()
	buf, sent := w.rest, w.sent
	w.rest, w.sent = nil, 0
	for {
		if sent < len(buf) {
			w.counters.writes.Add(1)
			if _, err := w.conn.Write(buf[sent:]); err != nil {
				w.failed(err)
				return
			}
		}
		if buf, sent = w.next(buf), 0; buf == nil {
			return
		}
	}
}
