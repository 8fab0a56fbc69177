package experiment

import (
	"math"
	"runtime/metrics"
	"time"
)

// waits counts by length how long goroutines were ready to run and waited for a
// CPU, since the process was started. The Go runtime looks at one in eight.
type waits struct {
	counts []uint64
	bounds []float64 // seconds; one more than counts
}

func readWaits() waits {
	samples := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(samples)
	if samples[0].Value.Kind() != metrics.KindFloat64Histogram {
		return waits{}
	}
	h := samples[0].Value.Float64Histogram()
	return waits{h.Counts, h.Buckets}
}

// since is what came after an earlier reading.
func (w waits) since(before waits) waits {
	since := waits{make([]uint64, len(w.counts)), w.bounds}
	for i := range w.counts {
		since.counts[i] = w.counts[i]
		if i < len(before.counts) {
			since.counts[i] -= before.counts[i]
		}
	}
	return since
}

// add adds the waits of another time.
func (w waits) add(other waits) {
	for i := range w.counts {
		w.counts[i] += other.counts[i]
	}
}

// p99 is the 99th percentile of the waits, as the upper bound of its bucket; zero if
// there were none.
func (w waits) p99() time.Duration {
	total := uint64(0)
	for _, n := range w.counts {
		total += n
	}
	rank, seen := uint64(math.Ceil(0.99*float64(total))), uint64(0)
	for i, n := range w.counts {
		if seen += n; n > 0 && seen >= rank {
			bound := w.bounds[i+1]
			if math.IsInf(bound, 1) {
				bound = w.bounds[i]
			}
			return time.Duration(bound * float64(time.Second))
		}
	}
	return 0
}
