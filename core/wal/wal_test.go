package wal

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/storagetest"
)

var _ core.Storage = (*Log)(nil)

func TestStorage(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) core.Storage {
		l, err := Open(Options{Dir: t.TempDir(), Identity: Identity{1, 1}, SegmentBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}
