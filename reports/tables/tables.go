// Package tables writes runs and comparisons as text: for a terminal, in
// Markdown, and as CSV.
//
// It decides nothing: what is best and what is valid comes from package
// reports. It starts no goroutine.
package tables

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table is a table before it gets a form: for a terminal, Markdown, or another.
type Table struct {
	Columns []Column
	Rows    [][]Cell
}

// Column is the heading of a column.
type Column struct {
	Title string
	Unit  string // of all its numbers; empty where each cell has its own
	Left  bool   // text stands left, numbers right
}

// Cell is one value, written out.
type Cell struct {
	Text string
	Best bool // of the ranked values of its column
}

// mark follows the best value of a column, for where there is no colour.
const mark = "*"

// painter adds colour, or does not.
type painter bool

func (p painter) bold(s string) string { return p.paint("1", s) }
func (p painter) good(s string) string { return p.paint("1;32", s) }
func (p painter) bad(s string) string  { return p.paint("1;31", s) }

func (p painter) paint(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// text lays the table out for a terminal.
func (t *Table) text(p painter) string {
	widths := t.widths()
	var b strings.Builder
	line := func(text func(i int) string, style func(i int, s string) string) {
		var l strings.Builder
		for i, c := range t.Columns {
			if i > 0 {
				l.WriteString("  ")
			}
			s := text(i)
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
			word := strings.TrimRight(s, " ") // room for the mark is not painted
			s = style(i, word) + s[len(word):]
			if c.Left {
				l.WriteString(s + pad)
			} else {
				l.WriteString(pad + s)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	plain := func(_ int, s string) string { return s }
	line(func(i int) string { return t.Columns[i].Title + t.markSpace(i) }, func(_ int, s string) string { return p.bold(s) })
	if t.hasUnits() {
		line(func(i int) string { return t.Columns[i].Unit + t.markSpace(i) }, plain)
	}
	for _, row := range t.Rows {
		line(func(i int) string { return t.marked(row, i) }, func(i int, s string) string {
			if row[i].Best {
				return p.good(s)
			}
			return s
		})
	}
	return b.String()
}

// within cuts the table into several, each with the first column, so that none is
// wider than a line. A single column may be.
func (t *Table) within(width int) []Table {
	widths := t.widths()
	var parts []Table
	from := 1
	for from < len(t.Columns) {
		to, taken := from, widths[0]
		for to < len(t.Columns) && (to == from || taken+2+widths[to] <= width) {
			taken += 2 + widths[to]
			to++
		}
		part := Table{Columns: append([]Column{t.Columns[0]}, t.Columns[from:to]...)}
		for _, row := range t.Rows {
			part.Rows = append(part.Rows, append([]Cell{row[0]}, row[from:to]...))
		}
		parts = append(parts, part)
		from = to
	}
	if len(parts) == 0 {
		return []Table{*t}
	}
	return parts
}

// markdown writes the table as a Markdown table.
func (t *Table) markdown() string {
	var b strings.Builder
	write := func(text func(i int) string) {
		for i := range t.Columns {
			b.WriteString("| " + text(i) + " ")
		}
		b.WriteString("|\n")
	}
	write(func(i int) string {
		c := t.Columns[i]
		if c.Unit != "" {
			return escapeMarkdown(c.Title + " (" + c.Unit + ")")
		}
		return escapeMarkdown(c.Title)
	})
	write(func(i int) string {
		if t.Columns[i].Left {
			return ":--"
		}
		return "--:"
	})
	for _, row := range t.Rows {
		write(func(i int) string {
			s := escapeMarkdown(row[i].Text)
			if row[i].Best && s != "" {
				return "**" + s + "**"
			}
			return s
		})
	}
	return b.String()
}

// escapeMarkdown keeps labels from being read as Markdown or HTML.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(
		"\n", " ", "\r", " ", `\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`,
	).Replace(s)
}

// clean keeps what a stored result says from commanding the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// marked is the text of a cell with room for the mark, so that digits line up.
func (t *Table) marked(row []Cell, i int) string {
	if row[i].Best {
		return row[i].Text + mark
	}
	return row[i].Text + t.markSpace(i)
}

func (t *Table) markSpace(i int) string {
	for _, row := range t.Rows {
		if row[i].Best {
			return " "
		}
	}
	return ""
}

func (t *Table) hasBest() bool {
	for i := range t.Columns {
		if t.markSpace(i) != "" {
			return true
		}
	}
	return false
}

func (t *Table) hasUnits() bool {
	for _, c := range t.Columns {
		if c.Unit != "" {
			return true
		}
	}
	return false
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		pad := len(t.markSpace(i))
		widths[i] = max(utf8.RuneCountInString(c.Title), utf8.RuneCountInString(c.Unit)) + pad
		for _, row := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].Text)+pad)
		}
	}
	return widths
}
