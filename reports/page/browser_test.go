package page_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/page"
)

// TestInBrowser opens pages in a real browser and does what readers do. The tests
// share one browser, as starting it takes longer than most of them; each has tabs of
// its own.
func TestInBrowser(t *testing.T) {
	browser := startBrowser(t)
	for _, c := range []struct {
		name string
		test func(context.Context, *testing.T)
	}{
		{"PointingReadsValues", pointingReadsValues},
		{"TipReadsWhatWasMeasured", tipReadsWhatWasMeasured},
		{"DraggingZoomsAndResetShowsEverything", draggingZoomsAndResetShowsEverything},
		{"PlotsOverTimeZoomTogether", plotsOverTimeZoomTogether},
		{"KeysReadZoomAndMove", keysReadZoomAndMove},
		{"FingersReadMoveAndPinch", fingersReadMoveAndPinch},
		{"LegendHidesAndShowsArms", legendHidesAndShowsArms},
		{"ChoicesDrawSomethingElse", choicesDrawSomethingElse},
		{"StagesSayThatTheyDoNotAddUp", stagesSayThatTheyDoNotAddUp},
		{"DownloadsAreTheRawData", downloadsAreTheRawData},
		{"PageLooksRight", pageLooksRight},
		{"PlotsShowEveryArmInItsColour", plotsShowEveryArmInItsColour},
		{"PageWorksWithoutJavaScript", pageWorksWithoutJavaScript},
		{"ClaimsLookRight", claimsLookRight},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(browser, t) })
	}
}

// patience bounds every wait for the browser. Nothing here depends on its speed.
const patience = 2 * time.Minute

// startBrowser starts a Chromium for one test and ends it with the test. It skips
// the test where there is none.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := chromium()
	if path == "" {
		t.Skip("no Chromium here, so nobody opens the page: apt-get install chromium (scripts/test does, as root on Debian)")
	}
	// Chromium writes below this folder only, and its processes bear the name.
	home := t.TempDir()
	t.Setenv("TMPDIR", home)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// Should anything try: there is no network.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
	)
	ctx, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(func() { noneLeft(t, home) })
	t.Cleanup(end) // waits for the process
	ctx, _ = chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// noneLeft fails the test if a process of its browser outlives it.
func noneLeft(t *testing.T, home string) {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && bytes.Contains(line, []byte(home)) {
			t.Errorf("%s is a process of the browser that was not ended: %q", name, bytes.ReplaceAll(line, []byte{0}, []byte(" ")))
		}
	}
}

// screen is what a page is looked at on.
type screen struct {
	name          string
	width, height int64
	scheme        string // "light", "dark"
	touch         bool
	noScript      bool
}

func desk() screen { return screen{name: "desk", width: 1280, height: 800, scheme: "light"} }
func phone() screen {
	return screen{name: "phone", width: 390, height: 844, scheme: "light", touch: true}
}

func (s screen) dark() screen {
	s.name, s.scheme = s.name+" dark", "dark"
	return s
}

// tab is an open page, and what it did that it should not do.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu        sync.Mutex
	complaint []string
}

// open writes a page for the run and opens it from the disk. When the test ends,
// the page must not have complained nor asked for anything.
func open(browser context.Context, t *testing.T, s screen, run *reports.Run) *tab {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, run); err != nil {
		t.Fatal(err)
	}
	return openText(browser, t, s, b.Bytes())
}

// openText is open for a page that is written already.
func openText(browser context.Context, t *testing.T, s screen, text []byte) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser)
	ctx, cancel := context.WithTimeout(ctx, patience)
	p := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		p.quiet()
		cancel()
		closeTab()
	})
	p.must(chromedp.Listen(ctx, func(event any) { p.watch(event, file) }))
	call(p, network.Enable, network.EnableParams{})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}},
	})
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.noScript})
	viewport := []chromedp.EmulateViewportOption{}
	if s.touch {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.must(chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height, viewport...), chromedp.Navigate("file://"+file)))
	if !s.noScript {
		p.until(`document.documentElement.classList.contains("live")`)
	}
	return p
}

// watch notes what a page must not do. It is called by the browser's reader.
func (p *tab) watch(event any, file string) {
	note := func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaint = append(p.complaint, fmt.Sprintf(format, args...))
	}
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; url != "file://"+file && !strings.HasPrefix(url, "data:") {
			note("it asked for %s", url)
		}
	case *network.EventWebSocketCreated:
		note("it opened a socket to %s", e.URL)
	case *runtime.EventConsoleAPICalled:
		note("it wrote to the console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		note("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		note("the browser complains: %s", e.Entry.Text)
	}
}

// quiet fails the test if the page did what it must not.
func (p *tab) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaint {
		p.t.Error(c)
	}
}

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, command, params)
	p.must(err)
}

// until waits for an expression to become true in the page.
func (p *tab) until(expression string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.t.Fatalf("wait for %s: %v", expression, err)
	}
}

// ask returns what an expression is in the page. args are put into it as JSON.
func ask[T any](p *tab, expression string, args ...any) T {
	p.t.Helper()
	for i, arg := range args {
		text, err := json.Marshal(arg)
		p.must(err)
		args[i] = string(text)
	}
	if len(args) > 0 {
		expression = fmt.Sprintf(expression, args...)
	}
	answer, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("ask for %s: %v", expression, err)
	}
	return answer
}
