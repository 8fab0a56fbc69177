package reports

import (
	"fmt"
	"slices"
)

// Baseline picks what the other arms of one run are compared with: the first
// that is not the zero line, or the first.
func Baseline(r *Run) *Arm {
	var arms []*Arm
	for i := range r.Arms {
		arms = append(arms, &r.Arms[i])
	}
	return baseline(arms)
}

func baseline(arms []*Arm) *Arm {
	for _, a := range arms {
		if !a.InProcess {
			return a
		}
	}
	if len(arms) > 0 {
		return arms[0]
	}
	return nil
}

// CompareArms compares every other arm of one run with base that has the same
// kind of loop, and judges them together by the default criteria.
func CompareArms(r *Run, base *Arm) []Comparison {
	var arms []*Arm
	for i := range r.Arms {
		arms = append(arms, &r.Arms[i])
	}
	list := against(r, base, arms)
	Judge(list, Criteria{})
	return list
}

// CompareLoads compares the arms of each load of a run with the Baseline among them,
// and judges them together by the default criteria. Where all arms carried the same load,
// that is CompareArms with the run's Baseline.
func CompareLoads(r *Run) []Comparison {
	var list []Comparison
	for _, g := range Summarize(r) {
		var arms []*Arm
		for i := range g.Summaries {
			arms = append(arms, g.Summaries[i].Arm)
		}
		list = append(list, against(r, baseline(arms), arms)...)
	}
	Judge(list, Criteria{})
	return list
}

func against(r *Run, base *Arm, arms []*Arm) []Comparison {
	var list []Comparison
	for _, a := range arms {
		if a == base {
			continue
		}
		if c, err := compare(Side{base.Label, r, base}, Side{a.Label, r, a}); err == nil {
			list = append(list, *c)
		}
	}
	return list
}

// CompareRuns compares arms of the later runs with the arms of the same label of
// the first. Where each run has a single arm, they are compared whatever their
// labels. names are the runs' names, one each. The error says that there is
// nothing to compare. Runs are not interleaved with each other, so there is no verdict.
func CompareRuns(runs []*Run, names []string) ([]Comparison, error) {
	var list []Comparison
	single := !slices.ContainsFunc(runs, func(r *Run) bool { return len(r.Arms) != 1 })
	for i, r := range runs[1:] {
		for j := range r.Arms {
			other := &r.Arms[j]
			base := runs[0].FindArm(other.Label)
			if single {
				base = &runs[0].Arms[0]
			}
			if base == nil {
				continue
			}
			c, err := compare(Side{names[0] + " " + base.Label, runs[0], base}, Side{names[i+1] + " " + other.Label, r, other})
			if err != nil {
				return nil, err
			}
			list = append(list, *c)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing to compare: no arm of %s has the label of an arm of the other runs", names[0])
	}
	Judge(list, Criteria{})
	return list, nil
}
