package claims

import "github.com/raftbench/raftbench/reports/claimtable"

// Finding is what came of a claim, or of a part of one.
type Finding struct {
	Verdict claimtable.Verdict
	Figures []claimtable.Figure

	// Decisive is the index of the figure that the verdict rests on.
	Decisive int
}

// allOf holds where all of its parts hold, and does not where one does not.
func allOf(parts ...Finding) Finding {
	return join(parts, claimtable.DoesNotHold, claimtable.CannotBeTold, claimtable.Holds)
}

// anyOf holds where one of its parts holds, and does not where none does.
func anyOf(parts ...Finding) Finding {
	return join(parts, claimtable.Holds, claimtable.CannotBeTold, claimtable.DoesNotHold)
}

// join takes the verdict that comes first in an order, from the first part that has it.
func join(parts []Finding, order ...claimtable.Verdict) Finding {
	var f Finding
	for _, v := range order {
		at := 0
		for _, p := range parts {
			if p.Verdict == v && f.Verdict == "" {
				f.Verdict, f.Decisive = v, at+p.Decisive
			}
			at += len(p.Figures)
		}
	}
	for _, p := range parts {
		f.Figures = append(f.Figures, p.Figures...)
	}
	return f
}

// beside adds figures that the verdict does not rest on.
func (f Finding) beside(others ...Finding) Finding {
	for _, o := range others {
		for _, figure := range o.Figures {
			figure.Counts = false
			f.Figures = append(f.Figures, figure)
		}
	}
	return f
}
