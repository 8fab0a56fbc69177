package claims

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func TestLines(t *testing.T) {
	for _, c := range []struct {
		line      line
		low, high float64
		want      claimtable.Verdict
	}{
		{atLeast(2), 2, 3, holds}, {atLeast(2), 1, 1.99, fails}, {atLeast(2), 1, 2, untold}, {atLeast(2), 1.99, 3, untold},
		{atMost(2), 1, 2, holds}, {atMost(2), 2.01, 3, fails}, {atMost(2), 2, 3, untold}, {atMost(2), 1, 2.01, untold},
	} {
		e := estimate{value: (c.low + c.high) / 2, low: c.low, high: c.high, n: 8}
		if got, _ := c.line.judge(e); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.line.text(formatLimit), e.text(formatFactor), got, c.want)
		}
		e.why = "a reason"
		if got, why := c.line.judge(e); got != untold || why != "a reason" {
			t.Errorf("with a doubt: %s because %q", got, why)
		}
	}
}

// Part is a finding with one figure of that name.
func part(v claimtable.Verdict, name string) Finding {
	return Finding{Verdict: v, Figures: []claimtable.Figure{{Title: name, Counts: true, Verdict: v}}}
}

func TestFindingsJoin(t *testing.T) {
	yes, no, open := part(holds, "yes"), part(fails, "no"), part(untold, "open")
	for _, c := range []struct {
		got      Finding
		want     claimtable.Verdict
		decisive string
	}{
		{allOf(yes, yes), holds, "yes"}, {allOf(yes, open), untold, "open"}, {allOf(yes, open, no), fails, "no"},
		{anyOf(no, no), fails, "no"}, {anyOf(no, open), untold, "open"}, {anyOf(no, open, yes), holds, "yes"},
		{anyOf(allOf(yes, no), allOf(yes, part(untold, "inner"))), untold, "inner"},
		{allOf(yes, no).beside(open), fails, "no"},
	} {
		if d := c.got.Figures[c.got.Decisive].Title; c.got.Verdict != c.want || d != c.decisive {
			t.Errorf("%s by %s, want %s by %s", c.got.Verdict, d, c.want, c.decisive)
		}
	}
	if f := yes.beside(no); f.Figures[1].Counts || !f.Figures[0].Counts || no.Figures[0].Counts != true {
		t.Errorf("beside: %+v", f.Figures)
	}
}

// Better is more throughput and less latency, and by more than the margin of 3 %.
func TestBeatsAndLoses(t *testing.T) {
	c := Claim{Layer: "raft", Arms: []Arm{{Transport: "a"}, {Transport: "b"}}}
	a, b := c.Arms[0], c.Arms[1]
	for _, v := range []struct {
		factor              float64 // of b's speed
		beats, loses, worse claimtable.Verdict
	}{{1.5, holds, fails, holds}, {1.01, fails, fails, holds}, {0.99, fails, fails, holds}, {0.5, fails, holds, fails}} {
		e := NewEvidence(invented(c, 8, 0.001, byLabel(10, map[string]float64{"b": 10 * v.factor})))
		for _, m := range []reports.Metric{reports.Throughput(), p50()} {
			got := [3]claimtable.Verdict{e.beats(m, b, a, "").Verdict, e.loses(m, b, a, "").Verdict, e.noWorse(m, b, a, "").Verdict}
			if got != [3]claimtable.Verdict{v.beats, v.loses, v.worse} {
				t.Errorf("%s, x%v: beats, loses, no worse: %v", m.Title, v.factor, got)
			}
		}
	}
}

// A ratio is that of the blocks, whatever drifts from one to the next.
func TestEstimates(t *testing.T) {
	c := Claim{Layer: "raft", Arms: []Arm{{Transport: "a"}, {Transport: "b"}}}
	block := 0
	r := invented(c, 6, 0, func(a Arm) shape {
		s := level(10 * float64(1+block%6))
		block++
		if a.Transport == "b" {
			s.rate *= 3
		}
		return s
	})
	e := NewEvidence(r)
	if est := e.ratio(reports.Throughput(), c.Arms[1], c.Arms[0]); est.n != 6 || math.Abs(est.low-3) > 1e-9 || math.Abs(est.high-3) > 1e-9 || est.why != "" {
		t.Errorf("ratio: %+v", est)
	}
	// The replicates of one arm have rates of 10 to 60 thousand, which double, at the median
	// of the pairs on a logarithmic scale, to what lies between.
	est := e.level(reports.Throughput(), c.Arms[0])
	if est.n != 6 || math.Abs(est.low-10000) > 1e-6 || math.Abs(est.high-60000) > 1e-6 || est.value < 28000 || est.value > 36000 {
		t.Errorf("level: %+v", est)
	}
	if est := e.spread(reordersPerOp(), c.Arms[0]); est.n != 6 || est.value != 0 || est.confidence != 0 {
		t.Errorf("spread: %+v", est)
	}
}

func TestMetrics(t *testing.T) {
	r := replicateOf(shape{rate: 1000, p50: 1e6, p99: 5e6, cpu: 3, reorders: 20}, 0, 0, func() float64 { return 1 })
	for _, c := range []struct {
		m    reports.Metric
		want float64
		text string
	}{
		{meanLatency(), 0.98e6 + 0.02*5e6, "1.08 ms"}, {tail(), 5, "x5.00"}, {reordersPerOp(), 0.02, "0.02"},
		{timePerMessage(), 1e6, "1.00 ms"}, {bytesPerMessage(), 150, "150 B"},
	} {
		got, ok := c.m.Value(&r)
		if !ok || math.Abs(got/c.want-1) > 0.001 || c.m.Format(c.want) != c.text {
			t.Errorf("%s: %v, %t, %q; want %v, %q", c.m.Name, got, ok, c.m.Format(c.want), c.want, c.text)
		}
		if _, ok := c.m.Value(&reports.Replicate{}); ok {
			t.Errorf("%s: nothing has a value", c.m.Name)
		}
	}
}

// Of equal arms, as noisy as those of a shared machine, one is seldom said to beat the
// other; of an arm that is a fifth faster it is nearly always said.
func TestVerdictsAreSeldomWrong(t *testing.T) {
	const trials, noise = 400, 0.05
	rng := rand.New(rand.NewPCG(1, 2))
	c := Claim{Layer: "raft", Arms: []Arm{{Transport: "a"}, {Transport: "b"}}}
	count := func(factor float64) (held int) {
		for range trials {
			e := NewEvidence(invented(c, 8, 0, func(a Arm) shape {
				s := level(10 * math.Exp(noise*rng.NormFloat64()))
				if a.Transport == "b" {
					s.rate *= factor
				}
				return s
			}))
			if e.beats(reports.Throughput(), c.Arms[1], c.Arms[0], "").Verdict == holds {
				held++
			}
		}
		return held
	}
	if wrong := count(1); wrong > trials*25/1000 {
		t.Errorf("%d of %d equal arms beat each other", wrong, trials)
	}
	if found := count(1.2); found < trials*90/100 {
		t.Errorf("of %d arms that are a fifth faster, %d were found", trials, found)
	}
}
