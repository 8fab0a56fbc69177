package reports

import "math"

// MaxStageGap is by what share the stages' means may miss the mean response time
// before a breakdown is said not to add up.
const MaxStageGap = 0.05

// Gap is by what share the sum of the stages misses the mean response time:
// -0.1 means that a tenth of the time is in no stage. It is zero where there is
// no response time to miss.
func (b *Breakdown) Gap() float64 {
	if b.Response <= 0 {
		return 0
	}
	return b.Sum()/b.Response - 1
}

// maxErrors is by how many standard errors a mean of samples may miss that of all
// operations: by chance, more than that comes once in 370 times.
const maxErrors = 3

// AddsUp says that the sum of the stages is close enough to the mean response
// time (MaxStageGap) for the shares to mean something.
//
// It may miss it for two reasons. A stage that was lost is missing from the response of the
// very operations that were sampled, and no chance explains that. And these may not have been
// like all others: where a cluster fails for a second, a handful of operations in ten thousand
// make a third of the mean, and whether one in 17 of them is one more or less is chance. Only
// more than that is a doubt.
func (b *Breakdown) AddsUp() bool {
	if b.Sampled > 0 && math.Abs(b.Sum()-b.Sampled) > MaxStageGap*b.Sampled {
		return false
	}
	return b.Response <= 0 || math.Abs(b.Sum()-b.Response) <= max(MaxStageGap*b.Response, maxErrors*b.Error)
}

// ByChance says that the stages add up and miss the mean response time by more than
// MaxStageGap all the same, as few samples of very different operations may.
func (b *Breakdown) ByChance() bool { return b.AddsUp() && math.Abs(b.Gap()) > MaxStageGap }

// Breakdown joins those of the arm's replicates: means are weighted by the number
// of samples and histograms are merged. Stages stand in the order of their first
// appearance. Nil where nothing was sampled.
func (a *Arm) Breakdown() *Breakdown {
	sum := &Breakdown{}
	at := map[string]int{}
	for i := range a.Replicates {
		b := a.Replicates[i].Breakdown
		if b == nil || b.Samples == 0 {
			continue
		}
		weight := float64(b.Samples)
		sum.Samples += b.Samples
		sum.Response += b.Response * weight
		sum.Sampled += b.Sampled * weight
		sum.Error = math.Hypot(sum.Error, b.Error*weight)
		for _, s := range b.Stages {
			j, ok := at[s.Name]
			if !ok {
				j = len(sum.Stages)
				at[s.Name] = j
				sum.Stages = append(sum.Stages, Stage{Name: s.Name, Histogram: MergeHistograms()})
			}
			sum.Stages[j].Mean += s.Mean * weight
			if s.Histogram != nil {
				sum.Stages[j].Histogram = MergeHistograms(sum.Stages[j].Histogram, s.Histogram)
			}
		}
	}
	if sum.Samples == 0 {
		return nil
	}
	sum.Response /= float64(sum.Samples)
	sum.Sampled /= float64(sum.Samples)
	sum.Error /= float64(sum.Samples)
	for i := range sum.Stages {
		sum.Stages[i].Mean /= float64(sum.Samples)
	}
	return sum
}

// Spreads merges the arm's distributions of what is not a latency, such as batch
// sizes, over its replicates, in order of first appearance.
func (a *Arm) Spreads() []Distribution {
	var merged []Distribution
	at := map[string]int{}
	for i := range a.Replicates {
		for _, d := range a.Replicates[i].Distributions {
			if d.Histogram == nil {
				continue
			}
			j, ok := at[d.Name]
			if !ok {
				j = len(merged)
				at[d.Name] = j
				merged = append(merged, Distribution{d.Name, d.Unit, MergeHistograms()})
			}
			merged[j].Histogram = MergeHistograms(merged[j].Histogram, d.Histogram)
		}
	}
	return merged
}
