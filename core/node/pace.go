package node

import (
	"io"
	"sync"
	"time"
)

// paceBurst is how much may move at once after a pause. So a small state is written
// while few of its values change, each of which has to be copied meanwhile.
const paceBurst = 4 << 20

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
	if rested := now.Add(-p.taken(paceBurst)); p.free.Before(rested) {
		p.free = rested
	}
	wait := max(0, p.free.Sub(now))
	p.free = p.free.Add(p.taken(bytes))
	return wait
}

// taken is how long so many bytes take.
func (p *pace) taken(bytes int) time.Duration {
	return time.Duration(float64(bytes) / float64(p.bytesPerSecond) * float64(time.Second))
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

// pacedWriter writes the content of a snapshot no faster than snapshots may move, unless
// it is in a hurry.
type pacedWriter struct {
	io.Writer
	node  *Node
	hurry <-chan struct{} // closed when it is
}

// wait waits until so many bytes may be written. It reports false if the node was closed.
func (w *pacedWriter) wait(bytes int) bool {
	select {
	case <-w.hurry:
	default:
		if w.node.wait(bytes, w.hurry) {
			return true
		}
	}
	select {
	case <-w.node.quit:
		return false
	default:
		return true
	}
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		piece := b[written:min(len(b), written+w.node.config.Snapshot.ChunkBytes)]
		if !w.wait(len(piece)) {
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
