package plots

import (
	"math"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func labels(ticks []plot.Tick) string {
	var list []string
	for _, t := range ticks {
		if t.Label != "" {
			list = append(list, t.Label)
		}
	}
	return strings.Join(list, "|")
}

func TestTickLabels(t *testing.T) {
	log := func(ns float64) float64 { return math.Log10(ns) }
	for _, c := range []struct {
		name  string
		ticks []plot.Tick
		want  string
	}{
		{"nines", ninesTicks{}.Ticks(0, 4.2), "0 %|50 %|90 %|99 %|99.9 %|99.99 %"},
		{"shallow", ninesTicks{}.Ticks(0, 1), "0 %|50 %|90 %"},
		{"deep", ninesTicks{}.Ticks(0, 7.3), "50 %|90 %|99 %|99.9 %|99.99 %|99.999 %|99.99999 %"},
		{"counts", logTicks{countLabel}.Ticks(2, 5.2), "100|200|500|1k|2k|5k|10k|20k|50k|100k"},
		{"many", linearTicks{countLabel}.Ticks(0, 2.4e6), "0|500k|1M|1.5M|2M"},
		{"latency", latencyTicks().Ticks(log(45e3), log(6e6)), "50 µs|100 µs|200 µs|500 µs|1 ms|2 ms|5 ms"},
		{"long", latencyTicks().Ticks(log(900), log(2e9)), "1 µs|10 µs|100 µs|1 ms|10 ms|100 ms|1 s"},
		{"short", latencyTicks().Ticks(log(110e3), log(190e3)), "120 µs|140 µs|160 µs|180 µs"},
		{"nanoseconds", latencyTicks().Ticks(log(1), log(10)), "1 ns|2 ns|5 ns|10 ns"},
		{"percent", ratioTicks{}.Ticks(math.Log2(0.93), math.Log2(1.11)), "-5 %|-2.5 %|same|+2.5 %|+5 %|+7.5 %|+10 %"},
		{"factors", ratioTicks{}.Ticks(-2.3, 3.1), "1/4|1/2|same|x2|x4|x8"},
		{"far", ratioTicks{}.Ticks(-21, 0.5), "1/2^21|1/2^18|1/2^15|1/4096|1/512|1/64|1/8|same"},
	} {
		if got := labels(c.ticks); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// 400 operations carry p99 and not p99.9; the curve must end there.
func TestCurveIsAsDeepAsTheSampleCarries(t *testing.T) {
	h := hdrhistogram.New(1, 1e9, 3)
	if err := h.RecordValues(1e6, 400); err != nil {
		t.Fatal(err)
	}
	points, _ := carriedPoints(reports.NewHistogram(h))
	if last := points[len(points)-1]; math.Abs(last.X-2) > 1e-6 || math.Abs(last.Y-6) > 0.001 {
		t.Fatalf("the curve ends at %v, want 2 nines and 10^6 ns", last)
	}
	if points, _ := carriedPoints(reports.NewHistogram(nil)); len(points) != 0 {
		t.Fatalf("a curve of nothing: %v", points)
	}
}

func TestAxisOfNinesIsEven(t *testing.T) {
	for i, q := range []float64{0, 0.9, 0.99, 0.999, 0.9999} {
		if math.Abs(nines(q)-float64(i)) > 1e-9 {
			t.Errorf("nines(%g) = %g, want %d", q, nines(q), i)
		}
	}
}

// However deep the sample goes, the labels of the percentile axis keep apart, and the
// nines that people speak of have one.
func TestNinesKeepApart(t *testing.T) {
	for _, operations := range []int64{100_000, 2_000_000, 30_000_000, 4_000_000_000} {
		h := hdrhistogram.New(1, 60e9, 3)
		if err := h.RecordValues(1e6, operations); err != nil {
			t.Fatal(err)
		}
		run := reportstest.Run(reportstest.Shapes()[1:2], 1)
		for i := range run.Arms[0].Replicates[0].Histograms {
			run.Arms[0].Replicates[0].Histograms[i].Histogram = reports.NewHistogram(h)
		}
		k := inkOf(latencyFigure(newScene(run)))
		var labels []word
		for _, w := range k.words {
			if strings.HasSuffix(w.text, "9 %") {
				labels = append(labels, w)
			}
		}
		text := ""
		for i, w := range labels {
			text += w.text + " "
			if i > 0 && w.box.Min.X < labels[i-1].box.Max.X+2 {
				t.Errorf("%d operations: %s is on %s", operations, w.text, labels[i-1].text)
			}
		}
		if operations >= 2_000_000 && !strings.Contains(text, "99.99 %") {
			t.Errorf("%d operations: no label at 99.99 %%: %s", operations, text)
		}
	}
}
