package metrics

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

func TestServe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e := New()
	began := time.Now()
	e.now = func() time.Time { return began }
	if err := e.Serve("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	address := e.Address()
	if err := New().Serve(address); err == nil || !strings.Contains(err.Error(), "--metrics "+address) {
		t.Errorf("Serve on a port in use: %v", err)
	}
	at := experiment.Position{Arm: experiment.Arm{Label: "rawtcp"}, Done: 1, Total: 4, Remaining: 9 * time.Second}
	e.ReplicateStarts(at)
	e.Progress(at, workloads.Progress{Elapsed: time.Second, Succeeded: 100, Failed: 1})
	e.Progress(at, workloads.Progress{Elapsed: 2 * time.Second, Succeeded: 300, Failed: 1, Refused: 2})
	running := get(t, address)
	e.ReplicateEnds(at, &reports.Replicate{Valid: true})
	ended := get(t, address)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`raftbench_arm_running{arm="rawtcp"} 1`,
		`raftbench_operations_total{arm="rawtcp",outcome="failed"} 1`,
		`raftbench_operations_total{arm="rawtcp",outcome="refused"} 2`,
		`raftbench_operations_total{arm="rawtcp",outcome="succeeded"} 300`,
		`raftbench_operations_total{arm="rawtcp",outcome="unknown"} 0`,
		`raftbench_remaining_seconds 9`,
		`raftbench_replicates_done 1`,
		`raftbench_replicates_planned 4`,
		`raftbench_throughput_operations_per_second{arm="rawtcp"} 200`,
	}
	if diff := cmp.Diff(want, running); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if text := strings.Join(ended, "\n"); !strings.Contains(text, `raftbench_replicates_total{arm="rawtcp",valid="true"} 1`) || strings.Contains(text, "raftbench_arm_running") {
		t.Errorf("metrics after the replicate:\n%s", text)
	}
}

// Arms that take turns start together, and long after that end together: in between,
// time passes and nobody says so.
func TestTheRemainingTimeGoesDown(t *testing.T) {
	e := New()
	now := time.Now()
	e.now = func() time.Time { return now }
	if got := e.remaining(); got != 0 {
		t.Errorf("before anything is known: %v s", got)
	}
	e.ReplicateStarts(experiment.Position{Arm: experiment.Arm{Label: "rawtcp"}, Total: 4, Remaining: 9 * time.Second})
	for _, want := range []float64{9, 5, 1, 0} { // and it does not go below nothing
		if got := e.remaining(); got != want {
			t.Errorf("%v s, want %v", got, want)
		}
		now = now.Add(4 * time.Second)
	}
}

// get returns the samples that are served, without their descriptions.
func get(t *testing.T, address string) []string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var samples []string
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "#") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	return samples
}
