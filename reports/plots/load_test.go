package plots

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// A line joins what differs in the rate alone.
func TestLoadFamilies(t *testing.T) {
	run := reportstest.Rates(reportstest.Shapes()[1:5], []float64{5e3, 1e3, 2e3}, 1)
	for i := range run.Arms[:3] {
		run.Arms[i].Workload.PayloadBytes = 4096
	}
	run.Arms[11].Workload.Linger = 1e6 // leaves its line, and is alone
	families := loadFamilies(newScene(run).groups)
	if len(families) != 2 || len(families[0].lines) != 1 || len(families[1].lines) != 3 {
		t.Fatalf("%d families, want two: one line with 4 KiB and three with 128 B", len(families))
	}
	line := families[0].lines[0]
	if line.Label != "rawtcp" || len(line.Points) != 3 || line.Points[0].Asked != 1e3 || line.Points[2].Asked != 5e3 {
		t.Errorf("%s with %d points from %g", line.Label, len(line.Points), line.Points[0].Asked)
	}
	if n := len(families[1].lines[2].Points); n != 2 {
		t.Errorf("the line of an arm with another linger has %d points, want 2", n)
	}
	if got, want := families[0].title(), "3 nodes, 1,000 to 5,000 operations/s offered (poisson, open loop), payload 4 KiB, storage mem, loopback"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	closed := loadFamilies(newScene(reportstest.Clients(reportstest.Shapes()[1:3], []int{1, 8}, 1)).groups)
	if got, want := closed[0].title(), "3 nodes, 1 to 8 clients in a closed loop, payload 128 B, storage mem, loopback"; len(closed) != 1 || got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if len(loadFamilies(newScene(reportstest.Run(reportstest.Shapes(), 2)).groups)) != 0 {
		t.Error("arms of one load make a curve of latency against load")
	}
}

func TestStepsAreALine(t *testing.T) {
	families := loadFamilies(newScene(reportstest.Steps(reportstest.Shapes()[2:4], []float64{5e3, 50e3, 100e3}, 2)).groups)
	if len(families) != 1 || len(families[0].lines) != 2 {
		t.Fatalf("%d families", len(families))
	}
	c := curveOf(&families[0].lines[1], 0.99, true, palette.Style{})
	if len(c.points) != 3 || c.points[1].x != 50e3 || c.points[1].doubtful || !c.points[2].doubtful {
		t.Fatalf("points %+v, want the third, beyond 96k, in doubt", c.points)
	}
	if p := c.points[0]; p.low > p.y || p.high < p.y || p.low == p.high {
		t.Fatalf("%+v: want a range over two replicates", p)
	}
}

// Nothing joins a point that is in doubt to another.
func TestDoubtfulPointsAreNotJoined(t *testing.T) {
	line := color.NRGBA{1, 2, 3, 255}
	for name, c := range map[string]struct {
		doubt []bool
		want  int
	}{
		"all sound":     {[]bool{false, false, false, false}, 3},
		"the last":      {[]bool{false, false, false, true}, 2},
		"in the middle": {[]bool{false, true, false, false}, 1},
		"all":           {[]bool{true, true, true, true}, 0},
	} {
		curve := &loadCurve{style: palette.Style{Colour: line, Marker: palette.OfTransports([]string{"grpc"})[0].Marker}}
		for i, d := range c.doubt {
			curve.points = append(curve.points, loadPoint{x: float64(i), y: 5, low: 5, high: 5, doubtful: d})
		}
		axes := newAxes("x", "y")
		axes.Add(curve)
		axes.X.Min, axes.X.Max, axes.Y.Min, axes.Y.Max = -1, 4, 4, 6
		k := inkOf(&figure{panels: []panel{{plot: axes}}})
		joined := 0
		for _, s := range k.strokes {
			if box := boxOf(s.points); s.colour == line && box.Max.X-box.Min.X > 50 {
				joined++
			}
		}
		if joined != c.want {
			t.Errorf("%s: %d points are joined to the next, want %d", name, joined, c.want)
		}
	}
}

func TestLoadAxisIsLogarithmicWhereItIsWide(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		want  bool
	}{{[]float64{1e3, 20e3}, false}, {[]float64{1e2, 20e3}, true}} {
		text := words(inkOf(loadFigure(newScene(reportstest.Rates(reportstest.Shapes()[1:2], c.rates, 1)))))
		if got := strings.Contains(text, "open loop (log scale)"); got != c.want {
			t.Errorf("rates %v: logarithmic %v", c.rates, got)
		}
	}
}

// A share of the ECDF is drawn where Histogram has it.
func TestECDFIsTrue(t *testing.T) {
	h := reportstest.Run(reportstest.Shapes()[1:2], 1).Arms[0].Response()
	points := stepsOf(h, ecdfFine)
	for _, p := range points {
		if p.Y < 100*ecdfFrom || p.Y > 99.9 {
			t.Fatalf("%v is drawn, outside %g to %g", p, ecdfFrom, ecdfTo)
		}
		want := h.AtRank(int64(math.Ceil(p.Y / 100 * float64(h.Count()))))
		if got := math.Pow(10, p.X); math.Abs(got-float64(want)) > 0.003*float64(want) {
			t.Fatalf("%.2f %% lie up to %.0f ns, the histogram says %d", p.Y, got, want)
		}
	}
	if len(points) < 150 || len(points) > 600 {
		t.Errorf("%d points", len(points))
	}
	if len(stepsOf(reports.NewHistogram(nil), ecdfFine)) != 0 {
		t.Error("a line of nothing")
	}
}
