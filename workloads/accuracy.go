package workloads

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Accuracy compares a percentile that the driver reported with the truth.
type Accuracy struct {
	Distribution string
	Percentile   float64
	True         time.Duration
	Reported     time.Duration
	Allowed      float64 // the largest relative error that is accepted
}

// Error is the relative error: positive if too much was reported.
func (a *Accuracy) Error() float64 { return float64(a.Reported)/float64(a.True) - 1 }

// OK reports whether the error is within what is allowed.
func (a *Accuracy) OK() bool { return math.Abs(a.Error()) <= a.Allowed }

func (a *Accuracy) String() string {
	return fmt.Sprintf("%s p%v: %v reported, %v true, %+.2f %% of %.0f %% allowed",
		a.Distribution, a.Percentile, a.Reported, a.True, 100*a.Error(), 100*a.Allowed)
}

// accuracyOps is how many operations each distribution has: 131 of them beyond
// p99.9.
const accuracyOps = 1 << 17

// CheckPercentiles runs the whole driver, from schedule to merged histograms,
// against targets whose latency has a known distribution, and returns how far the
// reported percentiles are from the true ones. Time is virtual, and latencies fill
// their distribution evenly, so neither the machine nor chance has a part in the
// answer; it takes half a second of CPU. The only error is that of ctx, or of a
// driver that loses operations.
func CheckPercentiles(ctx context.Context, seed uint64) ([]Accuracy, error) {
	var list []Accuracy
	for i, dist := range distributions() {
		u := rand.New(newSource(seed, streamTarget, i)).Float64()
		m, err := simulate(ctx, seed, func(time.Duration) time.Duration {
			// The fractions of the multiples of the golden ratio cover 0 to 1 more evenly
			// than random numbers do (H. Weyl, Mathematische Annalen 77, 1916).
			_, u = math.Modf(u + math.Phi)
			return nanoseconds(dist.quantile(u))
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dist.name, err)
		}
		all := m.Window.Total()
		for _, p := range []struct{ percentile, allowed float64 }{
			{50, 0.01}, {75, 0.01}, {90, 0.01}, {95, 0.01}, {99, 0.01}, {99.9, 0.03},
		} {
			list = append(list, Accuracy{
				Distribution: dist.name,
				Percentile:   p.percentile,
				True:         nanoseconds(dist.quantile(p.percentile / 100)),
				Reported:     time.Duration(all.Response.ValueAtPercentile(p.percentile)),
				Allowed:      p.allowed,
			})
		}
	}
	return list, nil
}

// simulate drives a target of known latency on virtual time.
func simulate(ctx context.Context, seed uint64, latency func(sent time.Duration) time.Duration) (*Measurement, error) {
	schedule := Rate(10_000)
	schedule.Seed = seed
	target := &virtualTime{latency: latency}
	d, err := newDriver(Config{
		Generate:   Workload{Seed: seed, Reads: 0.5}.NewGenerator,
		Connect:    target.connect,
		Schedule:   &schedule,
		Operations: accuracyOps,
	}, target)
	if err != nil {
		return nil, err
	}
	m, err := d.Run(ctx)
	if err == nil {
		err = ctx.Err()
	}
	return m, err
}

// nanoseconds rounds seconds.
func nanoseconds(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// distribution is a distribution of latencies, in seconds.
type distribution struct {
	name     string
	quantile func(q float64) float64
}

// distributions are shapes that latencies have: one tail that is light and one
// that is not, and two modes, as a cache, a batch or a busy follower makes them. No
// percentile of CheckPercentiles falls between the modes, where there is no
// density, so that no number of operations would find it.
func distributions() []distribution {
	const (
		mean         = 2e-3         // of the exponential
		scale, shape = 500e-6, 0.5  // of the log-normal: its median, and sigma
		fast, slow   = 300e-6, 8e-3 // where the modes are
		width        = 0.05         // of each, as a share of where it is
		fastShare    = 0.85
	)
	normal := func(q float64) float64 { return math.Sqrt2 * math.Erfinv(2*q-1) }
	return []distribution{
		{"exponential", func(q float64) float64 { return -mean * math.Log1p(-q) }},
		{"log-normal", func(q float64) float64 { return scale * math.Exp(shape*normal(q)) }},
		{"bimodal", func(q float64) float64 {
			if q < fastShare {
				return fast * (1 + width*normal(q/fastShare))
			}
			return slow * (1 + width*normal((q-fastShare)/(1-fastShare)))
		}},
	}
}
