package search

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

func scale(u USL, noise float64, at ...float64) []ScalePoint {
	rng := rand.New(rand.NewPCG(7, 7))
	var list []ScalePoint
	for _, n := range at {
		list = append(list, ScalePoint{n, u.At(n) * math.Exp(noise*rng.NormFloat64())})
	}
	return list
}

func TestFitUSLFindsTheCurveThatIsThere(t *testing.T) {
	at := []float64{1, 2, 4, 8, 16, 32, 64}
	for _, want := range []USL{{Gamma: 1000, Sigma: 0.05, Kappa: 0.0002}, {Gamma: 3e4, Sigma: 0.4, Kappa: 0}, {Gamma: 10, Sigma: 0, Kappa: 0.001}, {Gamma: 5}} {
		got, err := FitUSL(scale(want, 0, at...))
		if err != nil {
			t.Fatal(err)
		}
		close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(b)) }
		if !close(got.Gamma, want.Gamma) || !close(got.Sigma, want.Sigma) || !close(got.Kappa, want.Kappa) || got.R2 < 0.999999 || got.Deviation > 1e-6 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	// The peak of the first is at sqrt((1-0.05)/0.0002).
	u, err := FitUSL(scale(USL{Gamma: 1000, Sigma: 0.05, Kappa: 0.0002}, 0.02, at...))
	if err != nil || math.Abs(u.Peak()/68.9-1) > 0.3 || u.R2 < 0.98 || u.Points != 7 {
		t.Errorf("with noise: %+v, peak %v, error %v", u, u.Peak(), err)
	}
}

// Throughput that grows faster than its load would make a parameter negative.
func TestFitUSLKeepsParametersFromZero(t *testing.T) {
	var points []ScalePoint
	for _, n := range []float64{1, 2, 4, 8, 16, 32} {
		points = append(points, ScalePoint{n, math.Pow(n, 1.2)})
	}
	u, err := FitUSL(points)
	if err != nil || u.Sigma != 0 || u.Kappa != 0 || !math.IsInf(u.Peak(), 1) {
		t.Errorf("%+v, error %v", u, err)
	}
}

func TestFitUSLRefuses(t *testing.T) {
	if _, err := FitUSL(scale(USL{Gamma: 1}, 0, 1, 2, 4, 8, 16, 16, 16)); err == nil || err.Error() != "5 points: the Universal Scalability Law takes at least 6" {
		t.Errorf("five points: %v", err)
	}
	if _, err := FitUSL([]ScalePoint{{0, 1}}); err == nil {
		t.Error("a point without a load")
	}
}

func TestScalePoints(t *testing.T) {
	x := reports.Throughput().Name
	got := ScalePoints([]Measured{
		{Trial{Rate: 1000}, Outcome{Valid: true, Values: map[string]float64{x: 1000, MeanLatency: 4e6}}},
		{Trial{Rate: 9000}, Outcome{Values: map[string]float64{x: 5000, MeanLatency: 4e6}}},
		{Trial{Clients: 2}, Outcome{Valid: true, Values: map[string]float64{x: 800, MeanLatency: 4e6}}},
		{Trial{Rate: 10}, Outcome{Valid: true, Values: map[string]float64{x: 10}}},
	})
	if len(got) != 2 || got[0] != (ScalePoint{2, 800}) || math.Abs(got[1].Concurrency-4) > 1e-9 {
		t.Errorf("points are %v", got)
	}
}
