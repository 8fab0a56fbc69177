package experiment

import (
	"math"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// A client has one operation in sampleEvery sampled. It is a prime: slabs and arenas
// fill up every so many operations, mostly a power of two, and a power of two would
// meet always or never the batch that has to wait for a new one (measured with 64:
// what was sampled took four times the mean).
const sampleEvery = 17

// sampleAll is up to which rate of an open loop every operation is sampled.
const sampleAll = 10_000

// sampling is every how many operations of the arm are sampled.
func (a *Arm) sampling() int {
	if a.Rate > 0 && a.Rate <= sampleAll {
		return 1
	}
	return sampleEvery
}

// breakdown is where the time of sampled operations went; nil if there are none.
// The driver's own parts are stages too: without them the sum would not be the
// response time.
func breakdown(total *workloads.OpRecord, loop workloads.Loop) *reports.Breakdown {
	b := total.Breakdown
	if b == nil || b.Samples == 0 {
		return nil
	}
	out := &reports.Breakdown{
		Samples: b.Samples, Response: total.MeanResponse(), Sampled: float64(b.Response) / float64(b.Samples), Error: standardError(total),
	}
	for i, h := range b.Histograms {
		part := workloads.Part(i)
		if part == workloads.PartDispatch && loop == workloads.Closed {
			continue // a closed loop intends to send when it sends
		}
		out.Stages = append(out.Stages, reports.Stage{
			Name:      part.String(),
			Mean:      float64(b.Sums[i]) / float64(b.Samples),
			Histogram: reports.NewHistogram(h),
		})
	}
	return out
}

// standardError is that of the mean response of the operations that were sampled, as an
// estimate of the mean of all: none where all were.
func standardError(total *workloads.OpRecord) float64 {
	if total.Response == nil || total.Succeeded == 0 {
		return 0
	}
	samples, all := float64(total.Breakdown.Samples), float64(total.Succeeded)
	return total.Response.StdDev() / math.Sqrt(samples) * math.Sqrt(max(0, 1-samples/all))
}
