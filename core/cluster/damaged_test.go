package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// Directories of killed nodes are damaged under load, one after the other: a node starts
// on what is sound, takes part again once it has caught up, and nothing that was
// acknowledged is lost.
//
//	go test ./core/cluster -run Damaged -kills 1000 -timeout 60m -v
func TestDamagedProcessesLoseNothing(t *testing.T) {
	underLoad(t, 2, func(ctx context.Context, p *processes, w *writers, rng *rand.Rand, _ int) {
		w.waitFor(ctx, t, int64(50+rng.IntN(300)))
		id := core.NodeID(1 + rng.IntN(processNodes))
		p.kill(id)
		t.Logf("%v: %s", id, damage(t, p.data(id), rng))
		p.start(id)
		p.waitSettled(ctx, id) // a second one would be more than a minority
	})
}

// damage does something to one of the files of a log, and says what.
func damage(t *testing.T, dir string, rng *rand.Rand) string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"*.wal", "*.snapshot", "mark"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		return "there is nothing to damage yet"
	}
	path := paths[rng.IntN(len(paths))]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at, what := rng.IntN(max(1, len(data))), ""
	switch rng.IntN(5) {
	case 0:
		what, err = "removed", os.Remove(path)
	case 1:
		what, err = fmt.Sprintf("cut to %d bytes", at), os.Truncate(path, int64(at))
	case 2:
		from := at / 512 * 512
		clear(data[from:min(len(data), from+512*(1+rng.IntN(4)))])
		what, err = fmt.Sprintf("sectors of zeros from byte %d", from), os.WriteFile(path, data, 0o600)
	default:
		at = rng.IntN(max(1, min(len(data), 16<<10))) // where there is something
		if len(data) > 0 {
			data[at] ^= 1 << rng.IntN(8)
		}
		what, err = fmt.Sprintf("a bit of byte %d", at), os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(path) + ": " + what
}
