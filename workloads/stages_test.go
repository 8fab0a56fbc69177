package workloads

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStages(t *testing.T) {
	for text, want := range map[string]Stages{
		"10s:1k":                {{10 * time.Second, 1000, 1000}},
		"10s:1k,20s:5k":         {{10 * time.Second, 1000, 1000}, {20 * time.Second, 5000, 5000}},
		"10s:1k..5k":            {{10 * time.Second, 1000, 5000}},
		" 500ms:0..2.5k , 1m:3": {{500 * ms, 0, 2500}, {time.Minute, 3, 3}},
		"1h:1.5M":               {{time.Hour, 1.5e6, 1.5e6}},
		"1s:0.25,1s:0,1s:1.1k":  {{time.Second, 0.25, 0.25}, {time.Second, 0, 0}, {time.Second, 1100, 1100}},
	} {
		got, err := ParseStages(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestStagesAreWrittenShortly(t *testing.T) {
	for _, text := range []string{"10s:1k,20s:5k", "10s:1k..5k", "1h:1500", "1m30s:2M..0", "1m:1100,500ms:0.5", "1h30m:1", "1h0m5s:1"} {
		s, err := ParseStages(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.String(); got != text {
			t.Fatalf("%q is written as %q", text, got)
		}
	}
	if got := Rate(2500).Stages.String(); got != "2500" {
		t.Fatalf("a stage without end is written as %q", got)
	}
}

func TestWrongStagesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   `stage ""`,
		"1k":                                 "DURATION:RATE",
		"10s:1k,":                            `stage ""`,
		"10:1k":                              `duration "10"`,
		"0s:1k":                              "positive time",
		"-1s:1k":                             "positive time",
		"10s:":                               `rate ""`,
		"10s:k":                              `rate "k"`,
		"10s:1K":                             `rate "1K"`,
		"10s:-1":                             `rate "-1"`,
		"10s:1e3":                            `rate "1e3"`,
		"10s:NaN":                            `rate "NaN"`,
		"10s:1k..":                           `rate ""`,
		"10s:1k..2k..3k":                     `rate "2k..3k"`,
		"10s:2000M":                          "stage 1 goes",
		"1s:1,800h:1":                        "stage 2 takes 800h",
		"10s:0":                              "no stage has any operations",
		strings.Repeat("1s:1,", 64) + "1s:1": "want 1 to 64",
	} {
		if got, err := ParseStages(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%q: %v, error %v; want one with %q", text, got, err, want)
		}
	}
}

func FuzzParseStages(f *testing.F) {
	for _, text := range []string{"10s:1k,20s:5k", "10s:1k..5k", "1.5s:.5..1.5M", "1ns:0..1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStages(text)
		if err != nil {
			return
		}
		again, err := ParseStages(s.String())
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, s, err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Fatalf("%q is written as %q (-was +is):\n%s", text, s, diff)
		}
		if d, ends := s.Duration(); !ends || d <= 0 {
			t.Fatalf("%q lasts %v, ends: %v", text, d, ends)
		}
		if _, err := (Schedule{Stages: s}).NewPacer(0, 1); err != nil {
			t.Fatalf("%q is no schedule: %v", text, err)
		}
	})
}

func TestTheLengthAndThePeakOfStages(t *testing.T) {
	s := Stages{{time.Second, 100, 900}, {time.Minute, 300, 300}}
	if d, ends := s.Duration(); d != 61*time.Second || !ends || s.Peak() != 900 {
		t.Fatalf("%v lasts %v, ends: %v, peak %v", s, d, ends, s.Peak())
	}
	if d, ends := Rate(1).Stages.Duration(); d != 0 || ends {
		t.Fatalf("a schedule without end lasts %v", d)
	}
}

func TestDispatchers(t *testing.T) {
	for _, tt := range []struct {
		rate       float64
		cpus, want int
	}{{1000, 8, 1}, {1e6, 8, 1}, {1.1e6, 8, 2}, {9e6, 8, 4}, {9e6, 2, 1}, {9e6, 1, 1}} {
		if got := Rate(tt.rate).Dispatchers(tt.cpus); got != tt.want {
			t.Fatalf("%v operations a second on %d CPUs get %d dispatchers, want %d", tt.rate, tt.cpus, got, tt.want)
		}
	}
}

func TestTheLeadInHasTheRateOfTheBeginning(t *testing.T) {
	for text, want := range map[string]float64{"1s:5..10": 5, "1s:0,1s:7": 7, "1s:0..10,1s:10": 5} {
		s, err := ParseStages(text)
		if err != nil {
			t.Fatal(err)
		}
		if lead := (Schedule{Stages: s}).leadIn(); len(lead.Stages) != 1 || lead.Stages[0] != (Stage{0, want, want}) {
			t.Fatalf("%q is led in by %v, want %v", text, lead.Stages, want)
		}
	}
}

// A curve of latency against load from one run: three loads, and a target that
// becomes slower with each.
func TestStagesHaveRecordsOfTheirOwn(t *testing.T) {
	stages, err := ParseStages("1s:1k,1s:2k,2s:0..1k")
	if err != nil {
		t.Fatal(err)
	}
	slower := func(sent time.Duration) time.Duration { return 50*ms + sent/10 }
	m := runVirtual(t, Config{
		Schedule:       &Schedule{Arrivals: Constant, Stages: stages},
		MaxOutstanding: 200,
	}, slower)
	if m.Window.Duration() != 4*time.Second || len(m.Stages) != 3 {
		t.Fatalf("window of %v with %d stages", m.Window.Duration(), len(m.Stages))
	}
	var all OpRecord
	for i, want := range []struct {
		from, to      time.Duration
		offered, rate float64
	}{{0, time.Second, 1000, 1000}, {time.Second, 2 * time.Second, 2000, 2000}, {2 * time.Second, 4 * time.Second, 1000, 500}} {
		g := &m.Stages[i]
		if g.From != want.from || g.To != want.to || g.Stage != stages[i] || math.Abs(g.Offered-want.offered) > 1e-6 || math.Abs(g.OfferedOpsPerS()-want.rate) > 1e-6 {
			t.Fatalf("stage %d is %v from %v to %v and offers %v (%v/s)", i+1, g.Stage, g.From, g.To, g.Offered, g.OfferedOpsPerS())
		}
		if got := g.Started + g.Refused; math.Abs(float64(got)-want.offered) > 1 {
			t.Fatalf("stage %d: %d started and %d refused of %v offered", i+1, g.Started, g.Refused, want.offered)
		}
		if refuses := i > 0; refuses != (g.Refused > 0) {
			t.Fatalf("stage %d: %d refused", i+1, g.Refused)
		}
		if n := g.Response.TotalCount(); n != int64(g.Succeeded) || n != int64(g.Started) || g.Lag.TotalCount() != n {
			t.Fatalf("stage %d: %d started, %d succeeded, %d response times, %d lags", i+1, g.Started, g.Succeeded, n, g.Lag.TotalCount())
		}
		all.merge(&g.OpRecord)
	}
	total := m.Window.Total()
	if all.Started != total.Started || all.Refused != total.Refused || all.Completed != total.Completed || all.ResponseSum != total.ResponseSum {
		t.Fatalf("the stages have %d started, %d refused, %d completed; the window has %d, %d, %d",
			all.Started, all.Refused, all.Completed, total.Started, total.Refused, total.Completed)
	}
	// 50 ms at the start, 100 ms more each second: what was sent at 0.9 s is done in the second stage.
	first := &m.Stages[0]
	if first.Completed >= first.Succeeded || first.Completed < 800 || first.AchievedOpsPerS() != float64(first.Completed) {
		t.Fatalf("stage 1: %d of %d were done within it", first.Completed, first.Succeeded)
	}
	if p50 := quantile(first.Response, 50); (p50 - 100*ms).Abs() > ms {
		t.Fatalf("stage 1: p50 is %v, want 100 ms", p50)
	}
	if p50 := quantile(m.Stages[2].Response, 50); p50 < 300*ms {
		t.Fatalf("stage 3: p50 is %v, want more than 300 ms", p50)
	}
}

func TestAStageEndsWhereTheNextBegins(t *testing.T) {
	s := newSteps(Stages{{ms, 1, 1}, {ms, 1, 2}, {0, 2, 2}})
	for at, want := range map[time.Duration]int{0: 0, ms - 1: 0, ms: 1, 2*ms - 1: 1, 2 * ms: 2, never - 1: 2} {
		if s.at(at) != &s.records[want] {
			t.Fatalf("%v is not in stage %d", at, want+1)
		}
	}
	if ended := newSteps(Stages{{ms, 1, 1}, {ms, 1, 2}}); ended.at(2*ms) != nil {
		t.Fatalf("there is a stage after the last")
	}
}

func TestOneStageHasNoRecordOfItsOwn(t *testing.T) {
	m := runVirtual(t, Config{Schedule: open(1000, Constant), Duration: 100 * ms}, answerIn(ms))
	if m.Stages != nil {
		t.Fatalf("%d records of stages", len(m.Stages))
	}
}
