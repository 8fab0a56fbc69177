package reports

import "time"

// StepSummary is one step of an arm's schedule over all its replicates.
type StepSummary struct {
	Name       string
	At, Length time.Duration

	Offered  float64
	Achieved Spread // operations per second, over replicates

	Sustained bool // by every replicate
	Valid     bool // every replicate is

	Response *Histogram   // merged
	Each     []*Histogram // of the replicates
}

// Steps joins the steps of the replicates, which follow the same schedule. Empty
// where the schedule has no steps.
func (a *Arm) Steps() []StepSummary {
	var list []StepSummary
	var achieved [][]float64
	for i := range a.Replicates {
		r := &a.Replicates[i]
		for j := range r.Steps {
			step := &r.Steps[j]
			if j == len(list) {
				list = append(list, StepSummary{Name: step.Name, At: step.At, Length: step.Length, Offered: step.Offered, Sustained: true, Valid: true})
				achieved = append(achieved, nil)
			}
			list[j].Sustained = list[j].Sustained && step.Sustained
			list[j].Valid = list[j].Valid && r.Valid
			list[j].Each = append(list[j].Each, step.Response())
			achieved[j] = append(achieved[j], step.Achieved)
		}
	}
	for j := range list {
		list[j].Achieved = NewSpread(achieved[j])
		list[j].Response = MergeHistograms(list[j].Each...)
	}
	return list
}
