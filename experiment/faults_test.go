package experiment

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment/fault"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

func script(t *testing.T, text string) fault.Script {
	t.Helper()
	s, err := fault.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A run with a script says what was done, what followed, and by which checks it was not
// judged; what a killed node counted is not lost.
func TestRunWithFaults(t *testing.T) {
	s := settings(t, "rawtcp,netrpc")
	s.Duration, s.Warmup, s.Reads = 1700*time.Millisecond, 100*time.Millisecond, 0.5
	s.Retry = client.Retry{Budget: client.DefaultBudget()}
	s.Hedge = client.Hedge{After: 5 * time.Millisecond}
	s.Faults = script(t, "at 300ms: kill 2; at 500ms: restart 2; every 100ms from 600ms for 200ms: flap 3; at 900ms: transfer 3")
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	run, err := Run(context.Background(), s, p, Header{}, nil, &saved{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range run.Arms {
		if a.Workload.Faults != s.Faults.String() {
			t.Errorf("%s: faults %q", a.Label, a.Workload.Faults)
		}
		checkFaulted(t, a.Label, &a.Replicates[0])
	}
	if err := run.Validate(); err != nil {
		t.Error(err)
	}
}

func checkFaulted(t *testing.T, label string, r *reports.Replicate) {
	t.Helper()
	var done []string
	served := 0
	for _, e := range r.Events {
		if e.Fault == nil {
			continue
		}
		done = append(done, e.Kind+" "+e.Fault.Verb)
		if first := e.Fault.FirstSuccess; first != nil && *first > 0 {
			served++
		}
	}
	if served == 0 { // a machine that is slow enough may elect somebody after each of them
		t.Errorf("%s: nothing succeeded after any fault, with two nodes of three", label)
	}
	want := []string{"fault kill", "repair restart", "fault cut", "repair heal", "fault transfer"}
	if !slices.Equal(done, want) {
		t.Errorf("%s: done %q, want %q", label, done, want)
	}
	if n := electionsOf(r.Events); n != r.Elections || int(n) != len(r.Events)-len(want) {
		t.Errorf("%s: %d elections, and %d in %d events", label, r.Elections, n, len(r.Events))
	}
	for _, name := range []string{"errors", "elections", "stationarity"} {
		if slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.HasPrefix(s, name+":") }) {
			t.Errorf("%s: judged by %s: %q", label, name, r.Reasons)
		}
	}
	said := func(s string) bool { return strings.HasPrefix(s, "faults: ") && strings.Contains(s, "elections") }
	if !slices.ContainsFunc(r.Warnings, said) {
		t.Errorf("%s: nobody is told what was not judged: %q", label, r.Warnings)
	}
	// All of what the leader sent arrived at somebody who counted it, or broke.
	if r.Counters["appends"] == 0 || r.Counters["appends"] > 1<<40 || r.Counters["failed_calls"] == 0 {
		t.Errorf("%s: counters %v", label, r.Counters)
	}
}

// Members come and go while a run goes on: every founder is replaced, clients find the
// new ones, and what those that left have counted is not lost.
func TestRunWithChangesOfMembers(t *testing.T) {
	const changes = 6 // those that are not pointless
	s := settings(t, "rawtcp,inproc")
	s.Duration, s.Warmup, s.Reads, s.ReadFrom = time.Minute, 0, 0.5, client.ReadFromAny
	s.Faults = script(t, "at 100ms: add learner, promote 4, remove 4, replace leader, replace leader, replace 1, replace 2, replace 3")
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range p.Arms {
		ctx, cancel := context.WithCancel(t.Context())
		r := &replicate{settings: s, arm: arm, seed: 1}
		served := uint64(0)
		r.progress = func(now workloads.Progress) {
			r.faults.mu.Lock()
			defer r.faults.mu.Unlock()
			if len(r.faults.done) < changes {
				served = now.Succeeded
			} else if now.Succeeded > served+100 { // by the new members
				cancel()
			}
		}
		out, err := r.measure(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		checkChanged(t, arm.Label, out)
	}
}

func checkChanged(t *testing.T, label string, r *reports.Replicate) {
	t.Helper()
	verbs, left := map[string]int{}, map[int]bool{}
	for _, e := range r.Events {
		if e.Fault == nil {
			continue
		}
		verbs[e.Fault.Verb]++
		if e.Kind != reports.EventChange {
			t.Errorf("%s: %s is a %s", label, e.Text, e.Kind)
		}
		if e.Fault.Verb == "replace" {
			left[e.Fault.Node] = true
		}
	}
	if verbs["add"] != 1 || verbs["promote"] != 1 || verbs["remove"] != 1 || !left[1] || !left[2] || !left[3] {
		t.Errorf("%s: done %v, replaced %v: want every node of the three", label, verbs, left)
	}
	if slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.HasPrefix(s, "faults:") }) {
		t.Errorf("%s: INVALID: %q", label, r.Reasons)
	}
	if r.Counters["appends"] == 0 || r.Counters["appends"] > 1<<40 {
		t.Errorf("%s: counters %v", label, r.Counters)
	}
}

// A script that cannot be done to its end makes the replicate INVALID, and says why.
func TestFaultThatCannotBeDone(t *testing.T) {
	names, texts := judged(func(e *evidence) { e.faulted, e.faultErr = true, errors.New("restart 2: address in use") })
	if !slices.Contains(names, "faults") || !strings.Contains(texts, "address in use") {
		t.Errorf("got %q", texts)
	}
}

// A run with faults is judged by what faults do not explain, and by nothing else.
func TestFaultlessChecks(t *testing.T) {
	excused := map[string]bool{}
	for _, c := range Checks() {
		excused[c.Name] = excused[c.Name] || c.Faultless
	}
	for name, want := range map[string]bool{
		"errors": true, "elections": true, "rate": true, "refused": true, "stationarity": true,
		"driver": false, "success": false, "little": false, "lag": false, "build": false, "other-load": false, "faults": false,
	} {
		if excused[name] != want {
			t.Errorf("%s is left out of a run with faults: %v", name, excused[name])
		}
	}
	for _, f := range flaws() {
		names, _ := judged(func(e *evidence) { f.wrong(e); e.faulted = true })
		name := strings.TrimSuffix(f.check, "!")
		if slices.Contains(names, f.check) == excused[name] {
			t.Errorf("%s with faults: complains of %v", f.check, names)
		}
	}
}

func TestErrorSettingsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		`--fault "cut 9" after 1s: there is no node 9: the cluster has 3`:                                   func(s *Settings) { s.Faults = script(t, "at 1s: cut 9") },
		`--fault "every 20ms: replace leader": it adds 100 nodes: with those at the start, want at most 64`: func(s *Settings) { s.Faults = script(t, "every 20ms: replace leader") },
		`--fault "at 50s: cut 1": the window ends after 2s`:                                                 func(s *Settings) { s.Faults = script(t, "at 50s: cut 1") },
		`--fault "at 1s: cut 1": transport inproc has no connections to cut`:                                func(s *Settings) { s.Faults = script(t, "at 1s: cut 1") },
		`--fault "at 1s: kill 1": an echo has no cluster to break`:                                          func(s *Settings) { s.Layer, s.Faults = LayerEcho, script(t, "at 1s: kill 1") },
		`--hedge p95: only reads are hedged, and there are none: want --reads above 0`:                      func(s *Settings) { s.Hedge.Quantile = 0.95 },
		`--hedge 5ms: a read through the log is a write, and writes are never hedged`:                       func(s *Settings) { s.Hedge.After, s.Reads, s.ReadMode = 5*time.Millisecond, 1, ReadLog },
		`--retry.attempts -1: want 1 or more, or 0`:                                                         func(s *Settings) { s.Retry.Attempts = -1 },
		`--timeout.read 48h0m0s, --timeout.write 0s: want more than zero and at most 24h0m0s`:               func(s *Settings) { s.ReadTimeout = 48 * time.Hour },
		`--batch.ops -1: want 1 to 1048576, or 0 for no limit`:                                              func(s *Settings) { s.BatchOps = []int{-1} },
	} {
		s := settings(t, "inproc,rawtcp")
		s.Duration = 2 * time.Second
		change(s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error:\n got %v\nwant %s", err, want)
		}
	}
	s := settings(t, "inproc")
	s.Duration, s.Faults = 2*time.Second, script(t, "at 1s: kill leader, transfer 2")
	if err := s.Validate(); err != nil {
		t.Errorf("what inproc can do: %v", err)
	}
}
