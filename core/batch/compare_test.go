package batch

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	compare = flag.Bool("batch.compare", false, "print the comparison of policies that docs/batching.md has: takes minutes")
	seed    = flag.Uint64("batch.seed", 1, "seed of the comparison")
)

const us = time.Microsecond

// lingers are the fixed ones that Adaptive is measured against.
func lingers() []time.Duration {
	return []time.Duration{50 * us, 100 * us, 200 * us, 500 * us, 1000 * us, 5000 * us}
}

type namedPath struct {
	name string
	path path
}

func paths() []namedPath {
	return []namedPath{
		{"lan", path{latency: 30 * us, perBatch: 20 * us, perItem: us / 2, noise: 0.3, links: 1, depth: 4}},
		{"lan, 4 links", path{latency: 30 * us, perBatch: 20 * us, perItem: us / 2, noise: 0.3, links: 4, depth: 4}},
		{"long way", path{latency: 200 * us, perBatch: 10 * us, perItem: us / 2, noise: 0.3, links: 1, depth: 4}},
		{"wan", path{latency: 10 * time.Millisecond, perBatch: 20 * us, perItem: us / 2, noise: 0.3, links: 1, depth: 4}},
		{"group commit", path{latency: 50 * us, perBatch: time.Millisecond, perItem: us / 2, merges: true, noise: 0.3, links: 1, depth: 4}},
	}
}

// capacity is how many items a second the path carries in full batches.
func (p path) capacity() float64 {
	const full = DefaultSizeBytes / itemBytes
	served := full / (p.perBatch + full*p.perItem).Seconds()
	sent := float64(p.links*p.depth) * full / (p.latency + p.perBatch + full*p.perItem).Seconds()
	return min(served, sent)
}

// loads are parts of the capacity, and callers that wait.
func (p path) loads() map[string]load {
	return map[string]load{
		"1 %": {rate: 0.01 * p.capacity()}, "10 %": {rate: 0.1 * p.capacity()},
		"50 %": {rate: 0.5 * p.capacity()}, "90 %": {rate: 0.9 * p.capacity()},
		"c=1": {callers: 1}, "c=8": {callers: 8}, "c=64": {callers: 64},
	}
}

func loadNames() []string { return []string{"1 %", "10 %", "50 %", "90 %", "c=1", "c=8", "c=64"} }

// outcome is how a policy did under a load.
type outcome struct {
	mean, p99  time.Duration
	throughput float64
}

// window is what is simulated: first the estimators learn, then it counts.
func (p path) window(l load, items float64, learns bool) (warm, length time.Duration) {
	rate := l.rate
	if l.callers > 0 {
		rate = min(p.capacity(), float64(l.callers)/(p.latency+p.perBatch).Seconds())
	}
	length = time.Duration(items / rate * 1e9)
	length = max(length, time.Second)
	if !learns {
		return length / 10, length
	}
	return max(3*time.Second, 1000*(p.latency+p.perBatch)), length
}

func run(p path, l load, c Config, with func() estimator, items float64) outcome {
	warm, length := p.window(l, items, c.Policy == Adaptive)
	latencies, throughput := simulate(p, l, c, with, *seed, warm, length)
	sum := time.Duration(0)
	for _, d := range latencies {
		sum += d
	}
	n := len(latencies)
	return outcome{sum / time.Duration(n), latencies[n*99/100], throughput}
}

// best is the better of Natural and of the best fixed linger, by p99 and, apart from
// that, by throughput.
func best(p path, l load, items float64, lingers []time.Duration) (natural, best outcome, linger time.Duration) {
	natural = run(p, l, Config{Policy: Natural}, nil, items)
	best = natural
	for _, d := range lingers {
		o := run(p, l, Config{Linger: d}, nil, items)
		if o.p99 < best.p99 {
			best.p99, best.mean, linger = o.p99, o.mean, d
		}
		best.throughput = max(best.throughput, o.throughput)
	}
	return natural, best, linger
}

// TestAdaptiveKeepsUp holds Adaptive to its promise: at any load within 10 % of the
// better of Natural and the best fixed linger, in p99 and in throughput. In
// virtual time: it depends on the seed alone.
func TestAdaptiveKeepsUp(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates millions of items")
	}
	for _, np := range paths()[:2] {
		for _, name := range []string{"10 %", "c=8"} {
			t.Run(np.name+" "+name, func(t *testing.T) {
				t.Parallel()
				const items = 60_000
				l := np.path.loads()[name]
				_, want, _ := best(np.path, l, items, []time.Duration{50 * us, 200 * us})
				got := run(np.path, l, Config{Policy: Adaptive}, nil, items)
				if float64(got.p99) > 1.1*float64(want.p99) || got.throughput < 0.9*want.throughput {
					t.Errorf("p99 %v at %.0f/s, want at most 10 %% more than %v, and less than %.0f/s",
						got.p99, got.throughput, want.p99, want.throughput)
				}
			})
		}
	}
}

// TestCompare prints the tables, and holds Adaptive to its promise everywhere.
func TestCompare(t *testing.T) {
	if !*compare {
		t.Skip("with -batch.compare")
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', tabwriter.Debug)
	text := []byte("path\tload\tper s\tnatural\tbest linger\tEWMA\tcompany\tadaptive\tp99\tthroughput\t\n")
	for _, np := range paths() {
		for _, name := range loadNames() {
			const items = 300_000
			l := np.path.loads()[name]
			natural, want, linger := best(np.path, l, items, lingers())
			rules := []outcome{
				run(np.path, l, Config{Policy: Adaptive}, newEWMA, items),
				run(np.path, l, Config{Policy: Adaptive}, newCompany, items),
				run(np.path, l, Config{Policy: Adaptive}, nil, items),
			}
			of := func(o outcome) string {
				return fmt.Sprintf("%d / %d", o.mean.Microseconds(), o.p99.Microseconds())
			}
			got := rules[2]
			p99, throughput := float64(got.p99)/float64(want.p99), got.throughput/want.throughput
			text = fmt.Appendf(text, "%s\t%s\t%.0f\t%s\t%s (%v)\t%s\t%s\t%s\t%+.0f %%\t%+.0f %%\t\n", np.name, name, got.throughput,
				of(natural), of(want), linger, of(rules[0]), of(rules[1]), of(got), 100*(p99-1), 100*(throughput-1))
			if p99 > 1.1 || throughput < 0.9 {
				t.Errorf("%s, %s: p99 %v at %.0f/s, want %v at %.0f/s", np.name, name, got.p99, got.throughput, want.p99, want.throughput)
			}
		}
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}
