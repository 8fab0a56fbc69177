package rawtcp

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// tcpPair returns the two ends of a connection over loopback.
func tcpPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

// testWriter is a writer on one end of a connection, with the other end.
type testWriter struct {
	*writer
	peer    net.Conn
	counts  counters
	running sync.WaitGroup
	errs    chan error
}

func newTestWriter(t *testing.T, set settings, a, b net.Conn) *testWriter {
	w := &testWriter{peer: b, errs: make(chan error, 10)}
	w.writer = newWriter(set, &w.counts, &w.running, func(err error) { w.errs <- err }, nil, nil)
	if !w.attach(a) {
		t.Fatal("a new writer does not take its connection")
	}
	t.Cleanup(func() {
		w.kill()
		w.running.Wait()
	})
	return w
}

// send appends a record of n bytes that begins with its number, and flushes.
func (w *testWriter) send(number uint64, n int) {
	w.mu.Lock()
	w.reserve(n)
	w.out = append(binary.LittleEndian.AppendUint64(w.out, number), make([]byte, n-8)...)
	w.mu.Unlock()
	w.flush()
}

// receive reads records of n bytes and checks that none is missing.
func (w *testWriter) receive(t *testing.T, first, last uint64, n int) {
	t.Helper()
	if err := w.peer.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	record := make([]byte, n)
	for want := first; want <= last; want++ {
		if _, err := io.ReadFull(w.peer, record); err != nil {
			t.Fatalf("record %d: %v", want, err)
		}
		if got := binary.LittleEndian.Uint64(record); got != want {
			t.Fatalf("record %d came as %d", want, got)
		}
	}
}

func eachWriter(t *testing.T, f func(*testing.T, *testWriter)) {
	for name, set := range map[string]settings{
		"inline":       {inline: true},
		"inline,yield": {inline: true, yield: true},
		"flusher":      {},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := tcpPair(t)
			f(t, newTestWriter(t, set, a, b))
		})
	}
	t.Run("pipe", func(t *testing.T) {
		a, b := net.Pipe()
		t.Cleanup(func() { _, _ = a.Close(), b.Close() })
		f(t, newTestWriter(t, settings{inline: true}, a, b))
	})
}

// TestASenderDoesNotWaitForThePeer sends more than any socket buffers, to a peer
// that reads only afterwards.
func TestASenderDoesNotWaitForThePeer(t *testing.T) {
	eachWriter(t, func(t *testing.T, w *testWriter) {
		const records, size = 64, 256 << 10
		for i := range uint64(records) {
			w.send(i, size)
		}
		w.receive(t, 0, records-1, size)
		w.send(records, size) // the writer is in order again
		w.receive(t, records, records, size)
	})
}

func TestManySendersShareTheWriter(t *testing.T) {
	eachWriter(t, func(t *testing.T, w *testWriter) {
		const senders, each, size = 8, 500, 100
		var number uint64
		var group sync.WaitGroup
		for range senders {
			group.Go(func() {
				for range each {
					w.mu.Lock()
					w.out = append(binary.LittleEndian.AppendUint64(w.out, number), make([]byte, size-8)...)
					number++
					w.mu.Unlock()
					w.flush()
				}
			})
		}
		w.receive(t, 0, senders*each-1, size)
		group.Wait()
	})
}

func TestABatchIsOneWrite(t *testing.T) {
	a, b := tcpPair(t)
	w := newTestWriter(t, settings{inline: true, yield: true}, a, b)
	w.cork()
	for i := range uint64(100) {
		w.send(i, 100)
	}
	if n := w.counts.writes.Load(); n != 0 {
		t.Fatalf("%d writes while corked", n)
	}
	w.uncork()
	w.receive(t, 0, 99, 100)
	if n := w.counts.writes.Load(); n != 1 {
		t.Errorf("%d writes for what was there together, want 1", n)
	}
}

func TestKillEndsAWriteThatWaits(t *testing.T) {
	eachWriter(t, func(t *testing.T, w *testWriter) {
		for i := range uint64(64) {
			w.send(i, 256<<10)
		}
		if !w.kill() || w.kill() {
			t.Error("not exactly the first kill reports true")
		}
		w.running.Wait()
		w.send(64, 8)
		if w.attach(w.peer) {
			t.Error("a dead writer takes a connection")
		}
	})
}

func TestAFailedWriteIsReportedOnce(t *testing.T) {
	eachWriter(t, func(t *testing.T, w *testWriter) {
		_ = w.conn.Close()
		w.send(1, 100)
		select {
		case err := <-w.errs:
			if err == nil {
				t.Fatal("a write to a closed connection was reported without an error")
			}
		case <-time.After(20 * time.Second):
			t.Fatal("no report of a write to a closed connection")
		}
		w.running.Wait()
		if len(w.errs) > 0 {
			t.Errorf("reported again: %v", <-w.errs)
		}
	})
}

func TestBuffersAreUsedAgainUnlessTheyAreLarge(t *testing.T) {
	a, b := tcpPair(t)
	w := newTestWriter(t, settings{inline: true}, a, b)
	for i, size := range []int{100, 4 * maxKeptBytes, 100} {
		w.send(uint64(i), size)
		w.receive(t, uint64(i), uint64(i), size)
	}
	w.running.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.spares) > maxSpares {
		t.Errorf("keeps %d buffers", len(w.spares))
	}
	for _, b := range append(w.spares, w.out) {
		if cap(b) > maxKeptBytes {
			t.Errorf("keeps a buffer of %d bytes", cap(b))
		}
	}
}

// TestABacklogIsNotCopied: it is kept in chunks, and one large message in one of its own.
func TestABacklogIsNotCopied(t *testing.T) {
	a, b := tcpPair(t)
	w := newTestWriter(t, settings{inline: true}, a, b)
	w.cork()
	for i := range uint64(40) {
		w.send(i, chunkBytes/10)
	}
	w.mu.Lock()
	if len(w.full) != 3 || w.backlog() != 40*(chunkBytes/10) {
		t.Errorf("%d chunks with %d bytes waiting, want 3 with %d", len(w.full), w.backlog(), 40*(chunkBytes/10))
	}
	for _, b := range w.full {
		if len(b) > chunkBytes {
			t.Errorf("a chunk of %d bytes", len(b))
		}
	}
	w.mu.Unlock()
	w.uncork()
	w.receive(t, 0, 39, chunkBytes/10)
	w.running.Wait()
	if w.mu.Lock(); w.backlog() != 0 {
		t.Errorf("%d bytes waiting at the end", w.backlog())
	}
	w.mu.Unlock()
}

func TestABufferMuchTooLargeIsGivenUp(t *testing.T) {
	a, b := tcpPair(t)
	w := newTestWriter(t, settings{inline: true}, a, b)
	w.send(0, chunkBytes)
	w.receive(t, 0, 0, chunkBytes)
	w.running.Wait()
	for i := range uint64(4 * idleUses) {
		w.send(i+1, 100)
		w.receive(t, i+1, i+1, 100)
		w.running.Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range append(w.spares, w.out) {
		if cap(b) > chunkBytes/8 {
			t.Errorf("still keeps %d bytes", cap(b))
		}
	}
}
