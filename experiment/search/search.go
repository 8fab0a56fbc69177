// Package search looks for settings that meet a goal (Tune) and for the highest rate
// that a setting sustains (Capacity). It decides what is measured next, from a seed and
// from what was measured so far, and what may be said of it afterwards.
//
// It is pure: what is measured and how is a Measurer's business, so that the same code
// is tested against invented surfaces in no time. Cluster is the Measurer that runs
// experiments, Memory one that keeps its outcomes in a journal and does not measure
// twice. It prints nothing and knows no flag.
//
// It starts no goroutine. A Measurer is called by one goroutine at a time.
package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Trial is one measurement that a search asks for: a setting on a fresh cluster.
type Trial struct {
	Setting Setting       `json:"setting"`
	Rate    float64       `json:"rate_ops_per_s,omitempty"` // open loop; zero: as the experiment says
	Clients int           `json:"clients,omitempty"`        // closed loop; zero: as the experiment says
	Window  time.Duration `json:"window_ns"`
	Seed    uint64        `json:"seed,string"` // no two trials of a search have the same
	Stage   string        `json:"stage"`       // of the search: "rung 1", "final"
}

// Outcome is what a trial measured.
type Outcome struct {
	// Valid says that the numbers may be trusted. If not, Reasons says why; the trial
	// is shown and never ranked.
	Valid   bool     `json:"valid"`
	Reasons []string `json:"reasons,omitempty"`

	// Unsustained says that all the Reasons are what happens above the highest rate: it
	// tells something of the setting, and nothing of the machine.
	Unsustained bool `json:"unsustained,omitempty"`

	// Values are metrics by name (reports.Metric); one that the sample does not carry is
	// not there.
	Values map[string]float64 `json:"values"`

	Took time.Duration `json:"took_ns"` // with start and warm-up
}

// Label is VALID, UNSUSTAINED or INVALID, and says if an INVALID trial was allowed to count.
func (o *Outcome) Label() string {
	switch {
	case o.Valid && len(o.Reasons) > 0:
		return "INVALID, ALLOWED"
	case o.Valid:
		return "VALID"
	case o.Unsustained:
		return "UNSUSTAINED"
	}
	return "INVALID"
}

// reason is the first of the reasons.
func (o *Outcome) reason() string {
	if len(o.Reasons) == 0 {
		return "no reason was given"
	}
	return o.Reasons[0]
}

// Measurer makes trials. An error ends the search: that of ctx, or that trials cannot be
// made at all.
type Measurer interface {
	Measure(ctx context.Context, t Trial) (Outcome, error)
}

// MeasureFunc is a function as a Measurer.
type MeasureFunc func(context.Context, Trial) (Outcome, error)

// Measure implements Measurer.
func (f MeasureFunc) Measure(ctx context.Context, t Trial) (Outcome, error) { return f(ctx, t) }

// Measured is a trial with its outcome.
type Measured struct {
	Trial
	Outcome
}

// ErrNothingValid ends a search of which too little may be trusted to go on.
var ErrNothingValid = errors.New("too few trials are VALID")

// nothingValid says what was wrong with the last of the trials that are not valid.
func nothingValid(trials []Measured) error {
	for i := len(trials) - 1; i >= 0; i-- {
		if !trials[i].Valid {
			return fmt.Errorf("%w: %s; make the machine quiet, or --allow-invalid", ErrNothingValid, trials[i].reason())
		}
	}
	return fmt.Errorf("%w: they are too short for the percentile of the goal: want a longer -d", ErrNothingValid)
}

// trialSeed is that of the n-th trial.
func trialSeed(seed uint64, n int) uint64 { return rand.New(rand.NewPCG(seed, uint64(n))).Uint64() }

// ConfirmationSeed is a seed that no trial of the search has.
func ConfirmationSeed(seed uint64) uint64 { return trialSeed(seed, math.MaxInt32) }
