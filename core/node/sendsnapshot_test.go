package node

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// A follower decides where a stream goes on, within the content and only a few times
// elsewhere than behind the last chunk: it cannot keep a stream going for ever.
func TestWhereAStreamGoesOn(t *testing.T) {
	s := &snapshotStream{header: make([]byte, 8), size: 100}
	last := &core.InstallSnapshotRequest{Offset: 8, Data: make([]byte, 4)}
	for _, outside := range []uint64{0, 7, 101} {
		if s.canGoOn(last, outside) {
			t.Errorf("it goes on at %d, outside of the content", outside)
		}
	}
	for range 10 * maxLeaps {
		if !s.canGoOn(last, 12) {
			t.Fatal("it does not go on behind the last chunk")
		}
	}
	for range maxLeaps {
		if !s.canGoOn(last, 60) {
			t.Fatal("it does not go on where the follower wants")
		}
	}
	if s.canGoOn(last, 60) {
		t.Error("there is no bound")
	}
}
