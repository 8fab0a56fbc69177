package page_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// The kinds of plots that can be zoomed.
func zoomable() []string { return []string{"curve", "rate", "time", "ecdf"} }

func pointingReadsValues(browser context.Context, t *testing.T) {
	p := open(browser, t, desk(), reportstest.Run(reportstest.Shapes()[:3], 3))
	for kind, want := range map[string]string{
		"curve": "µs", "rate": "k ops/s", "time": "µs", "ecdf": " %", "stages": "quorum", "costs": "rawtcp",
	} {
		c := plotOf(p, kind)
		x, y := 0.5, 0.5
		if kind == "stages" || kind == "costs" {
			x, y = c.middleOf(want)
		}
		c.mouse(input.DispatchMouseEventTypeMouseMoved, x, y)
		c.holds(c.tip, want)
		if kind != "stages" && kind != "costs" && strings.Count(c.tip(), "\n") < 3 {
			t.Errorf("%s: the tip speaks of fewer than three arms: %q", kind, c.tip())
		}
		p.must(chromedp.Do(p.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1)))
		c.same(c.tip, "")
	}
}

// The value that a tip reads is that of the run.
func tipReadsWhatWasMeasured(browser context.Context, t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:2], 3)
	p := open(browser, t, desk(), run)
	c := plotOf(p, "curve")
	c.focus()
	for range 200 { // to the right end, one point at a time
		if strings.HasPrefix(c.tip(), "99 %") {
			break
		}
		c.press(kb.ArrowRight)
	}
	want := reports.FormatLatency(float64(run.Arms[0].Response().Percentile(0.99).Value))
	if tip := c.tip(); !strings.Contains(tip, "rawtcp") || !strings.Contains(tip, want) {
		t.Errorf("the tip says %q, want %s in it", tip, want)
	}
	if spoken := ask[string](p, `document.getElementById("spoken").textContent`); !strings.Contains(spoken, want) {
		t.Errorf("the keyboard's cursor speaks %q, want %s in it", spoken, want)
	}
}

func draggingZoomsAndResetShowsEverything(browser context.Context, t *testing.T) {
	p := open(browser, t, desk(), reportstest.Run(reportstest.Shapes()[:3], 3))
	for _, kind := range zoomable() {
		c := plotOf(p, kind)
		whole := c.axis()
		c.drag(0.3, 0.6)
		c.changed(c.axis, whole)
		part := c.axis()
		c.drag(0.6, 0.4, chromedp.ButtonModifiers(chromedp.ModifierShift))
		c.changed(c.axis, part)
		c.click("Reset")
		c.same(c.axis, whole)
		c.click("+")
		c.changed(c.axis, whole)
		c.mouse(chromedp.MousePressed, 0.5, 0.5, chromedp.ButtonLeft, chromedp.ClickCount(2))
		c.mouse(input.DispatchMouseEventTypeMouseReleased, 0.5, 0.5, chromedp.ButtonLeft, chromedp.ClickCount(2))
		c.same(c.axis, whole)
	}
}

// Both plots over time show the same stretch, or events could not be followed from
// one to the other.
func plotsOverTimeZoomTogether(browser context.Context, t *testing.T) {
	p := open(browser, t, desk(), reportstest.Run(reportstest.Shapes()[:2], 2))
	rate, latency := plotOf(p, "rate"), plotOf(p, "time")
	whole := latency.axis()
	plotOf(p, "rate").drag(0.3, 0.5)
	latency.changed(latency.axis, whole)
	latency.same(latency.ticks, rate.ticks())
}

func keysReadZoomAndMove(browser context.Context, t *testing.T) {
	p := open(browser, t, desk(), reportstest.Run(reportstest.Shapes()[:3], 3))
	for _, kind := range zoomable() {
		c := plotOf(p, kind)
		whole := c.axis()
		c.focus()
		c.press(kb.ArrowRight)
		first := c.tip()
		c.changed(c.tip, "")
		c.press(kb.ArrowRight)
		c.changed(c.tip, first)
		c.press(kb.Escape)
		c.same(c.tip, "")
		c.press("+")
		c.changed(c.axis, whole)
		part := c.axis()
		c.press(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift))
		c.changed(c.axis, part)
		c.press("0")
		c.same(c.axis, whole)
	}
	for _, kind := range []string{"stages", "costs"} {
		c := plotOf(p, kind)
		c.focus()
		c.press(kb.ArrowDown)
		first := c.tip()
		c.changed(c.tip, "")
		c.press(kb.ArrowDown)
		c.changed(c.tip, first)
	}
}

func fingersReadMoveAndPinch(browser context.Context, t *testing.T) {
	p := open(browser, t, phone(), reportstest.Run(reportstest.Shapes()[:3], 3))
	for _, kind := range zoomable() {
		c := plotOf(p, kind)
		whole := c.axis()
		c.fingers(input.DispatchTouchEventTypeTouchStart, 0.5)
		c.changed(c.tip, "")
		read := c.tip()
		c.fingers(input.DispatchTouchEventTypeTouchMove, 0.8)
		c.changed(c.tip, read)
		c.fingers(input.DispatchTouchEventTypeTouchEnd)
		c.same(c.axis, whole) // reading does not zoom

		c.fingers(input.DispatchTouchEventTypeTouchStart, 0.4, 0.6)
		c.fingers(input.DispatchTouchEventTypeTouchMove, 0.3, 0.7)
		c.fingers(input.DispatchTouchEventTypeTouchMove, 0.2, 0.9)
		c.fingers(input.DispatchTouchEventTypeTouchEnd)
		c.changed(c.axis, whole)
		part := c.axis()
		c.fingers(input.DispatchTouchEventTypeTouchStart, 0.3)
		c.fingers(input.DispatchTouchEventTypeTouchMove, 0.6)
		c.fingers(input.DispatchTouchEventTypeTouchMove, 0.9)
		c.fingers(input.DispatchTouchEventTypeTouchEnd)
		c.changed(c.axis, part)
		c.click("Reset")
		c.same(c.axis, whole)
	}
}

func legendHidesAndShowsArms(browser context.Context, t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:3], 2)
	p := open(browser, t, desk(), run)
	lines := func() string {
		return ask[string](p, `[...document.querySelectorAll("figure[data-kind]")].map((f) => f.dataset.kind + " " + f.querySelectorAll(".chart path.line, .chart .whole, figure[data-kind=costs] rect[fill]").length).join(", ")`)
	}
	all := lines()
	button := func(label string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".legend button")].find((b) => b.textContent === %q)`, label)
	}
	ask[bool](p, button("rawtcp")+".click(), true")
	if pressed := ask[string](p, button("rawtcp")+`.getAttribute("aria-pressed")`); pressed != "false" {
		t.Errorf("aria-pressed is %q", pressed)
	}
	without := lines()
	if without == all {
		t.Fatalf("nothing was hidden: %s", all)
	}
	c := plotOf(p, "curve")
	c.mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0.5)
	c.holds(c.tip, "http")
	if tip := c.tip(); strings.Contains(tip, "rawtcp") {
		t.Errorf("the tip speaks of other arms than are shown: %q", tip)
	}
	ask[bool](p, button("Show all")+".click(), true")
	if again := lines(); again != all {
		t.Errorf("got %s, want %s", again, all)
	}
	for _, label := range []string{"inproc", "rawtcp", "http"} {
		ask[bool](p, button(label)+".click(), true")
	}
	if text := ask[string](p, c.js(".chart")+"[0].textContent"); text != "nothing to draw" {
		t.Errorf("without any arm the plot says %q", text)
	}
}

func choicesDrawSomethingElse(browser context.Context, t *testing.T) {
	p := open(browser, t, desk(), reportstest.Run(reportstest.Shapes()[:3], 2))
	for kind, choices := range map[string][]string{"time": {"p50", "both", "p99"}, "stages": {"share", "time"}} {
		c := plotOf(p, kind)
		drawing := func() string { return ask[string](p, c.js(".chart")+"[0].innerHTML") }
		before := drawing()
		for _, choice := range choices {
			last := drawing()
			c.click(choice)
			c.changed(drawing, last)
		}
		c.same(drawing, before)
	}
}

// Stages that miss the mean response are said to.
func stagesSayThatTheyDoNotAddUp(browser context.Context, t *testing.T) {
	p := open(browser, t, phone(), fullRun())
	gaps := ask[[]string](p, `[...document.querySelectorAll('figure[data-kind="stages"] text.gap')].map((e) => e.textContent)`)
	if diff := cmp.Diff([]string{"stages add up to 86 % of the mean response"}, gaps); diff != "" {
		t.Error(diff)
	}
}

func downloadsAreTheRawData(browser context.Context, t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 2)
	p := open(browser, t, desk(), run)
	folder := t.TempDir()
	events := true
	_, err := chromedp.CallBrowser(p.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, EventsEnabled: &events,
	})
	p.must(err)
	progress := chromedp.BrowserEvents(p.ctx, cdpbrowser.DownloadProgress)
	ask[bool](p, `document.querySelector('a[download="result.json"]').click(), true`)
	for e, err := range progress {
		p.must(err)
		if e.State == cdpbrowser.DownloadProgressStateCompleted {
			break
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "result.json"))
	p.must(err)
	back, err := reports.Decode(data)
	p.must(err)
	var got, want strings.Builder
	p.must(reports.Encode(&got, back))
	p.must(reports.Encode(&want, run))
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Fatal(diff)
	}
}
