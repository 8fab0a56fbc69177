package rawtcp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// pieces is a connection that gives what was sent in pieces of n bytes.
type pieces struct {
	net.Conn
	rest []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.n, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// stream returns frames of many sizes, and the bodies that they carry.
func stream() (b []byte, bodies [][]byte) {
	for i, size := range []int{0, 1, 100, 3000, 5, 70_000, 0, 1000, 1004, 1005, 2000, 20} {
		text := bytes.Repeat([]byte{byte('a' + i)}, size)
		req := &core.InstallSnapshotRequest{Data: text}
		start := len(b)
		b = appendRequest(b, uint64(i), req, true)
		bodies = append(bodies, bytes.Clone(b[start+headerBytes:]))
	}
	return b, bodies
}

func TestReaderTakesFramesFromPiecesOfAnySize(t *testing.T) {
	all, bodies := stream()
	for _, piece := range []int{1, 7, 19, 20, 21, 512, 1023, 1024, 1025, 4096, 1 << 20} {
		pool := &blockPool{usual: 1 << 10, largest: 1 << 17}
		r := newReader(&pieces{rest: all, n: piece}, pool, 1<<20, (*block).put)
		for i, want := range bodies {
			f := nextFrame(t, r)
			if f.id != uint64(i) || !bytes.Equal(f.body, want) {
				t.Fatalf("pieces of %d: frame %d came as frame %d with %d bytes, want %d", piece, i, f.id, len(f.body), len(want))
			}
		}
		if err := r.fill(); !errors.Is(err, io.EOF) {
			t.Errorf("pieces of %d: %v after the last frame, want EOF", piece, err)
		}
	}
}

func nextFrame(t *testing.T, r *reader) frame {
	t.Helper()
	var f frame
	for {
		ok, err := r.next(&f)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return f
		}
		if err := r.fill(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestABlockThatIsHeldIsNotOverwritten keeps every body until the end.
func TestABlockThatIsHeldIsNotOverwritten(t *testing.T) {
	all, bodies := stream()
	for _, piece := range []int{1, 100, 1024, 1 << 20} {
		pool := &blockPool{usual: 1 << 10, largest: 1 << 17}
		left := 0
		r := newReader(&pieces{rest: all, n: piece}, pool, 1<<20, func(b *block) {
			if b.refs.Add(-1) == 0 {
				b.put()
			}
			left++
		})
		var got [][]byte
		for range bodies {
			f := nextFrame(t, r)
			r.b.refs.Add(1)
			got = append(got, f.body)
		}
		for i := range bodies {
			if !bytes.Equal(got[i], bodies[i]) {
				t.Errorf("pieces of %d: body %d changed while it was held", piece, i)
			}
		}
		if left == 0 {
			t.Errorf("pieces of %d: all frames in one block of %d bytes", piece, pool.usual)
		}
	}
}

func TestATaintedBlockIsNeverUsedAgain(t *testing.T) {
	pool := &blockPool{usual: 1 << 10, largest: 1 << 17}
	b := pool.get(0)
	b.taint.Store(true)
	b.put()
	for range 10 {
		if pool.get(0) == b {
			t.Fatal("the pool gave out a block that a handler may still read")
		}
	}
	r := newReader(&pieces{}, pool, 1<<20, func(*block) {})
	r.b = b
	r.start, r.end = 100, 100
	r.makeRoom()
	if r.b == b && r.end < 100 {
		t.Fatal("the reader started over in a block that a handler may still read")
	}
}

func TestTheReaderShrinksWhenLargeFramesStayAway(t *testing.T) {
	large := appendRequest(nil, 1, &core.InstallSnapshotRequest{Data: make([]byte, 50_000)}, true)
	all := append([]byte(nil), large...)
	all = append(all, large...)
	for i := range uint64(2 * quietReads) {
		all = appendRequest(all, i, &core.TimeoutNowRequest{}, true)
	}
	pool := &blockPool{usual: 1 << 10, largest: 1 << 17}
	r := newReader(&pieces{rest: all, n: headerBytes + 16}, pool, 1<<16, (*block).put)
	for range 2 {
		nextFrame(t, r)
		if len(r.b.buf) != 1<<16 {
			t.Errorf("a frame of 50 kB is read into a block of %d", len(r.b.buf))
		}
	}
	for range 2 * quietReads {
		nextFrame(t, r)
	}
	if len(r.b.buf) != pool.usual {
		t.Errorf("the block has %d bytes at the end, want %d", len(r.b.buf), pool.usual)
	}
}

func TestBlocksOfEverySize(t *testing.T) {
	pool := &blockPool{usual: 1000, largest: 5000}
	for n, want := range map[int]int{0: 1000, 1000: 1000, 1001: 1024, 1025: 2048, 4096: 4096, 4097: 5000, 5000: 5000} {
		for range 3 {
			b := pool.get(n)
			if len(b.buf) != want {
				t.Errorf("a block for %d bytes has %d, want %d", n, len(b.buf), want)
			}
			b.put()
		}
	}
}
