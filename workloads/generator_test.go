package workloads

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads/kv"
)

// generate returns the first n operations of a worker, as text.
func generate(t *testing.T, w Workload, worker, n int) []string {
	t.Helper()
	g, err := w.NewGenerator(worker)
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	var op client.Op
	for range n {
		kind := g.Next(&op)
		ops = append(ops, fmt.Sprintf("%v %v %x", kind, op.Read, op.Command))
	}
	return ops
}

func TestTheSameSeedGivesTheSameOperations(t *testing.T) {
	w := Workload{Seed: 7, Reads: 0.5, ZipfExponent: 0.99, PayloadMinBytes: 4, PayloadMaxBytes: 300}
	a, b := generate(t, w, 3, 2000), generate(t, w, 3, 2000)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("operation %d differs:\n%s\n%s", i, a[i], b[i])
		}
	}
	other := w
	other.Seed++
	for what, c := range map[string][]string{"worker": generate(t, w, 4, 2000), "seed": generate(t, other, 3, 2000)} {
		same := 0
		for i := range a {
			if a[i] == c[i] {
				same++
			}
		}
		if same > len(a)/10 {
			t.Fatalf("another %s gave %d of %d operations again", what, same, len(a))
		}
	}
}

func TestTheMixIsAsAsked(t *testing.T) {
	for _, reads := range []float64{0, 0.3, 1} {
		for _, throughLog := range []bool{false, true} {
			w := Workload{Reads: reads, ReadsThroughLog: throughLog, PayloadMaxBytes: 9}
			g, err := w.NewGenerator(0)
			if err != nil {
				t.Fatal(err)
			}
			const n = 20_000
			gets, sizes := 0, map[int]int{}
			var op client.Op
			for range n {
				kind := g.Next(&op)
				c, ok := kv.ParseCommand(op.Command)
				if !ok {
					t.Fatalf("malformed command % x", op.Command)
				}
				if isGet := c.Kind == kv.KindGet; isGet != (kind == Get) || op.Read != (isGet && !throughLog) {
					t.Fatalf("type %v, read %v for a %v", kind, op.Read, c.Kind)
				}
				if kind == Get {
					gets++
					continue
				}
				sizes[len(c.Value)]++
			}
			if got := float64(gets) / n; math.Abs(got-reads) > 0.02 {
				t.Fatalf("share of gets %v, want %v", got, reads)
			}
			if reads < 1 && len(sizes) != 10 {
				t.Fatalf("payload sizes %v, want all from 0 to 9", sizes)
			}
		}
	}
}

func TestPayloadsAreUniqueAndNotConstant(t *testing.T) {
	seen := map[string]bool{}
	for worker := range 3 {
		w := Workload{PayloadMinBytes: payloadIDBytes, PayloadMaxBytes: 3 * noisePageBytes}
		g, err := w.NewGenerator(worker)
		if err != nil {
			t.Fatal(err)
		}
		var op client.Op
		for range 500 {
			g.Next(&op)
			c, _ := kv.ParseCommand(op.Command)
			id := string(c.Value[:payloadIDBytes])
			if seen[id] {
				t.Fatalf("value %x came twice", id)
			}
			seen[id] = true
			if rest := c.Value[payloadIDBytes:]; len(rest) > 64 && bytes.Count(rest[:64], rest[:1]) > 32 {
				t.Fatalf("payload is nearly constant: % x", rest[:64])
			}
		}
	}
}

func TestKeysFollowTheirDistribution(t *testing.T) {
	const n, draws = 50, 200_000
	for _, s := range []float64{0, 0.5, 0.99, 1, 1.0000001, 1.5, 3, 10} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			total := 0.0
			for k := 1; k <= n; k++ {
				total += math.Pow(float64(k), -s)
			}
			for name, keys := range map[string]keyPicker{"chosen": newKeyPicker(n, s), "zipf": newZipf(n, s)} {
				rng := rand.New(rand.NewPCG(1, 2))
				var count [n]int
				for range draws {
					count[keys.pick(rng)]++
				}
				// Keys too rare for the test's approximation are put together.
				chi2, cells, rareWant, rareGot := 0.0, 0, 0.0, 0.0
				for k, got := range count {
					want := draws * math.Pow(float64(k+1), -s) / total
					if want < 10 {
						rareWant, rareGot = rareWant+want, rareGot+float64(got)
						continue
					}
					chi2 += (float64(got) - want) * (float64(got) - want) / want
					cells++
				}
				if rareWant > 0 && math.Abs(rareGot-rareWant) > 5*math.Sqrt(rareWant)+5 {
					t.Fatalf("%s: %v draws of rare keys, want about %v", name, rareGot, rareWant)
				}
				// The mean of chi-square is its degrees of freedom, its variance twice that.
				if df := float64(cells - 1); chi2 > df+5*math.Sqrt(2*df)+5 {
					t.Fatalf("%s: chi-square %.1f with %v degrees of freedom", name, chi2, df)
				}
			}
		})
	}
}

func TestZipfOverManyKeysStaysInRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 1 << 17} {
		for _, s := range []float64{1e-9, 0.2, 0.99, 1, 1.2, 10} {
			z := newZipf(n, s)
			for range 2000 {
				if k := z.pick(rng); k < 0 || k >= n {
					t.Fatalf("n=%d s=%v: key %d", n, s, k)
				}
			}
		}
	}
}

func TestABadWorkloadIsNamed(t *testing.T) {
	for _, w := range []Workload{
		{Reads: -0.1}, {Reads: 1.1}, {Reads: math.NaN()}, {Keys: -1}, {Keys: kv.DefaultMaxKeys + 1},
		{ZipfExponent: -1}, {ZipfExponent: 11}, {ZipfExponent: math.NaN()},
		{PayloadMinBytes: -1}, {PayloadMinBytes: 2, PayloadMaxBytes: 1}, {PayloadMaxBytes: MaxPayloadBytes + 1},
	} {
		if _, err := w.NewGenerator(0); err == nil {
			t.Fatalf("%+v was accepted", w)
		}
	}
}

func TestGeneratingDoesNotAllocate(t *testing.T) {
	g, err := Workload{Reads: 0.5, ZipfExponent: 1, PayloadMinBytes: 128, PayloadMaxBytes: 128}.NewGenerator(0)
	if err != nil {
		t.Fatal(err)
	}
	op := client.Op{Command: make([]byte, 0, 256)}
	if n := testing.AllocsPerRun(1000, func() { g.Next(&op) }); n != 0 {
		t.Fatalf("%v allocations an operation, want 0", n)
	}
}

func BenchmarkGenerator(b *testing.B) {
	for name, w := range map[string]Workload{
		"uniform":      {PayloadMinBytes: 16, PayloadMaxBytes: 16},
		"zipf":         {PayloadMinBytes: 16, PayloadMaxBytes: 16, ZipfExponent: 0.99},
		"mixed":        {PayloadMinBytes: 128, PayloadMaxBytes: 128, Reads: 0.5},
		"payload=1KiB": {PayloadMinBytes: 1024, PayloadMaxBytes: 1024},
	} {
		b.Run(name, func(b *testing.B) {
			g, err := w.NewGenerator(0)
			if err != nil {
				b.Fatal(err)
			}
			op := client.Op{Command: make([]byte, 0, 2048)}
			b.ReportAllocs()
			for b.Loop() {
				g.Next(&op)
			}
		})
	}
}
