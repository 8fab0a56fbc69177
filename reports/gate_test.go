package reports_test

import (
	"math"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

func TestParseGate(t *testing.T) {
	for text, want := range map[string]struct {
		metric   string
		relative bool
		above    bool
		orEqual  bool
		limit    float64
	}{
		"p99<2ms":                  {"latency_ns_p99", false, false, false, 2e6},
		" p99.9 <= 1.5ms ":         {"latency_ns_p99.9", false, false, true, 1.5e6},
		"P50<300us":                {"latency_ns_p50", false, false, false, 3e5},
		"p95<300µs":                {"latency_ns_p95", false, false, false, 3e5},
		"latency_ns_p99<2ms":       {"latency_ns_p99", false, false, false, 2e6},
		"throughput>100k":          {"throughput_ops_per_s", false, true, false, 1e5},
		"throughput>=1.5M/s":       {"throughput_ops_per_s", false, true, true, 1.5e6},
		"throughput_ops_per_s>500": {"throughput_ops_per_s", false, true, false, 500},
		"errors<0.1%":              {"failure_share", false, false, false, 0.001},
		"errors<=0%":               {"failure_share", false, false, true, 0},
		"cpu/op<20us":              {"cpu_us_per_op", false, false, false, 20},
		"wire/op<2KiB":             {"wire_bytes_per_op", false, false, false, 2048},
		"wire/op<300B":             {"wire_bytes_per_op", false, false, false, 300},
		"allocs/op<1.5":            {"allocs_per_op", false, false, false, 1.5},
		"p99>+5%":                  {"latency_ns_p99", true, true, false, 1.05},
		"p99 > + 5 %":              {"latency_ns_p99", true, true, false, 1.05},
		"throughput<-5%":           {"throughput_ops_per_s", true, false, false, 0.95},
		"allocs/op>+200%":          {"allocs_per_op", true, true, false, 3},
	} {
		g, err := reports.ParseGate(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if g.Metric.Name != want.metric || g.Relative != want.relative || g.Above != want.above || g.OrEqual != want.orEqual || math.Abs(g.Limit-want.limit) > 1e-9 {
			t.Errorf("%q: %s relative %v above %v or equal %v limit %v", text, g.Metric.Name, g.Relative, g.Above, g.OrEqual, g.Limit)
		}
		_, threshold := reports.ParseThreshold(text)
		_, regression := reports.ParseRegression(text)
		if (threshold == nil) == want.relative || (regression == nil) != want.relative {
			t.Errorf("%q: as a threshold %v, as a regression %v", text, threshold, regression)
		}
	}
}

func TestParseGateRefuses(t *testing.T) {
	for _, text := range []string{
		" p99.9 <= 1.5 ms", // no blank within a number
		"",
		"p99",
		"p99=2ms",
		"p99<",
		"p99<2",
		"p99<-2ms",
		"p99<0ms",
		"p99<2potatoes",
		"p0<2ms",
		"p100<2ms",
		"pigeons<2ms",
		"<2ms",
		"throughput>fast",
		"throughput>NaN",
		"throughput>1e99999",
		"throughput>0x10",
		"errors<1",
		"errors<101%",
		"errors>+5%",
		"p99<-5%", // better
		"p99>-5%",
		"throughput>+5%", // better
		"throughput<+5%",
		"throughput<-100%",
		"p99>+0%",
		"p99>+5",
		"p99>5%",
		"p99<2ms; rm -rf /",
		"p99<2ms<3ms",
		"p99>+5%%",
		strings.Repeat("p99", 99) + "<1s",
	} {
		if g, err := reports.ParseGate(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, error %v", text, g, err)
		}
	}
}

// A threshold that nobody can want is a slip of the finger, and would pass for ever.
func TestParseThresholdRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"throughput<100":    "higher is better, so want throughput>100",
		"throughput <= 5k":  "higher is better, so want throughput>5k",
		"p99>2ms":           "lower is better, so want p99<2ms",
		"p99.9 >= 2ms":      "lower is better, so want p99.9<2ms",
		"errors>0.1%":       "lower is better, so want errors<0.1%",
		"CPU/op>20us":       "lower is better, so want CPU/op<20us",
		"goroutines>100":    "lower is better, so want goroutines<100",
		"errors<0%":         "never holds: nothing is below zero, so want errors<=0%",
		"allocs/op<0":       "never holds: nothing is below zero, so want allocs/op<=0",
		"throughput>=0":     "always holds: want a limit above zero",
		"errors<=100%":      "always holds: want a limit below 100%",
		"throughput<-5%":    "compares with a base",
		"latency_ns_p50>1s": "lower is better, so want p50<1s",
	} {
		_, err := reports.ParseThreshold(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseGate(f *testing.F) {
	for _, text := range []string{"p99<2ms", "throughput<-5%", "errors<=0.1%", "cpu/op>=1e3us", "p99>+5%", "wire/op<2KiB", "p\x00<1s"} {
		f.Add(text)
	}
	run := paired(around(6, 0.9, 0.01)...)
	list := reports.CompareArms(run, &run.Arms[0])
	f.Fuzz(func(t *testing.T, text string) {
		g, err := reports.ParseGate(text)
		if err != nil {
			return
		}
		if math.IsNaN(g.Limit) || math.IsInf(g.Limit, 0) || g.Limit < 0 || g.Metric.Value == nil {
			t.Fatalf("%q: %+v", text, g)
		}
		if g.Relative {
			reports.Judge(list, reports.Criteria{Gating: []reports.Metric{g.Metric}})
			g.CheckComparison(&list[0])
		} else {
			g.CheckArm(run, &run.Arms[0])
		}
	})
}

func parse(t *testing.T, text string) reports.Gate {
	t.Helper()
	g, err := reports.ParseGate(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestThresholds(t *testing.T) {
	for name, c := range map[string]struct {
		gate     string
		spoil    func(*reports.Run)
		want     reports.GateVerdict
		observed string
		text     string
	}{
		"holds":               {"throughput>90k", nil, reports.GatePass, "109,000/s", "all of 10 replicates meet it"},
		"does not":            {"throughput>200k", nil, reports.GateFail, "109,000/s", "none of 10 replicates meets it"},
		"some replicates":     {"throughput>108k", nil, reports.GatePass, "109,000/s", "7 of 10 replicates meet it"},
		"of all merged":       {"p99<11us", nil, reports.GatePass, "10.0 µs", ""},
		"not carried":         {"p99.99<1s", nil, reports.GateUndecided, "-", "4,000 samples do not carry it"},
		"not measured":        {"reads/op<1", nil, reports.GateUndecided, "-", "it was not measured"},
		"errors":              {"errors<0.1%", nil, reports.GatePass, "0 %", ""},
		"invalid":             {"p99<1s", func(r *reports.Run) { r.Arms[0].Replicates[0].Valid = false }, reports.GateUndecided, "10.0 µs", "INVALID"},
		"interrupted":         {"p99<1s", func(r *reports.Run) { r.Status = reports.StatusInterrupted }, reports.GateUndecided, "10.0 µs", "interrupted"},
		"censored":            {"p99<1s", refuse, reports.GateUndecided, ">10.0 µs", "refused"},
		"censored and beyond": {"p99<1us", refuse, reports.GateFail, "10.0 µs", ""},
		"too many errors":     {"errors<0.1%", refuse, reports.GateFail, "0.4 %", ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := paired(around(10, 1, 0)...)
			if c.spoil != nil {
				c.spoil(run)
			}
			got := reports.CheckThresholds(run, []reports.Gate{parse(t, c.gate)})
			if len(got) != 2 || got[0].Label != "grpc" || got[1].Label != "http" {
				t.Fatalf("%d results", len(got))
			}
			if r := got[0]; r.Verdict != c.want || r.Observed != c.observed || !strings.Contains(r.Text, c.text) || r.Invalid != (name == "invalid") {
				t.Fatalf("%s, %s: %s; invalid %v", r.Verdict, r.Observed, r.Text, r.Invalid)
			}
		})
	}
}

func refuse(r *reports.Run) { r.Arms[0].Replicates[0].Operations.Refused = 10_000 }

func TestRegressions(t *testing.T) {
	few := func(n int) func(*reports.Run) {
		return func(r *reports.Run) { r.Arms[1].Replicates = r.Arms[1].Replicates[:n] }
	}
	apart := func(r *reports.Run) { r.Plan.Interleaved = false }
	for name, c := range map[string]struct {
		gate    string
		factors []float64
		spoil   func(*reports.Run)
		want    reports.GateVerdict
		text    string
	}{
		"equal":                        {"throughput<-5%", around(10, 1, 0.02), nil, reports.GatePass, "within the limit"},
		"better":                       {"throughput<-5%", around(10, 1.5, 0.02), nil, reports.GatePass, "within the limit"},
		"worse within the limit":       {"throughput<-20%", around(10, 0.9, 0.02), nil, reports.GatePass, "within the limit"},
		"worse":                        {"throughput<-5%", around(10, 0.9, 0.02), nil, reports.GateFail, "p = 0.004"},
		"p99 worse":                    {"p99>+5%", around(10, 0.9, 0.02), nil, reports.GateFail, "p = 0.004"},
		"p99 better":                   {"p99>+5%", around(10, 1.3, 0.02), nil, reports.GatePass, ""},
		"noise":                        {"throughput<-5%", around(10, 1, 0.3), nil, reports.GateUndecided, "reaches beyond"},
		"beyond the limit, uncertain":  {"throughput<-5%", around(10, 0.9, 0.3), nil, reports.GateUndecided, "may be noise"},
		"half, uncertain":              {"throughput<-5%", append(around(9, 0.5, 0.1), 3), nil, reports.GateFail, "is not certain"},
		"half, but p is too large":     {"throughput<-5%", append(around(8, 0.5, 0.1), 1.6, 2.5), nil, reports.GateUndecided, "may be noise"},
		"half, one of two is noise":    {"throughput<-5%", []float64{.3, .3, .4, .5, .5, 3, 2, 3, .4, 2}, nil, reports.GateUndecided, "may be noise"},
		"below the noise floor":        {"throughput<-0.5%", around(10, 0.98, 0.001), nil, reports.GateUndecided, "beyond the limit"},
		"three pairs, a tenth":         {"throughput<-5%", around(10, 0.9, 0.02), few(3), reports.GateUndecided, "3 pairs"},
		"three pairs, half":            {"throughput<-5%", around(10, 0.5, 0.02), few(3), reports.GateFail, "noise hardly explains more than 30 %"},
		"three pairs, not of one mind": {"throughput<-5%", []float64{0.5, 0.4, 1.1}, nil, reports.GateUndecided, "3 pairs"},
		"one pair, half":               {"throughput<-5%", around(10, 0.5, 0.02), few(1), reports.GateFail, "not certain"},
		"one pair, a third":            {"throughput<-5%", around(10, 0.7, 0.02), few(1), reports.GateUndecided, "1 pair"},
		"apart, a fifth":               {"throughput<-5%", around(10, 0.8, 0.02), apart, reports.GateUndecided, "not interleaved"},
		"apart, half":                  {"throughput<-5%", around(10, 0.4, 0.02), apart, reports.GateFail, "not interleaved"},
		"invalid":                      {"throughput<-5%", around(10, 0.4, 0.02), func(r *reports.Run) { r.Arms[1].Replicates[0].Valid = false }, reports.GateUndecided, "INVALID"},
		"other loads":                  {"throughput<-5%", around(10, 0.4, 0.02), func(r *reports.Run) { r.Arms[1].Workload.Nodes = 5 }, reports.GateUndecided, "loads differ"},
		"not carried":                  {"p99.9>+5%", around(10, 0.4, 0.02), nil, reports.GateUndecided, "does not carry"},
	} {
		t.Run(name, func(t *testing.T) {
			run := paired(c.factors...)
			if c.spoil != nil {
				c.spoil(run)
			}
			g := parse(t, c.gate)
			comparison := onlyComparison(t, run, reports.Criteria{Gating: []reports.Metric{reports.Throughput(), reports.Latency(0.99), g.Metric}})
			got := reports.CheckRegressions([]reports.Comparison{*comparison}, []reports.Gate{g})
			if len(got) != 1 || got[0].Verdict != c.want || !strings.Contains(got[0].Text, c.text) || got[0].Label != "http against grpc" || got[0].Invalid != (name == "invalid") {
				t.Fatalf("%+v\nwant %s: %s", got, c.want, c.text)
			}
		})
	}
}

// A calibration that found more noise keeps a gate from failing for less.
func TestRegressionNeverBelowTheNoiseFloor(t *testing.T) {
	g := parse(t, "throughput<-5%")
	worse := paired(around(10, 0.9, 0.02)...)
	if got := g.CheckComparison(onlyComparison(t, calibrated(worse, 0.08), reports.Criteria{})); got.Verdict != reports.GateFail {
		t.Errorf("with a floor of 8 %%: %+v", got)
	}
	if got := g.CheckComparison(onlyComparison(t, calibrated(worse, 0.20), reports.Criteria{})); got.Verdict != reports.GateUndecided {
		t.Errorf("with a floor of 20 %%: %+v", got)
	}
	half := paired(around(10, 0.5, 0.02)[:3]...)
	if got := g.CheckComparison(onlyComparison(t, calibrated(half, 0.05), reports.Criteria{})); got.Verdict != reports.GateFail {
		t.Errorf("3 pairs with a floor of 5 %%: %+v", got)
	}
	if got := g.CheckComparison(onlyComparison(t, calibrated(half, 0.30), reports.Criteria{})); got.Verdict != reports.GateUndecided {
		t.Errorf("3 pairs with a floor of 30 %%: %+v", got)
	}
}
