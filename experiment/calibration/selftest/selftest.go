// Package selftest checks the statistics of raftbench against a truth that is known,
// because it is made up: replicates with noise of a known kind, of which it is known
// whether the arms differ, and latencies from a known distribution. Everything in
// between is what a real result goes through: the recorder, the histograms, the pairs,
// the noise floor, the verdict.
//
// It measures nothing and starts no goroutine. The same seed gives the same figures.
package selftest

import (
	"github.com/raftbench/raftbench/experiment/calibration"
	"github.com/raftbench/raftbench/reports"
)

// What is promised of noise that is Promised, and of false verdicts whatever the noise.
const (
	MaxFalse = 0.05 // share of comparisons of equal arms that end better or worse
	MinFound = 0.90 // share of comparisons with Slowdown that end worse

	Slowdown = 0.05 // injected: so much more time for every operation
)

// The sizes of a self-test.
const (
	Equal            = 200  // comparisons of equal arms with a calibration
	Uncalibrated     = 1000 // comparisons of equal arms without
	Injected         = 100  // comparisons with an injected slowdown
	Pairs            = reports.PairsAdvised
	calibrationPairs = 12 // as raftbench calibrate measures
)

// Figures are what came out for one kind of noise.
type Figures struct {
	Noise Noise

	Floor float64 // of the throughput, as a calibration of this noise found it

	False             int // of Equal
	FalseUncalibrated int // of Uncalibrated
	Found             int // of Injected, with a calibration
}

// Judge simulates a calibration and then the comparisons. The figures depend on the seed
// alone.
func Judge(n Noise, seed uint64) (Figures, error) {
	m := newMachine(n, seed)
	f := Figures{Noise: n}
	known, err := m.calibrate()
	if err != nil {
		return f, err
	}
	f.Floor = known.NoiseFloor[reports.Throughput().Name]
	count := func(trials int, slowdown float64, known *reports.Calibration, verdicts ...reports.Verdict) int {
		hits := 0
		for range trials {
			run := m.run(Pairs, slowdown)
			run.Calibration = known
			got := reports.CompareArms(run, &run.Arms[0])[0]
			for _, v := range verdicts {
				if says(&got, v) {
					hits++
					break
				}
			}
		}
		return hits
	}
	f.False = count(Equal, 0, known, reports.Better, reports.Worse)
	f.FalseUncalibrated = count(Uncalibrated, 0, nil, reports.Better, reports.Worse)
	f.Found = count(Injected, Slowdown, known, reports.Worse)
	return f, nil
}

// says tells whether any of the gating metrics got the verdict.
func says(c *reports.Comparison, v reports.Verdict) bool {
	for i := range c.Differences {
		if c.Differences[i].Verdict == v {
			return true
		}
	}
	return false
}

// calibrate does what raftbench calibrate does.
func (m *machine) calibrate() (*reports.Calibration, error) {
	run := m.run(calibrationPairs, 0)
	floors, pairs, err := calibration.Floors(run, false)
	if err != nil {
		return nil, err
	}
	return calibration.New(run, floors, pairs, nil), nil
}
