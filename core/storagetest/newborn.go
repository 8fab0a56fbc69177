package storagetest

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// checkNewborn is for a core.Doubter; other storages cannot tell.
func checkNewborn(t *testing.T, s core.Storage) {
	d, ok := s.(core.Doubter)
	if !ok {
		t.Skip("it is no core.Doubter")
	}
	write(t, s, core.Write{HardState: &core.HardState{Term: 1}, Entries: entries(1, 1, "a"), Sync: true})
	if doubt := d.Doubt(); doubt == nil || !doubt.Newborn() {
		t.Fatalf("a new storage that was written to is in doubt about %+v, want everything", doubt)
	}
	if err := d.Settle(); err != nil || d.Doubt() != nil {
		t.Fatalf("settle: %v, doubt %+v", err, d.Doubt())
	}
}
