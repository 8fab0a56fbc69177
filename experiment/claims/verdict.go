package claims

import (
	"fmt"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// Measured is the row of a claim that was measured, with the verdict that the results
// carry. It depends on nothing else.
func (n Numbered) Measured(run *reports.Run) claimtable.Claim {
	f := n.Judge(NewEvidence(run))
	row := n.row()
	row.Verdict, row.Figures = f.Verdict, f.Figures
	row.Measured, row.Results = run.Windows(), n.Folder()
	row.Because = because(f)
	return row
}

// Unmeasured is the row of a claim of which there are no results, and why.
func (n Numbered) Unmeasured(why string) claimtable.Claim {
	row := n.row()
	row.Verdict, row.Because, row.Figures = claimtable.CannotBeTold, why, []claimtable.Figure{}
	return row
}

func (n Numbered) row() claimtable.Claim {
	return claimtable.Claim{
		Number: n.Number, ID: n.ID, Sentence: n.Sentence, Sources: n.Sources,
		Setup: n.Setup, Rule: n.Rule, Mechanism: n.Mechanism,
	}
}

// because writes the figure that decided.
func because(f Finding) string {
	d := &f.Figures[f.Decisive]
	if f.Verdict == claimtable.CannotBeTold && d.N == 0 {
		return d.Why
	}
	text := d.Title + " of " + d.Arm
	if d.Against != "" {
		text += " against " + d.Against
	}
	text += fmt.Sprintf(": %s; holds if %s", d.Measured, d.Line)
	if d.Why != "" {
		text += "; " + d.Why
	}
	return text
}
