package live

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/raftbench/raftbench/reports"
)

// labelWidth bounds the column of labels, so that the figures stay on the screen.
const labelWidth = 36

// table is what the terminal shows, in at most so many lines.
func (v *View) table(most int) []string {
	width := len("arm")
	for _, r := range v.rows {
		width = max(width, min(utf8.RuneCountInString(r.label), labelWidth))
	}
	remaining := v.at.Remaining
	if v.current != nil {
		remaining -= v.now().Sub(v.told)
	}
	lines := []string{
		fmt.Sprintf("block %d, %d of %d replicates done, about %v left", v.at.Block, v.at.Done, v.at.Total, max(remaining, 0).Round(time.Second)),
		fmt.Sprintf("  %-*s %4s %10s %9s %9s %8s", width, "arm", "done", "ops/s", "p50", "p99", "errors/s"),
	}
	shown := v.window(most - len(lines))
	for _, r := range shown {
		lines = append(lines, v.line(r, width))
	}
	if hidden := len(v.rows) - len(shown); hidden > 0 {
		lines[1] += fmt.Sprintf("   (%d more arms)", hidden)
	}
	return lines
}

// window is the rows that fit, the one that is being measured among them.
func (v *View) window(n int) []*row {
	if n = max(n, 1); len(v.rows) <= n {
		return v.rows
	}
	at := max(slices.Index(v.rows, v.current), 0)
	from := min(max(at-n/2, 0), len(v.rows)-n)
	return v.rows[from : from+n]
}

func (v *View) line(r *row, width int) string {
	mark, errors := " ", "-"
	if r == v.current {
		mark, errors = ">", reports.FormatNumber(r.errors)
	}
	text := fmt.Sprintf("%s %-*s %4d %10s %9s %9s %8s", mark, width, cut(r.label, width), r.replicates,
		orDash(r.latest.throughput), orDash(r.latest.p50), orDash(r.latest.p99), errors)
	if r.invalid > 0 {
		text += fmt.Sprintf("  %d INVALID", r.invalid)
	}
	if r == v.current {
		text += "  " + sparkline(r.rates) + " " + r.phase
	}
	return text
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// sparkline draws values as bars of eight heights, from zero to the largest.
func sparkline(values []float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	if len(values) == 0 {
		return ""
	}
	top := slices.Max(values)
	var b strings.Builder
	for _, v := range values {
		i := 0
		if top > 0 {
			i = int(v / top * float64(len(bars)-1))
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}

// cut shortens a text to a number of characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if n < 2 {
		return ""
	}
	return string([]rune(s)[:n-1]) + "…"
}
