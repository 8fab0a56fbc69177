// Package page writes a run as one HTML file that needs nothing else: styles,
// script, data and the raw result are within it, and it fetches nothing, which
// its own content security policy enforces. It opens from a disk without a
// network, on a phone or a desk, in light or dark.
//
// The conclusion stands first, then the plots, the numbers, and what they were
// measured with. Without JavaScript everything is there but the plots. It
// starts no goroutine.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

//go:embed assets/page.html.tmpl
var pageTemplate string

//go:embed assets/page.css
var pageStyle string

//go:embed assets/chart.js
var chartScript string

//go:embed assets/page.js
var pageScript string

// view is what the template shows.
type view struct {
	Policy    string // content security policy
	Style     template.CSS
	Script    template.JS
	Title     string
	Run       *reports.Run
	Status    string // why the run is not whole; empty if it is
	Invalid   int    // arms
	Groups    []groupView
	Compare   []compareView
	Plots     []groupPlots // as JSON
	Downloads []download
	Duration  time.Duration
}

// groupView is the arms of one load.
type groupView struct {
	Index    int
	Load     string
	Headline reports.Headline
	Table    tables.Table
	Notes    []tables.Note
	Arms     []armView
}

// armView is what is shown of one arm beside its numbers.
type armView struct {
	Label      string
	Swatch     swatch
	Options    string
	Replicates []replicateView
}

type replicateView struct {
	Index, Block, Position                                  int
	Throughput, P50, P99, CPU, Wire, Operations, Validities string
}

type compareView struct {
	Title    string
	Table    tables.Table
	Warnings []string
}

// download is a file within the page.
type download struct {
	Name string
	URL  template.URL
	Size string
}

// Write writes the page.
func Write(w io.Writer, run *reports.Run) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	v, err := newView(run)
	if err != nil {
		return err
	}
	if err := t.Execute(w, v); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func newView(run *reports.Run) (*view, error) {
	script := chartScript + pageScript
	v := &view{
		Policy: fmt.Sprintf("default-src 'none'; img-src data:; style-src '%s'; script-src '%s'", hashOf(pageStyle), hashOf(script)),
		Style:  template.CSS(pageStyle),
		Script: template.JS(script),
		Title:  "raftbench, " + run.Started.UTC().Format("2006-01-02 15:04 MST"),
		Run:    run,
		Plots:  []groupPlots{},
		Status: run.StatusText(),
	}
	if !run.Finished.IsZero() {
		v.Duration = run.Finished.Sub(run.Started).Round(time.Second)
	}
	looks := looksOf(run)
	for i, g := range reports.Summarize(run) {
		v.Groups = append(v.Groups, newGroupView(i, &g, looks))
		v.Plots = append(v.Plots, newGroupPlots(&g, looks))
		for j := range g.Summaries {
			if !g.Summaries[j].Valid {
				v.Invalid++
			}
		}
	}
	if base := reports.Baseline(run); base != nil {
		for _, c := range reports.CompareArms(run, base) {
			v.Compare = append(v.Compare, compareView{
				Title: c.Other.Label + " compared with " + c.Base.Label, Table: tables.CompareTable(&c), Warnings: c.Warnings,
			})
		}
	}
	var err error
	v.Downloads, err = downloads(run)
	return v, err
}

// hashOf is how a content security policy names what it allows.
func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func newGroupView(index int, g *reports.Group, looks map[*reports.Arm]look) groupView {
	v := groupView{
		Index: index, Load: g.Load.String(), Headline: g.Headline(), Table: tables.SummaryTable(g), Notes: tables.Notes(g),
	}
	for i := range g.Summaries {
		a := g.Summaries[i].Arm
		av := armView{Label: a.Label, Swatch: looks[a].swatch}
		for _, o := range a.Options {
			av.Options += o.Name + "=" + o.Value + " "
		}
		for j := range a.Replicates {
			av.Replicates = append(av.Replicates, newReplicateView(&a.Replicates[j]))
		}
		v.Arms = append(v.Arms, av)
	}
	return v
}

func newReplicateView(r *reports.Replicate) replicateView {
	text := func(m reports.Metric) string {
		if v, ok := m.Value(r); ok {
			return m.Format(v)
		}
		return "-"
	}
	v := replicateView{
		Index: r.Index, Block: r.Block, Position: r.Position,
		Throughput: text(reports.Throughput()), P50: text(reports.Latency(0.5)), P99: text(reports.Latency(0.99)),
		CPU: text(reports.CPUPerOp()), Wire: text(reports.WireBytesPerOp()),
		Operations: reports.FormatCount(float64(r.Operations.Succeeded)), Validities: "valid",
	}
	if !r.Valid {
		v.Validities = "INVALID: " + strings.Join(r.Reasons, "; ")
	}
	return v
}

// downloads puts the raw result and the tables into the page.
func downloads(run *reports.Run) ([]download, error) {
	var list []download
	for _, f := range []struct {
		name, mime string
		write      func(io.Writer, *reports.Run) error
	}{
		{reports.FileName, "application/json", reports.Encode},
		{"summary.csv", "text/csv", tables.SummaryCSV},
		{"latency.csv", "text/csv", tables.LatencyCSV},
		{"timeseries.csv", "text/csv", tables.TimeseriesCSV},
		{"replicates.csv", "text/csv", tables.ReplicatesCSV},
	} {
		var b strings.Builder
		if err := f.write(&b, run); err != nil {
			return nil, fmt.Errorf("put %s into the page: %w", f.name, err)
		}
		url := "data:" + f.mime + ";base64," + base64.StdEncoding.EncodeToString([]byte(b.String()))
		list = append(list, download{f.name, template.URL(url), reports.FormatBytes(int64(b.Len()))})
	}
	return list, nil
}
