package page

import "github.com/raftbench/raftbench/reports"

// validityView says whether the measurement may be trusted.
type validityView struct {
	Arms, Invalid int
	Reasons       []string
	More          []string // further reasons, folded away
}

// shownReasons is how many reasons stand on top of the page, the first of each arm
// before any other; the rest is folded away so that the verdict stays in sight.
const shownReasons = 8

func validityOf(groups []reports.Group) validityView {
	var v validityView
	for i := range groups {
		for j := range groups[i].Summaries {
			s := &groups[i].Summaries[j]
			v.Arms++
			if s.Valid {
				continue
			}
			v.Invalid++
			for k, reason := range s.Reasons {
				text := s.Arm.Label + ", " + reason
				if k > 0 || len(v.Reasons) == shownReasons {
					v.More = append(v.More, text)
					continue
				}
				v.Reasons = append(v.Reasons, text)
			}
		}
	}
	if len(v.Reasons)+len(v.More) <= shownReasons {
		v.Reasons, v.More = append(v.Reasons, v.More...), nil
	}
	return v
}
