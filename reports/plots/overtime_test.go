package plots

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func bandAt(values ...float64) []reports.BandPoint {
	var band []reports.BandPoint
	for i, v := range values {
		if v > 0 {
			band = append(band, reports.BandPoint{At: time.Duration(i) * time.Second, Median: v, Min: v - 0.5, Max: v + 0.5})
		}
	}
	return band
}

// A line is not drawn through moments without a value, as if there had been one.
func TestMomentsWithoutAValueCutTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   []int
	}{
		"whole":     {[]float64{1, 2, 3}, []int{3}},
		"a gap":     {[]float64{1, 2, 0, 3, 4, 5}, []int{2, 3}},
		"two gaps":  {[]float64{1, 0, 2, 3, 0, 4}, []int{1, 2, 1}},
		"one point": {[]float64{0, 7}, []int{1}},
	} {
		var got []int
		for _, piece := range inPieces(bandAt(c.values...)) {
			got = append(got, len(piece))
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: pieces of %v points, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: pieces of %v points, want %v", name, got, c.want)
			}
		}
	}
}

// Thinning keeps the extremes: a stall of one bucket must not vanish.
func TestThinningKeepsExtremes(t *testing.T) {
	var values []float64
	for i := range 4 * maxPoints {
		values = append(values, 100+float64(i%4))
	}
	band := bandAt(values...)
	band[1501].Min = 0
	band[777].Max = 900
	thinned := thin(band)
	if len(thinned) != maxPoints {
		t.Fatalf("%d points, want %d", len(thinned), maxPoints)
	}
	if thinned[375].Min != 0 || thinned[194].Max != 900 || thinned[10].Median != 102 {
		t.Fatalf("stall %+v, peak %+v, median %+v", thinned[375], thinned[194], thinned[10])
	}
	if len(thin(band[:maxPoints])) != maxPoints {
		t.Error("a line that fits was thinned")
	}
}

// Throughput is drawn from zero, so that a stall looks like one and a difference
// is as high as it is large. A latency has a logarithmic axis.
func TestThroughputAxisBeginsAtZero(t *testing.T) {
	g := newScene(reportstest.Faulty(reportstest.Shapes()[1:2], 3)).groups[0]
	if p := throughputOverTime().panel(g, nil); p == nil || p.plot.Y.Min != 0 {
		t.Error("the axis of throughput does not begin at zero")
	}
	if p := latencyOverTime(0.99, (*reports.Arm).P99Band).panel(g, nil); p == nil || p.plot.Y.Min < 4 || p.plot.Y.Max > 10 {
		t.Errorf("the axis of latency is not one of logarithms of nanoseconds")
	}
}
