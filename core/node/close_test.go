package node_test

import (
	"io"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// endless is a storage whose snapshots do not come to an end.
type endless struct {
	core.Storage
	began chan struct{} // closed when one is read
}

func (e *endless) OpenSnapshot() (core.SnapshotManifest, io.ReadSeekCloser, error) {
	m, _, err := e.Storage.OpenSnapshot()
	return m, &zeros{began: e.began}, err
}

// zeros is a snapshot of so many of them that nobody has read it.
type zeros struct {
	io.ReadSeekCloser
	began chan struct{}
	read  bool
}

func (z *zeros) Read(b []byte) (int, error) {
	if !z.read {
		z.read = true
		close(z.began)
	}
	clear(b)
	return min(1, len(b)), nil // as slowly as can be
}

func (z *zeros) Close() error { return nil }

// Close does not wait for the end of a snapshot that the state machine reads.
func TestCloseEndsALoadUnderWay(t *testing.T) {
	storage := &endless{Storage: memlog.New(), began: make(chan struct{})}
	f := startFollower(t, storage, node.SnapshotConfig{})
	if a, err := f.send(newSent(10, "hello")); err != nil || a.Match != 10 {
		t.Fatalf("answered with %+v, %v", a, err)
	}
	<-storage.began
	closed := make(chan error, 1)
	go func() { closed <- f.Node.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for a snapshot without end")
	}
}
