package plots

import (
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func at(ms int, kind, text string) reports.Event {
	return reports.Event{At: time.Duration(ms) * time.Millisecond, Kind: kind, Text: text}
}

// Events of a kind that follow each other closely share a flag, whoever they
// happened to; the window is 3 s, so 60 ms is close.
func TestEventsThatAreCloseShareAFlag(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			run.Arms[i].Replicates[j].Events = nil
		}
	}
	first, second := run.Arms[0].Replicates, run.Arms[1].Replicates
	first[0].Events = []reports.Event{at(1000, "fault", "node 1 was killed"), at(1010, "election", "node 2 leads"), at(2000, "fault", "node 1 is back")}
	first[1].Events = []reports.Event{at(1050, "fault", "node 1 was killed"), at(1500, "election", "node 3 leads")}
	second[1].Events = []reports.Event{at(1100, "fault", "node 1 was killed"), at(1540, "election", "node 2 leads")}

	flags, more := flagsOf(newScene(run).groups[0])
	var got []string
	for _, f := range flags {
		got = append(got, f.letter+" "+f.text)
	}
	want := []string{
		"A 1.00 to 1.10 s, fault: node 1 was killed (all arms)",
		"B 1.01 s, election: node 2 leads (rawtcp, replicate 1)",
		"C 1.50 to 1.54 s, election: node 3 leads, and 1 alike (all arms)",
		"D 2.00 s, fault: node 1 is back (rawtcp, replicate 1)",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || more != 0 {
		t.Fatalf("%d more than:\n%s\nwant:\n%s", more, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !flags[0].fault || flags[1].fault {
		t.Error("a fault and an election look the same")
	}
}

// The letters stand in the order of time and never on each other, however close the
// moments are and however near to an edge.
func TestLettersKeepApart(t *testing.T) {
	k := inkOf(throughputFigure(newScene(manyEvents())))
	var letters []word
	for _, w := range k.words {
		if len(w.text) == 1 && w.text >= "A" && w.text <= "J" {
			letters = append(letters, w)
		}
	}
	if len(letters) != 20 { // above the axes and in the legend
		t.Fatalf("%d letters, want ten twice", len(letters))
	}
	for i := 1; i < 10; i++ {
		if gap := letters[i].box.Min.X - letters[i-1].box.Max.X; gap < 2 {
			t.Errorf("%s is %v from %s", letters[i].text, gap, letters[i-1].text)
		}
	}
}
