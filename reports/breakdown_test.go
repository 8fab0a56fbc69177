package reports

import (
	"math"
	"testing"
)

func breakdownOf(samples uint64, response float64, stages ...Stage) Replicate {
	return Replicate{Breakdown: &Breakdown{Samples: samples, Response: response, Stages: stages}}
}

// A mean over replicates counts each sampled operation once; a stage that a
// replicate does not have took no time there.
func TestBreakdownWeighsBySamples(t *testing.T) {
	a := Arm{Replicates: []Replicate{
		breakdownOf(100, 10, Stage{"queue", 2, histogramOf(2, 100)}, Stage{"log", 8, histogramOf(8, 100)}),
		breakdownOf(300, 30, Stage{"queue", 6, histogramOf(6, 300)}, Stage{"quorum", 24, histogramOf(24, 300)}),
		{},
	}}
	b := a.Breakdown()
	if b.Samples != 400 || b.Response != 25 || len(b.Stages) != 3 {
		t.Fatalf("%d samples, response %g, %d stages; want 400, 25, 3", b.Samples, b.Response, len(b.Stages))
	}
	for i, want := range []struct {
		name  string
		mean  float64
		count int64
	}{{"queue", 5, 400}, {"log", 2, 100}, {"quorum", 18, 300}} {
		if s := b.Stages[i]; s.Name != want.name || s.Mean != want.mean || s.Histogram.Count() != want.count {
			t.Errorf("stage %d is %s with mean %g of %d, want %v", i, s.Name, s.Mean, s.Histogram.Count(), want)
		}
	}
	if !b.AddsUp() || math.Abs(b.Gap()) > 1e-12 {
		t.Errorf("the gap is %g, want none", b.Gap())
	}
	if (&Arm{Replicates: []Replicate{{}}}).Breakdown() != nil {
		t.Error("a breakdown of nothing")
	}
}

func TestBreakdownThatDoesNotAddUp(t *testing.T) {
	for response, want := range map[float64]bool{100: true, 105: true, 95.3: true, 106: false, 94: false} {
		b := Breakdown{Response: response, Stages: []Stage{{Mean: 60}, {Mean: 40}}}
		if b.AddsUp() != want {
			t.Errorf("stages of 100 against a response of %g: gap %.3f, adds up %v", response, b.Gap(), b.AddsUp())
		}
	}
}

// Samples may miss the mean of all by chance, and not by more; and what was lost of the
// samples themselves is no chance.
func TestBreakdownThatMissesByChance(t *testing.T) {
	for _, c := range []struct {
		response, sampled, err float64
		addsUp, byChance       bool
	}{
		{130, 100, 0, false, false},
		{130, 100, 10, true, true},
		{131, 100, 10, false, false},
		{70, 100, 10, true, true},
		{102, 100, 10, true, false},
		{130, 130, 10, false, false}, // stages of 100 of operations that took 130
		{100, 130, 10, false, false},
	} {
		b := Breakdown{Response: c.response, Sampled: c.sampled, Error: c.err, Stages: []Stage{{Mean: 60}, {Mean: 40}}}
		if b.AddsUp() != c.addsUp || b.ByChance() != c.byChance {
			t.Errorf("%+v: adds up %v, by chance %v", c, b.AddsUp(), b.ByChance())
		}
	}
}

// The error of a mean over replicates is smaller than theirs.
func TestErrorsOfReplicates(t *testing.T) {
	one := Replicate{Breakdown: &Breakdown{Samples: 100, Response: 10, Sampled: 12, Error: 4}}
	b := (&Arm{Replicates: []Replicate{one, one, one, one}}).Breakdown()
	if b.Sampled != 12 || math.Abs(b.Error-2) > 1e-9 {
		t.Errorf("sampled %g with an error of %g, want 12 and 2", b.Sampled, b.Error)
	}
}

func TestSpreadsAreMerged(t *testing.T) {
	a := Arm{Replicates: []Replicate{
		{Distributions: []Distribution{{"batch", "entries", histogramOf(3, 10)}, {"odd", "", nil}}},
		{Distributions: []Distribution{{"queue", "calls", histogramOf(1, 5)}, {"batch", "entries", histogramOf(9, 10)}}},
	}}
	d := a.Spreads()
	if len(d) != 2 || d[0].Name != "batch" || d[0].Histogram.Count() != 20 || d[0].Histogram.Max() != 9 || d[1].Unit != "calls" {
		t.Fatalf("%+v", d)
	}
}
