package selftest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

const seed = 1

// skipUnderRace leaves out what takes many trials.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("nothing runs concurrently here, and the race detector makes it 20 times slower")
	}
}

// Whatever the noise, equal arms are called different in at most one of twenty
// comparisons, whether the noise floor is known or not.
func TestEqualArmsAreRarelyCalledDifferent(t *testing.T) {
	skipUnderRace(t)
	for _, n := range Kinds() {
		f, err := Judge(n, seed)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: floor %.1f %%; of %d equal %d called different, without a calibration %d of %d; of %d slower by %.0f %% found %d",
			n.Name, 100*f.Floor, Equal, f.False, f.FalseUncalibrated, Uncalibrated, Injected, 100*Slowdown, f.Found)
		if f.False > MaxFalse*Equal {
			t.Errorf("%s: %d of %d equal arms were called different, allowed are %.0f", n.Name, f.False, Equal, MaxFalse*Equal)
		}
		if f.FalseUncalibrated > MaxFalse*Uncalibrated {
			t.Errorf("%s: without a calibration %d of %d equal arms were called different, allowed are %.0f", n.Name, f.FalseUncalibrated, Uncalibrated, MaxFalse*Uncalibrated)
		}
	}
}

// Where the arms take turns, and on a quiet machine, ten blocks find a slowdown of 5 %.
func TestSlowdownIsFound(t *testing.T) {
	for _, n := range []Noise{Turns(), Quiet()} {
		f, err := Judge(n, seed)
		if err != nil {
			t.Fatal(err)
		}
		if !n.Promised || f.Found < MinFound*Injected {
			t.Errorf("%s: found in %d of %d comparisons, want %.0f", n.Name, f.Found, Injected, MinFound*Injected)
		}
	}
}

func TestPercentilesAreTrue(t *testing.T) {
	skipUnderRace(t)
	list, err := Percentiles(seed)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(distributions())*len(reports.Quantiles()) {
		t.Fatalf("%d figures", len(list))
	}
	for _, a := range list {
		t.Logf("%s %s: %v, reported %v, off by %.2f %%", a.Distribution, reports.FormatQuantile(a.Quantile), a.Truth, a.Reported, 100*a.Error())
		if !a.OK() {
			t.Errorf("%s %s: reported %v, the truth is %v: off by %.2f %%, allowed are %.0f %%",
				a.Distribution, reports.FormatQuantile(a.Quantile), a.Reported, a.Truth, 100*a.Error(), 100*a.Allowed)
		}
	}
}

// shapes are kinds of noise that no normal distribution describes.
func shapes() map[string]func(rng *rand.Rand) float64 {
	return map[string]func(rng *rand.Rand) float64{
		"normal":      func(rng *rand.Rand) float64 { return 0.05 * rng.NormFloat64() },
		"heavy tails": func(rng *rand.Rand) float64 { return 0.02 * math.Tan(math.Pi*(rng.Float64()-0.5)*0.98) },
		"two modes": func(rng *rand.Rand) float64 {
			if rng.IntN(3) == 0 {
				return -0.2 + 0.01*rng.NormFloat64()
			}
			return 0.01 * rng.NormFloat64()
		},
		"always slower": func(rng *rand.Rand) float64 { return -0.1 * rng.ExpFloat64() },
		"coarse":        func(rng *rand.Rand) float64 { return 0.05 * math.Round(rng.NormFloat64()) },
	}
}

// shaped makes a run of equal arms with noise of a shape; it drifts in a random walk, and
// who comes second in a block is slower by 3 %.
func shaped(m *machine, pairs int, shape func(*rand.Rand) float64) *reports.Run {
	run := m.run(pairs, 0)
	drift := 0.0
	for block := range pairs {
		drift += 0.05 * m.rng.NormFloat64()
		for i := range run.Arms {
			r := &run.Arms[i].Replicates[block]
			speed := drift + shape(m.rng) - 0.03*float64(r.Position)
			r.Operations.Succeeded = uint64(baseOpsPerS * window.Seconds() * math.Exp(speed))
			r.Histograms = m.replicate(-speed/tailSlope, 0).Histograms
		}
	}
	return run
}

// The claim does not rest on the noise being normal, or on the machine standing still.
func TestEqualArmsWithNoiseOfAnyShape(t *testing.T) {
	skipUnderRace(t)
	const trials = 150
	for name, shape := range shapes() {
		m := newMachine(Noise{}, seed)
		called, gated := 0, 0
		for range trials {
			run := shaped(m, Pairs, shape)
			c := &reports.CompareArms(run, &run.Arms[0])[0]
			if says(c, reports.Better) || says(c, reports.Worse) {
				called++
			}
			if fails(t, c) {
				gated++
			}
		}
		t.Logf("%s: of %d comparisons of equal arms %d were called different, %d failed a gate", name, trials, called, gated)
		// Within three standard errors of what is claimed.
		if allowed := trials*MaxFalse + 3*math.Sqrt(trials*MaxFalse*(1-MaxFalse)); float64(called) > allowed {
			t.Errorf("%s: %d of %d equal arms were called different, allowed are %.0f", name, called, trials, allowed)
		}
		if float64(gated) > 0.04*trials {
			t.Errorf("%s: a gate failed in %d of %d comparisons of equal arms", name, gated, trials)
		}
	}
}

// fails tells whether a gate as in a CI fails.
func fails(t *testing.T, c *reports.Comparison) bool {
	t.Helper()
	for _, text := range []string{"p99>+5%", "throughput<-5%"} {
		g, err := reports.ParseRegression(text)
		if err != nil {
			t.Fatal(err)
		}
		if g.CheckComparison(c).Verdict == reports.GateFail {
			return true
		}
	}
	return false
}

// A gate does not fail equal arms, and neither does it let half of the speed through,
// whether there are pairs enough to be certain or not.
func TestGatesRarelyFailEqualArms(t *testing.T) {
	skipUnderRace(t)
	const trials = 60
	for i, n := range Kinds() {
		for _, pairs := range []int{3, 6, Pairs} {
			if i == 3 && pairs == 3 {
				continue // three replicates on a busy machine: one in twenty fails, and nothing helps
			}
			m := newMachine(n, seed)
			failed, missed := 0, 0
			for range trials {
				run := m.run(pairs, 0)
				if fails(t, &reports.CompareArms(run, &run.Arms[0])[0]) {
					failed++
				}
				run = m.run(pairs, 1)
				if !fails(t, &reports.CompareArms(run, &run.Arms[0])[0]) {
					missed++
				}
			}
			t.Logf("%s, %d pairs: of %d, equal arms failed in %d, twice the latency passed in %d", n.Name, pairs, trials, failed, missed)
			if failed > trials*4/100 {
				t.Errorf("%s, %d pairs: equal arms failed a gate in %d of %d comparisons", n.Name, pairs, failed, trials)
			}
			if missed > trials/20 {
				t.Errorf("%s, %d pairs: twice the latency got through in %d of %d comparisons", n.Name, pairs, missed, trials)
			}
		}
	}
}
