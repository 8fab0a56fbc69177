package node

import (
	"io"
	"sync"
	"time"
)

// pace bounds how fast the bytes of snapshots move.
type pace struct {
	bytesPerSecond int // not positive: no bound

	mu   sync.Mutex
	free time.Time // when what was booked has moved
}

// book returns how long to wait before so many bytes may move.
func (p *pace) book(bytes int, now time.Time) time.Duration {
	if p.bytesPerSecond <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes) / float64(p.bytesPerSecond) * float64(time.Second)))
	return wait
}

// wait waits until so many bytes may move. It reports false if stop was closed, or the
// node.
func (n *Node) wait(bytes int, stop <-chan struct{}) bool {
	timer := time.NewTimer(n.pace.book(bytes, time.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
	case <-n.quit:
	}
	return false
}

// pacedWriter writes the content of a snapshot no faster than snapshots may move.
type pacedWriter struct {
	io.Writer
	node *Node
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		piece := b[written:min(len(b), written+w.node.config.Snapshot.ChunkBytes)]
		if !w.node.wait(len(piece), nil) {
			return written, errClosed
		}
		k, err := w.Writer.Write(piece)
		written += k
		if err != nil {
			return written, err
		}
	}
	return written, nil
}
