// Package page writes a run as one HTML file that needs nothing else: styles,
// script, data and the raw result are within it, and it fetches nothing, which
// its own content security policy enforces. It opens from a disk without a
// network, on a phone or a desk, in light or dark, and prints.
//
// The conclusion stands first, then whether the measurement may be trusted, the
// plots, the numbers, and what they were measured with. Every plot has its values
// as a table beside it, so without JavaScript, or for who cannot see a plot,
// nothing is missing but the drawing.
//
// It works nothing out that another form of the result needs too: that is for
// package reports. It starts no goroutine.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
)

//go:embed assets
var assets embed.FS

// scripts lists the parts of the page's script in the order in which they need
// each other. Together they are one module of JavaScript, which leaves no name
// behind in the page.
func scripts() []string {
	return []string{"svg.js", "text.js", "ticks.js", "tip.js", "view.js", "chart.js", "bars.js", "kinds.js", "page.js"}
}

// view is what the template shows.
type view struct {
	Policy string // content security policy
	Style  template.CSS
	Script template.JS

	Run      *reports.Run
	Title    string
	Headline reports.Headline // of the run: that of its group, if there is one only
	Status   string           // why the run is not whole; empty if it is
	Validity validityView
	Duration time.Duration

	Groups  []groupView
	Load    *loadView // latency against load; nil if the run has one load only
	Sources []settingView
	Machine []factView
	Noise   *calibrationView // nil: not calibrated

	Plots     plotData // as JSON
	Downloads []download
	Left      []string // files that are too large to carry along
}

// Write writes the page.
func Write(w io.Writer, run *reports.Run) error {
	t, err := template.New("page.html.tmpl").ParseFS(assets, "assets/*.tmpl")
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	v, err := newView(run)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := t.Execute(&text, v); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := straight().WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// straight replaces the characters that turn the direction of the text behind them:
// with one in a label, the page could say what the run does not.
func straight() *strings.Replacer {
	var pairs []string
	for _, c := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" {
		pairs = append(pairs, string(c), "\ufffd")
	}
	return strings.NewReplacer(pairs...)
}

func newView(run *reports.Run) (*view, error) {
	v := &view{
		Run:     run,
		Title:   "raftbench, " + run.Started.UTC().Format("2006-01-02 15:04 MST"),
		Status:  run.StatusText(),
		Sources: settingsOf(run),
		Machine: machineOf(run),
		Noise:   calibrationOf(run),
	}
	if !run.Finished.IsZero() {
		v.Duration = run.Finished.Sub(run.Started).Round(time.Second)
	}
	groups := reports.Summarize(run)
	v.Validity = validityOf(groups)
	v.Headline = headlineOf(groups)
	comparisons := reports.CompareLoads(run)
	for i := range groups {
		looks := looksOf(&groups[i])
		plots := newGroupPlots(&groups[i], looks)
		v.Plots.Groups = append(v.Plots.Groups, plots)
		v.Groups = append(v.Groups, newGroupView(i, &groups[i], comparisonsOf(&groups[i], comparisons), looks))
	}
	if len(v.Groups) == 1 {
		v.Groups[0].Alone = true
	}
	if load := latencyAgainstLoad(groups); load != nil {
		v.Load, v.Plots.Load = load.view(), load.plots()
	}
	if err := v.carry(); err != nil {
		return nil, err
	}
	return v, nil
}

// carry puts style, script, policy and the raw data into the view.
func (v *view) carry() error {
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return fmt.Errorf("read the style: %w", err)
	}
	var script strings.Builder
	for _, name := range scripts() {
		part, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return fmt.Errorf("read the script: %w", err)
		}
		script.Write(part)
	}
	v.Style, v.Script = template.CSS(style), template.JS(script.String())
	v.Policy = fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '%s'; script-src '%s'",
		hashOf(string(style)), hashOf(script.String()))
	v.Downloads, v.Left, err = downloads(v.Run)
	return err
}

// hashOf is how a content security policy names what it allows.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// headlineOf is what stands on top of the page.
func headlineOf(groups []reports.Group) reports.Headline {
	switch len(groups) {
	case 0:
		return reports.Headline{Text: "Nothing was measured."}
	case 1:
		return groups[0].Headline()
	}
	arms := 0
	for i := range groups {
		arms += len(groups[i].Summaries)
	}
	return reports.Headline{
		Text: fmt.Sprintf("%d arms under %d loads", arms, len(groups)),
		Note: "Arms are ranked within a load; each load has its own verdict.",
	}
}
