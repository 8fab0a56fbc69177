package page_test

import (
	"bytes"
	"context"
	_ "embed"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
	"github.com/raftbench/raftbench/reports/reportstest"
)

//go:embed testdata/checks.js
var checks string

// fullRun has something for every part of the page.
func fullRun() *reports.Run {
	run := reportstest.Faulty(reportstest.Shapes(), 3)
	run.Calibration = &reports.Calibration{
		Measured: run.Started.Add(-time.Hour), Machine: run.Machine(), Pairs: 20,
		NoiseFloor:  map[string]float64{reports.Throughput().Name: 0.02, reports.Latency(0.99).Name: 0.08},
		DispatchLag: run.Arms[0].Response(),
	}
	run.Arms[2].Replicates[1].Valid = false
	run.Arms[2].Replicates[1].Reasons = []string{"Little's law misses by 9.3 %"}
	run.Arms[3].Replicates[0].Breakdown.Response *= 1.5
	return run
}

// hugeRun has what people put into labels, and too much of everything.
func hugeRun() *reports.Run {
	const evil = `</script><script>window.broken=1</script><img src=x onerror="window.broken=1">"'` + "`${window.broken=1}"
	shapes := append(reportstest.Shapes(), reportstest.Shapes()...)
	for i := range shapes {
		shapes[i].Label += []string{" " + evil, strings.Repeat("-endless", 30), " \u202e\u05e9\u05dc\u05d5\u05dd \u4f60\u597d e\u0301", " payload=1KiB batch.size=64KiB linger=5ms"}[i%4] + strings.Repeat("i", i)
	}
	run := reportstest.Run(shapes, 2)
	run.Warnings = []string{evil, strings.Repeat("w", 300)}
	run.Argv = append(run.Argv, evil, strings.Repeat("a", 300))
	run.Settings = append(run.Settings, reports.Setting{Name: strings.Repeat("setting", 20), Value: evil, Source: "file"})
	run.Environment.CPUModel = strings.Repeat("CPU", 90)
	run.Arms[4].Options = append(run.Arms[4].Options, reports.Option{Name: evil, Value: strings.Repeat("o", 200)})
	run.Arms[4].Replicates[0].Valid = false
	run.Arms[4].Replicates[0].Reasons = []string{evil, strings.Repeat("r", 300)}
	run.Arms[5].Replicates[0].Events = []reports.Event{{At: time.Second, Kind: evil, Text: strings.Repeat("e", 300)}}
	return run
}

// What a page looks like: nothing cut off, overlapping, faint or without a name,
// on every kind of screen, and not a word from the browser.
func pageLooksRight(browser context.Context, t *testing.T) {
	rates := reportstest.Rates(reportstest.Shapes()[1:4], []float64{1e3, 50e3, 200e3}, 2)
	narrow, tablet := phone(), phone()
	narrow.name, narrow.width = "narrow phone", 360
	tablet.name, tablet.width, tablet.height = "tablet", 820, 1180
	for _, c := range []struct {
		name   string
		run    *reports.Run
		screen screen
	}{
		{"full", fullRun(), desk()},
		{"full", fullRun(), desk().dark()},
		{"full", fullRun(), phone()},
		{"full", fullRun(), phone().dark()},
		{"full", fullRun(), narrow},
		{"full", fullRun(), tablet},
		{"one arm", reportstest.Run(reportstest.Shapes()[1:2], 1), phone()},
		{"twelve arms", reportstest.Run(append(reportstest.Shapes(), labelled(" payload=1KiB")...), 6), phone()},
		{"several loads", rates, desk().dark()},
		{"several loads", rates, phone()},
		{"steps", reportstest.Steps(reportstest.Shapes()[1:4], []float64{1e3, 50e3, 200e3}, 2), phone().dark()},
		{"nothing", reportstest.Run(nil, 0), phone()},
		{"huge", hugeRun(), desk()},
		{"huge", hugeRun(), phone()},
	} {
		t.Run(c.name+" on "+c.screen.name, func(t *testing.T) {
			p := open(browser, t, c.screen, c.run)
			for _, finding := range ask[[]string](p, checks) {
				t.Error(finding)
			}
			if ask[bool](p, `"broken" in window`) {
				t.Error("a label was run as a script")
			}
			// Unfolded, too. Its plots stay as they are.
			ask[bool](p, `document.querySelectorAll("details").forEach((d) => { d.open = true; }), true`)
			for _, finding := range ask[[]string](p, checks) {
				t.Error("unfolded: " + finding)
			}
		})
	}
}

func labelled(more string) []reportstest.Shape {
	shapes := reportstest.Shapes()
	for i := range shapes {
		shapes[i].Label += more
	}
	return shapes
}

// The pixels that reach the screen have the colours of the pictures.
func plotsShowEveryArmInItsColour(browser context.Context, t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:4], 3)
	p := open(browser, t, desk(), run)
	for _, kind := range []string{"curve", "rate", "time", "ecdf", "costs"} {
		shot, err := chromedp.Run(p.ctx, chromedp.Screenshot(chromedp.CSS(`figure[data-kind="`+kind+`"] .chart`)))
		p.must(err)
		picture, err := png.Decode(bytes.NewReader(shot))
		p.must(err)
		for i, style := range palette.Of(run) {
			if n := pixels(picture, style); n < 260 { // their markers alone are fewer
				t.Errorf("%s shows %d pixels in the colour of %s", kind, n, run.Arms[i].Label)
			}
		}
	}
}

func pixels(m image.Image, style palette.Style) int {
	n := 0
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			if uint8(r>>8) == style.Colour.R && uint8(g>>8) == style.Colour.G && uint8(b>>8) == style.Colour.B {
				n++
			}
		}
	}
	return n
}

// Without JavaScript everything is there but the drawing.
func pageWorksWithoutJavaScript(browser context.Context, t *testing.T) {
	s := phone()
	s.noScript = true
	p := open(browser, t, s, fullRun())
	// The browser's own scripts run all the same; those of the page do not.
	if ask[bool](p, `document.documentElement.classList.contains("live")`) {
		t.Fatal("JavaScript is not off")
	}
	text := ask[string](p, `document.querySelectorAll("details").forEach((d) => { d.open = true; }), document.body.innerText`)
	for _, want := range []string{
		"rawtcp has the highest throughput", "INVALID", "Little's law misses", "Plots need JavaScript",
		"Latency by percentile", "95 % interval", "Where the time goes", "NO: -14 %", "batches and queues",
		"warm-up before each window", "node 1 was killed", "noise floor", "duration", "result.json",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	findings := slices.DeleteFunc(ask[[]string](p, checks), func(f string) bool {
		return strings.HasPrefix(f, "undrawn")
	})
	if len(findings) > 0 {
		t.Errorf("%q", findings)
	}
	if n := ask[int](p, `[...document.querySelectorAll(".chart, .tools, .legend")].filter((e) => e.checkVisibility()).length`); n > 0 {
		t.Errorf("%d empty boxes are shown", n)
	}
}
