package tables

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// GatesText writes what became of gates for a terminal, a line each.
func GatesText(w io.Writer, list []reports.GateResult, colour bool) error {
	p := painter(colour)
	t := Table{Columns: []Column{
		{Title: "gate", Left: true}, {Title: "", Left: true}, {Title: "of", Left: true}, {Title: "measured", Left: true}, {Title: "because", Left: true},
	}}
	for i := range list {
		t.Rows = append(t.Rows, gateRow(&list[i]))
	}
	text := t.text(p)
	for _, v := range []reports.GateVerdict{reports.GateFail, reports.GatePass} {
		word := strings.ToUpper(string(v))
		painted := p.good(word)
		if v == reports.GateFail {
			painted = p.bad(word)
		}
		text = strings.ReplaceAll(text, "  "+word+"  ", "  "+painted+"  ")
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// GatesMarkdown writes what became of gates as a Markdown table.
func GatesMarkdown(w io.Writer, list []reports.GateResult) error {
	t := Table{Columns: []Column{
		{Title: "gate", Left: true}, {Title: "result", Left: true}, {Title: "of", Left: true}, {Title: "measured", Left: true}, {Title: "because", Left: true},
	}}
	for i := range list {
		row := gateRow(&list[i])
		row[1].Best = list[i].Verdict == reports.GateFail // bold
		t.Rows = append(t.Rows, row)
	}
	_, err := fmt.Fprintf(w, "%s\n", t.markdown())
	return err
}

func gateRow(r *reports.GateResult) []Cell {
	return []Cell{
		{Text: clean(r.Gate.Text)}, {Text: strings.ToUpper(string(r.Verdict))},
		{Text: clean(r.Label)}, {Text: clean(r.Observed)}, {Text: clean(r.Text)},
	}
}
