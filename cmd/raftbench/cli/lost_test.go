package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/disk/disktest"
	"github.com/raftbench/raftbench/transports"
)

var stride = flag.Int("stride", 0, "make every n-th operation of the disk fail; 0: a few; 1: all")

// The run has three replicates, and a partial one of each if it is slow.
func runFailing(ctx context.Context, fs *disktest.Failing, dir string) (code int, log string) {
	var stdout, stderr strings.Builder
	args := strings.Fields("run --transport inproc -n 2000 --warmup 0s --repeat 3 -c 4 --allow-invalid -o " + dir)
	code = runOn(ctx, fs, transports.All(), args, &stdout, &stderr)
	return code, stderr.String()
}

// Whichever operation of the disk fails, once or from then on: one clear error and
// exit code 1, what was said to be measured is there, and nothing looks whole that
// is not. The long form takes every operation in turn:
//
//	go test ./cmd/raftbench/cli -run EveryOperationFailing -stride 1 -v
func TestEveryOperationFailing(t *testing.T) {
	step := 13
	switch {
	case *stride > 0:
		step = *stride
	case testing.Short():
		step = 40
	}
	turns := 0
	for _, onward := range []bool{false, true} {
		for k := 1; ; k += step {
			fs := disktest.At(k, onward)
			dir := filepath.Join(t.TempDir(), "out")
			code, log := runFailing(t.Context(), fs, dir)
			turns++
			checkFailing(t, fmt.Sprintf("operation %d, onward %v", k, onward), fs, dir, code, log)
			if len(fs.Failed()) == 0 {
				break
			}
		}
	}
	t.Logf("%d runs", turns)
}

func checkFailing(t *testing.T, name string, fs *disktest.Failing, dir string, code int, log string) {
	t.Helper()
	complaints := regexp.MustCompile(`(?m)^raftbench: .*$`).FindAllString(log, -1)
	run, err := reports.Read(dir)
	if failed := fs.Failed(); len(failed) == 0 || code == 0 {
		for _, f := range failed {
			of := strings.Contains(f.Path, reports.JournalName)
			// It is known already, or kept elsewhere, or nobody's business.
			if harmless := f.Op == disktest.Lock || of && (f.Op == disktest.Close || f.Op == disktest.Remove); !harmless {
				t.Fatalf("%s: %v failed, and the exit code is 0", name, f)
			}
		}
		if code != 0 || err != nil || run.Status != reports.StatusComplete || len(complaints) > 0 {
			t.Fatalf("%s: exit code %d, %v\n%s", name, code, err, log)
		}
		return
	}
	if code != exitError || len(complaints) != 1 || !strings.Contains(complaints[0], "no space left on device") || strings.Contains(complaints[0], ".tmp") {
		t.Fatalf("%s: exit code %d, want 1 and one line with the reason\n%s", name, code, log)
	}
	announced := strings.Count(log, "ops/s")
	if err != nil {
		if announced > 0 {
			t.Fatalf("%s: %d replicates were announced, and reading says %v", name, announced, err)
		}
		return
	}
	whole := 0
	for _, r := range run.Arms[0].Replicates {
		if !r.Partial {
			whole++
		}
	}
	if whole < announced || run.Status == reports.StatusComplete && whole < 3 {
		t.Fatalf("%s: the run is %s with %d replicates, %d were announced", name, run.Status, whole, announced)
	}
	stored, err := reports.Read(filepath.Join(dir, reports.FileName))
	if err == nil && stored.Status == reports.StatusComplete && !durable(fs) {
		t.Fatalf("%s: %s says that the run is complete", name, reports.FileName)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Fatalf("%s: %v, %v", name, entries, err)
	}
}

// durable reports whether all that failed was to make the last file durable: it is
// there, and nobody knows for how long.
func durable(fs *disktest.Failing) bool {
	ops := fs.Ops()
	return fs.Failed()[0].Op == disktest.SyncDir && ops[len(ops)-2] == disktest.SyncDir
}
