package experiment

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// The evidence of a replicate with which nothing is wrong: ten seconds at 1,000
// operations a second, each of which takes a millisecond, on two quiet CPUs.
const (
	evidenceWindow  = 10 * time.Second
	evidenceOps     = 10_000
	evidenceService = time.Millisecond
	evidenceLag     = 50 * time.Microsecond
)

// evenOps is what a window has of operations that all take the same time.
func evenOps(n int, lag, service time.Duration) workloads.OpRecord {
	return workloads.OpRecord{
		Started: uint64(n), Succeeded: uint64(n), Completed: uint64(n),
		Response: constantly(lag+service, n),
		Service:  constantly(service, n),
		Lag:      constantly(lag, n),
	}
}

func constantly(d time.Duration, n int) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, int64(workloads.MaxLatency), 3)
	if err := h.RecordValues(int64(d), int64(n)); err != nil {
		panic(err)
	}
	return h
}

// evenSeries is a series with the same in every bucket.
func evenSeries(ops int, response time.Duration) workloads.Series {
	s := workloads.Series{Width: 100 * time.Millisecond}
	buckets := int(evidenceWindow / s.Width)
	for range buckets {
		var b workloads.Bucket
		b.Completed[workloads.Put] = uint64(ops / buckets)
		b.Response[workloads.Put] = constantly(response, ops/buckets)
		s.Buckets = append(s.Buckets, b)
	}
	return s
}

func healthy(loop workloads.Loop) *evidence {
	lag := evidenceLag
	if loop == workloads.Closed {
		lag = 0
	}
	m := &workloads.Measurement{
		Loop:      loop,
		WarmupEnd: workloads.WarmupStationary,
		Series:    evenSeries(evidenceOps, lag+evidenceService),

		MaxOutstanding: 100, MaxOutstandingBytes: 1 << 10,
	}
	m.Window.To = evidenceWindow
	m.Window.Ops[workloads.Put] = evenOps(evidenceOps, lag, evidenceService)
	if loop == workloads.Open {
		m.OfferedOpsPerS = evidenceOps / evidenceWindow.Seconds()
	} else {
		m.Window.Ops[workloads.Put].Service, m.Window.Ops[workloads.Put].Lag = nil, nil
	}
	underWay(&m.Window, evidenceOps, evidenceService)
	return &evidence{
		measured: m,
		around: &surroundings{
			length:     evidenceWindow,
			capacity:   2 * evidenceWindow,
			usable:     2,
			own:        evidenceWindow,
			clockFrom:  "tsc",
			clockTo:    "tsc",
			scheduling: 50 * time.Microsecond,
		},
	}
}

// underWay is what Little's law needs of n operations that lie in the window.
func underWay(p *workloads.Phase, n int, service time.Duration) {
	sum := time.Duration(n) * service
	p.Sojourn = workloads.Sojourn{Inside: sum, Recorded: sum}
	p.InFlightMean = sum.Seconds() / evidenceWindow.Seconds()
}

// put is the record that a case changes.
func (e *evidence) put() *workloads.OpRecord { return &e.measured.Window.Ops[workloads.Put] }

// builtWith is a program with one setting of go build.
func builtWith(key, value string) build {
	return build{info: debug.BuildInfo{Settings: []debug.BuildSetting{{Key: key, Value: value}}}}
}

// flaw is one thing that is wrong, and who must say so. Quiet is the same thing
// as far as it is accepted.
type flaw struct {
	check string // its name; with a "!" at the end, a warning
	says  string // part of the reason
	wrong func(*evidence)
	quiet func(*evidence)
}

func flaws() []flaw { return slices.Concat(driverFlaws(), stimulusFlaws(), machineFlaws()) }

// slow makes all operations late and slow, with Little's law intact.
func (e *evidence) slow(lag, service time.Duration) {
	*e.put() = evenOps(evidenceOps, lag, service)
	underWay(&e.measured.Window, evidenceOps, service)
}

// few leaves n operations, and a schedule of so many.
func (e *evidence) few(n int) {
	e.measured.Window.Ops[workloads.Put] = evenOps(n, evidenceLag, evidenceService)
	underWay(&e.measured.Window, n, evidenceService)
	e.measured.OfferedOpsPerS = float64(n) / evidenceWindow.Seconds()
}

// stage is ten seconds at a rate of which a share was achieved.
func stage(rate, achieved float64) workloads.StageRecord {
	s := workloads.StageRecord{Stage: workloads.Stage{Duration: 10 * time.Second, From: rate, To: rate}, To: 10 * time.Second, Offered: 10 * rate}
	s.Started, s.Completed = uint64(10*rate), uint64(10*rate*achieved)
	s.Succeeded = s.Started
	return s
}

// fading is a series whose throughput falls steadily by a share of itself.
func fading(share float64) workloads.Series {
	s := evenSeries(evidenceOps, evidenceService)
	for i := range s.Buckets {
		c := &s.Buckets[i].Completed[workloads.Put]
		*c -= uint64(share * float64(i) / float64(len(s.Buckets)) * float64(*c))
	}
	return s
}

// stages is a breakdown that explains a share of a millisecond.
func stages(share float64) *reports.Breakdown {
	return &reports.Breakdown{Samples: 100, Response: 1e6, Stages: []reports.Stage{{Name: "request", Mean: share * 0.5e6}, {Name: "reply", Mean: share * 0.5e6}}}
}

// judged are the names of the checks that complain about what a case does to
// healthy evidence; those that warn with a "!".
func judged(change func(*evidence)) (names []string, texts string) {
	e := healthy(workloads.Open)
	change(e)
	e.window = e.measured.Window.Total()
	reasons, warnings := judge(e)
	for _, r := range reasons {
		name, _, _ := strings.Cut(r, ": ")
		names = append(names, name)
	}
	for _, w := range warnings {
		name, _, _ := strings.Cut(w, ": ")
		names = append(names, name+"!")
	}
	return names, strings.Join(append(reasons, warnings...), "\n")
}

func TestHealthyEvidenceIsValid(t *testing.T) {
	for _, loop := range []workloads.Loop{workloads.Open, workloads.Closed} {
		names, texts := judged(func(e *evidence) { *e = *healthy(loop) })
		if len(names) > 0 {
			t.Errorf("%v loop: %s", loop, texts)
		}
	}
	// Where nothing is known of the machine, nothing is said of it.
	if names, texts := judged(func(e *evidence) { e.around = nil }); len(names) > 0 {
		t.Error(texts)
	}
}

// Every check says what is wrong, and nothing about what is accepted.
func TestChecks(t *testing.T) {
	for i, f := range flaws() {
		t.Run(fmt.Sprintf("%d %s", i, f.check), func(t *testing.T) {
			names, texts := judged(f.wrong)
			if len(names) != 1 || names[0] != f.check || !strings.Contains(texts, f.says) {
				t.Errorf("got %q, want %s with %q", texts, f.check, f.says)
			}
			if strings.Contains(texts, "\n") {
				t.Errorf("the reason has more than one line: %q", texts)
			}
			if names, texts := judged(f.quiet); slices.Contains(names, f.check) {
				t.Errorf("what is accepted: %q", texts)
			}
		})
	}
}

// A check that nothing triggers keeps nothing.
func TestEveryCheckHasAFlaw(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range flaws() {
		seen[f.check] = true
	}
	for _, c := range Checks() {
		name := c.Name
		if c.Warns {
			name += "!"
		}
		if !seen[name] || c.Why == "" || strings.ContainsAny(c.Name, " :!") {
			t.Errorf("%s: has a flaw: %v, its reason: %q", name, seen[name], c.Why)
		}
		delete(seen, name)
	}
	if len(seen) > 0 {
		t.Errorf("flaws of checks that there are not: %v", seen)
	}
}
