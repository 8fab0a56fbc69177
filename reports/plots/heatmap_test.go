package plots_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/plots"
)

func heatmap(m reports.Metric) plots.Heatmap {
	return plots.Heatmap{
		Name: "throughput", Title: "Throughput over batch.size and linger", Machine: "AMD EPYC, 2 CPUs", Metric: m, Notes: []string{"38 trials"},
		Panels: []plots.HeatPanel{{
			Title: "rawtcp", Columns: "linger", Rows: "batch.size",
			ColumnNames: []string{"0s", "1ms", "5ms"}, RowNames: []string{"1KiB", "16KiB"},
			Cells: [][]plots.HeatCell{
				{{Value: 31e3, Measured: true}, {Value: 99e9, Measured: true, Doubtful: true}, {}},
				{{Value: 52e3, Measured: true, Dotted: true}, {Value: 88e3, Measured: true, Framed: true}, {Value: 45e3, Measured: true}},
			},
		}},
	}
}

// A value that may not be trusted is shown, crossed out, and is neither the best nor the
// worst.
func TestHeatmap(t *testing.T) {
	for _, c := range []struct {
		metric     reports.Metric
		best, cell string
	}{{reports.Throughput(), "88.0k", "88.0k"}, {reports.Latency(0.99), "31.0 µs", "31.0 µs"}} {
		h := heatmap(c.metric)
		p := h.Picture()
		if config, err := png.DecodeConfig(bytes.NewReader(drawn(t, p.WritePNG))); err != nil || config.Width != 1600 {
			t.Errorf("%d wide, %v", config.Width, err)
		}
		svg := string(drawn(t, p.WriteSVG))
		for _, want := range []string{">16KiB<", ">5ms<", ">batch.size<", ">" + c.best + "<", ">" + c.cell + "<", "38 trials", "Dotted frame"} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s: the picture lacks %q", c.metric.Title, want)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: the picture holds a number that is none", c.metric.Title)
		}
	}
}

// A setting that carried nothing is shown, and does not make all others look alike.
func TestZeroIsNotOnTheScale(t *testing.T) {
	h := heatmap(reports.Throughput())
	h.Panels[0].Cells[0][2] = plots.HeatCell{Measured: true}
	p := h.Picture()
	svg := string(drawn(t, p.WriteSVG))
	if !strings.Contains(svg, ">0<") || !strings.Contains(svg, ">31.0k<") || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error("the picture lacks the zero, or has it for the worst of the scale")
	}
	if n := strings.Count(svg, ">31.0k<"); n != 2 { // its cell, and the key of the worst
		t.Errorf("the worst but zero stands there %d times, want 2", n)
	}
}

func TestHeatmapOfNothingValid(t *testing.T) {
	h := heatmap(reports.Throughput())
	for i := range h.Panels[0].Cells {
		for j := range h.Panels[0].Cells[i] {
			h.Panels[0].Cells[i][j].Doubtful = true
		}
	}
	p := h.Picture()
	if svg := string(drawn(t, p.WriteSVG)); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, "the best<") {
		t.Error("there is no best, and no number to show")
	}
}

func TestScaling(t *testing.T) {
	s := plots.Scaling{
		Title: "Throughput over concurrency", Notes: []string{"descriptive"},
		Lines: []plots.ScalingLine{
			{Label: "rawtcp", Note: "sigma 0.1", Transport: "rawtcp", Points: []plots.ScalingPoint{{1, 1000}, {8, 4000}}, Curve: func(n float64) float64 { return 1000 * n / (1 + 0.1*(n-1)) }},
			{Label: "grpc", Transport: "grpc", Points: []plots.ScalingPoint{{1, 700}, {8, 2000}}},
		},
	}
	p := s.Picture()
	svg := string(drawn(t, p.WriteSVG))
	for _, want := range []string{">rawtcp<", ">sigma 0.1<", ">grpc<", ">descriptive<", "operations under way"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	empty := plots.Scaling{Title: "Nothing"}
	none := empty.Picture()
	if svg := string(drawn(t, none.WriteSVG)); !strings.Contains(svg, "nothing was measured") {
		t.Error("an empty picture does not say so")
	}
}
