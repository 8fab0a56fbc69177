package experiment

import (
	"math"

	"github.com/raftbench/raftbench/workloads"
)

// level is how an arm did in one slice.
type level struct {
	operations, opsPerS, p50, p90 float64
}

func levelOf(window *workloads.Phase) level {
	total := window.Total()
	return level{
		operations: float64(total.Completed),
		opsPerS:    window.ThroughputOpsPerS(),
		p50:        float64(quantile(total.Response, 50)),
		p90:        float64(quantile(total.Response, 90)),
	}
}

// alongside is how an arm did in every round of a block, relative to the other arms of
// it (the geometric mean of theirs): what the machine did to all of them cancels, and
// what is left is the arm's own.
type alongside struct {
	operations        []float64 // of the arm itself
	opsPerS, p50, p90 []float64
}

// newAlongside compares one arm with the others, over the rounds that all have.
func newAlongside(all []*sliced, one int) *alongside {
	rounds := len(all[0].levels)
	for _, s := range all {
		rounds = min(rounds, len(s.levels))
	}
	a := new(alongside)
	for i := range rounds {
		var others [3]float64
		for j, s := range all {
			if l := s.levels[i]; j != one {
				others[0] += math.Log(l.opsPerS) / float64(len(all)-1)
				others[1] += math.Log(l.p50) / float64(len(all)-1)
				others[2] += math.Log(l.p90) / float64(len(all)-1)
			}
		}
		a.add(all[one].levels[i], others)
	}
	return a
}

// add adds a round, with the means of the logarithms of what the others did.
func (a *alongside) add(own level, others [3]float64) {
	a.operations = append(a.operations, own.operations)
	a.opsPerS = append(a.opsPerS, own.opsPerS/math.Exp(others[0]))
	a.p50 = append(a.p50, own.p50/math.Exp(others[1]))
	a.p90 = append(a.p90, own.p90/math.Exp(others[2]))
}

// steady reports whether the arm kept its level among the others to a share of it. With
// too few rounds to tell, or where nothing was done in one, it did not.
func (a *alongside) steady(share float64) bool {
	return workloads.Steady(a.opsPerS, a.operations, share) && workloads.Steady(a.p50, nil, share) && workloads.Steady(a.p90, nil, share)
}
