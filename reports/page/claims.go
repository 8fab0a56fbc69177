package page

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// claimsView is what the template of a table of claims shows.
type claimsView struct {
	Policy   string
	Style    template.CSS
	Table    *claimtable.Table
	Claims   []claimView
	Duration time.Duration
	Reading  string
	Download download
}

// claimView is a claim with what a page needs besides.
type claimView struct {
	*claimtable.Claim
	Tone    string
	Rows    []claimRow // of the figures
	Doubts  []string
	Summary string // the figure that decided, in a few words
}

// claimRow is a figure with its picture.
type claimRow struct {
	claimtable.Figure
	Tone     string
	Interval *intervalView // nil: it has no line
}

// intervalView is an estimate with its interval beside its line, as percentages of the
// width of a picture: the line is in the middle, and every doubling as wide as the other.
type intervalView struct {
	Low, Width, Value string
	Below             bool // it holds on the left of the line
	Text              string
}

// WriteClaims writes a table of claims as one HTML file that needs nothing else, in the
// style of the page of a run. It has no script.
func WriteClaims(w io.Writer, t *claimtable.Table) error {
	parsed, err := template.New("claims.html.tmpl").ParseFS(assets, "assets/*.tmpl")
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	v, err := newClaimsView(t)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := parsed.Execute(&text, v); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := straight().WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func newClaimsView(t *claimtable.Table) (*claimsView, error) {
	var style strings.Builder
	for _, name := range []string{"assets/page.css", "assets/claims.css"} {
		part, err := assets.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the style: %w", err)
		}
		style.Write(part)
	}
	var raw strings.Builder
	if err := claimtable.Encode(&raw, t); err != nil {
		return nil, fmt.Errorf("put %s into the page: %w", claimtable.FileName, err)
	}
	v := &claimsView{
		Style:  template.CSS(style.String()),
		Policy: fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '%s'", hashOf(style.String())),
		Table:  t, Reading: claimtable.Reading,
		Download: download{
			Name: claimtable.FileName,
			URL:  template.URL("data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(raw.String()))),
			Size: reports.FormatBytes(int64(raw.Len())),
		},
	}
	if !t.Finished.IsZero() {
		v.Duration = t.Finished.Sub(t.Started).Round(time.Second)
	}
	for i := range t.Claims {
		v.Claims = append(v.Claims, newClaimView(&t.Claims[i]))
	}
	return v, nil
}

func newClaimView(c *claimtable.Claim) claimView {
	v := claimView{Claim: c, Tone: claimTone(c.Verdict), Summary: c.Because, Doubts: c.Doubts()}
	if f := c.Decisive(); f != nil {
		v.Summary = f.Short()
	}
	span := spanOf(c.Figures)
	for _, f := range c.Figures {
		v.Rows = append(v.Rows, claimRow{Figure: f, Tone: claimTone(f.Verdict), Interval: intervalOf(f, span)})
	}
	return v
}

// claimTone is the class of a verdict's chip.
func claimTone(v claimtable.Verdict) string {
	switch v {
	case claimtable.Holds:
		return "good"
	case claimtable.DoesNotHold:
		return "bad"
	}
	return "open"
}

// leastSpan is how far a picture reaches on either side of the line, at least: a factor of
// two.
const leastSpan = math.Ln2

// spanOf is how far the pictures of some figures reach, as the logarithm of a factor.
func spanOf(figures []claimtable.Figure) float64 {
	span := leastSpan
	for _, f := range figures {
		for _, v := range []float64{f.Low, f.High} {
			if f.Limit > 0 && v > 0 {
				span = max(span, math.Abs(math.Log(v/f.Limit)))
			}
		}
	}
	return span
}

func intervalOf(f claimtable.Figure, span float64) *intervalView {
	if f.Limit <= 0 || f.N == 0 || f.Low <= 0 {
		return nil
	}
	at := func(v float64) float64 { return 50 + 46*math.Log(v/f.Limit)/span }
	low, high := at(f.Low), at(f.High)
	percent := func(v float64) string { return fmt.Sprintf("%.2f%%", v) }
	return &intervalView{
		Low: percent(low), Width: percent(max(high-low, 0.5)), Value: percent(at(f.Value)),
		Below: strings.HasPrefix(f.Line, "at most"),
		Text:  fmt.Sprintf("%s; holds if %s", f.Measured, f.Line),
	}
}
