package page_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// plot is one plot of an open page.
type plot struct {
	*tab
	kind string
}

// plotOf scrolls to a plot, as whoever uses it does.
func plotOf(p *tab, kind string) plot {
	p.t.Helper()
	ask[bool](p, `document.querySelector('figure[data-kind='+%s+'] .chart').scrollIntoView({ block: "center" }), true`, kind)
	return plot{p, kind}
}

// js is an expression for the elements of the plot's figure.
func (p plot) js(selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll('figure[data-kind=%q] %s')]", p.kind, selector)
}

// at is a place in the plot, in shares of its width and height.
func (p plot) at(x, y float64) (float64, float64) {
	p.t.Helper()
	box := ask[[4]float64](p.tab, p.js(".chart")+`.map((e) => e.getBoundingClientRect()).map((r) => [r.left, r.top, r.width, r.height])[0]`)
	return box[0] + x*box[2], box[1] + y*box[3]
}

func (p plot) mouse(kind input.DispatchMouseEventType, x, y float64, options ...chromedp.MouseOption) {
	p.t.Helper()
	px, py := p.at(x, y)
	p.must(chromedp.Do(p.ctx, chromedp.MouseEvent(kind, px, py, options...)))
}

// drag draws with the left button held, in several steps.
func (p plot) drag(from, to float64, options ...chromedp.MouseOption) {
	p.t.Helper()
	options = append(options, chromedp.ButtonLeft)
	p.mouse(chromedp.MousePressed, from, 0.5, append(options, chromedp.ClickCount(1))...)
	for i := 1; i <= 4; i++ {
		p.mouse(input.DispatchMouseEventTypeMouseMoved, from+(to-from)*float64(i)/4, 0.5, options...)
	}
	p.mouse(input.DispatchMouseEventTypeMouseReleased, to, 0.5, append(options, chromedp.ClickCount(1))...)
}

// fingers puts fingers on the plot, or takes all off it.
func (p plot) fingers(kind input.DispatchTouchEventType, xs ...float64) {
	p.t.Helper()
	points := []*input.TouchPoint{}
	for i, x := range xs {
		px, py := p.at(x, 0.5)
		id := float64(i)
		points = append(points, &input.TouchPoint{X: px, Y: py, ID: &id})
	}
	call(p.tab, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
}

// middleOf is the middle of the bar that a word stands on, or before.
func (p plot) middleOf(word string) (x, y float64) {
	p.t.Helper()
	if p.kind == "costs" { // the second row of the first cost
		return 0.05, p.share(".chart .value", 1)
	}
	box := ask[[2]float64](p.tab, p.js("text.on")+`.filter((e) => e.textContent === `+fmt.Sprintf("%q", word)+`).map((e) => {
		const r = e.getBoundingClientRect(), b = e.closest(".chart").getBoundingClientRect();
		return [(r.left + r.width / 2 - b.left) / b.width, (r.top + r.height / 2 - b.top) / b.height];
	})[0]`)
	return box[0], box[1]
}

// share is how far down the plot an element stands.
func (p plot) share(selector string, index int) float64 {
	p.t.Helper()
	return ask[float64](p.tab, p.js(selector)+fmt.Sprintf(`.map((e) => {
		const r = e.getBoundingClientRect(), b = e.closest(".chart").getBoundingClientRect();
		return (r.top + r.height / 2 - b.top) / b.height;
	})[%d]`, index))
}

// axis is the labels of the plot's x axis with their places.
func (p plot) axis() string {
	p.t.Helper()
	return ask[string](p.tab, p.js("text.x")+`.map((e) => e.textContent + " at " + Math.round(e.getAttribute("x"))).join(", ")`)
}

// ticks is the labels of the x axis alone.
func (p plot) ticks() string {
	p.t.Helper()
	return ask[string](p.tab, p.js("text.x")+`.map((e) => e.textContent).join(", ")`)
}

func (p plot) tip() string {
	p.t.Helper()
	return ask[string](p.tab, p.js(".tip")+`.map((e) => e.innerText).join("")`)
}

func (p plot) press(key string, options ...chromedp.KeyOption) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.KeyEvent(key, options...)))
}

func (p plot) focus() {
	p.t.Helper()
	ask[bool](p.tab, p.js(".chart")+`[0].focus({ preventScroll: true }), true`)
}

// click clicks a button of the figure by its text.
func (p plot) click(text string) {
	p.t.Helper()
	ask[bool](p.tab, p.js("button")+`.find((b) => b.textContent === `+fmt.Sprintf("%q", text)+`).click(), true`)
}

// soon waits until what is there suits: the browser hands events on when it draws.
func (p plot) soon(what func() string, want string, suits func(string) bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience / 4)
	for got := what(); !suits(got); got = what() {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: got %q, want %s", p.kind, got, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p plot) changed(what func() string, before string) {
	p.t.Helper()
	p.soon(what, "something else", func(got string) bool { return got != before })
}

func (p plot) same(what func() string, want string) {
	p.t.Helper()
	p.soon(what, fmt.Sprintf("%q", want), func(got string) bool { return got == want })
}

func (p plot) holds(what func() string, want string) {
	p.t.Helper()
	p.soon(what, fmt.Sprintf("%q in it", want), func(got string) bool { return strings.Contains(got, want) })
}
