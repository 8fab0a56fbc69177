package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

// testdata/first.json was written by the first raftbench that wrote any: what it
// measured must stay readable, as a whole run and as one that was cut short, which it
// marked as running.
func TestTheFirstResultsAreStillRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "first.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []reports.Status{reports.StatusComplete, reports.StatusInterrupted, reports.StatusRunning} {
		dir := t.TempDir()
		text := strings.Replace(string(data), `"status": "complete"`, `"status": "`+string(status)+`"`, 1)
		if err := os.WriteFile(filepath.Join(dir, reports.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := reports.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if run.Status != status || len(run.Arms) != 2 || run.Arms[0].Label != "inproc" || !run.Arms[0].InProcess {
			t.Fatalf("status %s, arms %+v", run.Status, run.Arms)
		}
		for _, a := range run.Arms {
			r := a.Replicates[0]
			if r.Operations.Succeeded != 400 || r.Response().Count() != 400 || r.Throughput() <= 0 {
				t.Fatalf("%s: %+v, %d response times", a.Label, r.Operations, r.Response().Count())
			}
		}
	}
}
