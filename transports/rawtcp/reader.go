package rawtcp

import (
	"fmt"
	"math/bits"
	"net"
	"sync"
	"sync/atomic"
)

// block is a piece of memory that frames are read into. Requests point into it,
// so it goes back to its pool when the reader has left it and the last of them is
// answered.
type block struct {
	buf   []byte
	home  *blockPool
	refs  atomic.Int32 // the reader, and each request that is not answered
	taint atomic.Bool  // a handler that panicked may still read it: never to be used again
}

// blockPool keeps blocks of a usual size, and of each power of two above it up to
// what the largest frame needs. It holds what was in use at one time since the
// last two garbage collections.
type blockPool struct {
	usual   int                      // bytes
	largest int                      // bytes; frames are refused before they need more
	pools   [bits.UintSize]sync.Pool // of *block, by class
}

// size returns the size of the blocks that n bytes go into.
func (p *blockPool) size(n int) int {
	if n <= p.usual {
		return p.usual
	}
	return max(n, min(1<<bits.Len(uint(n-1)), p.largest))
}

// class tells sizes apart.
func (p *blockPool) class(size int) int {
	if size == p.usual {
		return 0
	}
	return bits.Len(uint(size - 1))
}

// get returns a block of p.size(n) bytes.
func (p *blockPool) get(n int) *block {
	size := p.size(n)
	b, ok := p.pools[p.class(size)].Get().(*block)
	if !ok {
		b = &block{buf: make([]byte, size), home: p}
	}
	b.refs.Store(1)
	return b
}

// put takes back a block that nobody uses.
func (b *block) put() {
	if !b.taint.Load() {
		b.home.pools[b.home.class(len(b.buf))].Put(b)
	}
}

// minReadBytes is the least room that is worth a read.
const minReadBytes = 512

// quietReads in a row without a large frame mean that the reader goes back to
// blocks of the usual size.
const quietReads = 32

// reader takes frames from a connection: as many as one read brings.
type reader struct {
	conn     net.Conn
	pool     *blockPool
	limit    int // of a body, in bytes
	checksum bool
	leave    func(*block) // gives up the reader's share of a block

	b          *block
	start, end int // what was read and not taken
	need       int // bytes that the frame at start is known to have
	size       int // of the blocks to read into: usual, or larger after large frames
	quiet      int // reads since the last frame that was larger than usual
}

func newReader(conn net.Conn, pool *blockPool, limit int, leave func(*block)) *reader {
	return &reader{
		conn: conn, pool: pool, limit: limit, checksum: true, leave: leave,
		b: pool.get(0), need: headerBytes, size: pool.usual,
	}
}

// next fills in the next whole frame, if there is one. Its body is valid until
// fill, or for as long as somebody else holds a reference to r.b.
func (r *reader) next(f *frame) (ok bool, err error) {
	r.need, err = parseFrame(r.b.buf[r.start:r.end], r.limit, r.checksum, f)
	if r.need > r.pool.usual {
		r.quiet = 0
	}
	if err != nil || r.need > r.end-r.start {
		return false, err
	}
	r.start += r.need
	r.need = headerBytes
	return true, nil
}

// fill reads once, after next has found no more whole frames.
func (r *reader) fill() error {
	r.makeRoom()
	n, err := r.conn.Read(r.b.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil // an error will come again
	}
	return err
}

// makeRoom sees to it that the frame at start fits behind start. A block that
// requests point into is filled to its end and then left to them.
func (r *reader) makeRoom() {
	r.resize()
	size := len(r.b.buf)
	// Nobody but the reader adds references.
	alone := r.b.refs.Load() == 1 && !r.b.taint.Load()
	switch {
	case size != r.size: // on to a block of another size
	case alone && r.start == r.end:
		r.start, r.end = 0, 0
		return
	case r.start+r.need <= size && size-r.end >= minReadBytes:
		return
	case alone:
		r.end = copy(r.b.buf, r.b.buf[r.start:r.end])
		r.start = 0
		return
	}
	fresh := r.pool.get(r.size)
	r.end = copy(fresh.buf, r.b.buf[r.start:r.end])
	r.start = 0
	r.leave(r.b)
	r.b = fresh
}

// resize decides how large blocks are to be. They are never too small for the
// frame at start.
func (r *reader) resize() {
	r.quiet++
	if r.need > r.size {
		r.size = r.pool.size(r.need)
	}
	if r.need <= r.pool.usual && r.quiet > quietReads {
		r.size = r.pool.usual
	}
}

// readHello reads the first frame.
func readHello(r *reader) (hello, error) {
	for {
		h, ok, err := takeHello(r)
		if ok || err != nil {
			return h, err
		}
		if err := r.fill(); err != nil {
			return hello{}, err
		}
	}
}

// takeHello takes the first frame, if it is there.
func takeHello(r *reader) (h hello, ok bool, err error) {
	var f frame
	if ok, err = r.next(&f); err != nil {
		return hello{}, false, err
	}
	if ok {
		h, err = parseHello(f)
		return h, err == nil, err
	}
	if r.need > headerBytes+helloBytes {
		err = fmt.Errorf("%w: not a hello", errBadFrame)
	}
	return hello{}, false, err
}
