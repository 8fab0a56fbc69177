package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/transports"
)

// The ready experiments are whole, and their README has them all.
func TestExperiments(t *testing.T) {
	files, err := filepath.Glob("../../../experiments/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(t.Context(), transports.All(), []string{"run", "--dry-run", "-f", file}, &stdout, &stderr)
			if code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			if !strings.Contains(stdout.String(), "replicates, about") {
				t.Errorf("no plan:\n%s", stdout.String())
			}
		})
	}
}
