package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// A signal in the middle of a claim: what was measured is kept and judged as far as it goes,
// what was not is said to be, and the exit code is 130.
func TestInterruptedClaims(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	p := start(t, "claims", "5", "9", "11", "-d", "20ms", "--warmup", "0s", "--repeat", "500", "-o", dir)
	for !strings.Contains(readFile(t, p.log), "[   3/") {
		select {
		case <-p.exited:
			t.Fatalf("it ended by itself:\n%s", readFile(t, p.log))
		default:
			p.pause(10 * time.Millisecond)
		}
	}
	p.signal(os.Interrupt)
	p.wait(t)
	out := readFile(t, p.out)
	if p.code() != 130 || !strings.Contains(out, "3 published claims: 0 hold here, 0 do not, 3 cannot be told.") {
		t.Fatalf("exit code %d\n%s%s", p.code(), out, readFile(t, p.log))
	}
	for _, want := range []string{"is of a run that is interrupted", "not measured: the run was interrupted before"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	run, err := reports.Read(filepath.Join(dir, "protobuf-beats-gob"))
	if err != nil || run.Status != reports.StatusInterrupted || !run.Measured() {
		t.Errorf("%v, %+v", err, run)
	}
	again := start(t, "claims", "--from", dir)
	again.wait(t)
	if again.code() != 0 || readFile(t, again.out) != out {
		t.Errorf("from the stored results, exit code %d:\n%s", again.code(), readFile(t, again.out))
	}
}
