package batch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pairs(h *Histogram) map[int64]uint64 {
	m := map[int64]uint64{}
	for v, n := range h.Buckets() {
		m[v] += n
	}
	return m
}

// The buckets follow each other without a gap, hold what they say, and their
// middles are as near as promised.
func TestBucketsCoverEverythingClosely(t *testing.T) {
	next := int64(0)
	for i := range buckets {
		low, high := bounds(i)
		if low != next || high < low || bucketOf(uint64(low)) != i || bucketOf(uint64(high)) != i {
			t.Fatalf("bucket %d is %d to %d, after %d; these values go to %d and %d",
				i, low, high, next-1, bucketOf(uint64(low)), bucketOf(uint64(high)))
		}
		var h Histogram
		h.Record(low)
		for told := range h.Buckets() {
			if told != low || float64(high-told) > float64(low)/perOctave {
				t.Fatalf("bucket %d, %d to %d, is told as %d", i, low, high, told)
			}
		}
		next = high + 1
	}
	if next != maxValue+1 {
		t.Fatalf("the last bucket ends at %d, want %d", next-1, int64(maxValue))
	}
}

func TestHistogramCountsEverything(t *testing.T) {
	var h Histogram
	if h.Mean() != 0 || h.Count() != 0 {
		t.Fatalf("an empty histogram has %d values, mean %v", h.Count(), h.Mean())
	}
	for _, v := range []int64{-5, 0, 3, 3, 31, 32, 33, math.MaxInt64} {
		h.Record(v)
	}
	if h.Count() != 8 || h.Sum() != 3+3+31+32+33+math.MaxInt64 {
		t.Fatalf("%d values, sum %d", h.Count(), h.Sum())
	}
	low, _ := bounds(buckets - 1)
	want := map[int64]uint64{0: 2, 3: 2, 31: 1, 32: 2, low: 1}
	if d := cmp.Diff(want, pairs(&h)); d != "" {
		t.Fatalf("buckets (-want +got):\n%s", d)
	}
	for range h.Buckets() {
		break // a reader may stop
	}
}

func TestMergeAndSince(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var all, first, second Histogram
	for i := range 1000 {
		v := int64(rng.Uint64() >> (rng.Uint64() % 60))
		all.Record(v)
		if i < 400 {
			first.Record(v)
		} else {
			second.Record(v)
		}
	}
	merged := first
	merged.Merge(&second)
	if merged != all {
		t.Fatal("two halves merged are not the whole")
	}
	if all.Since(&first) != second {
		t.Fatal("the whole since the first half is not the second")
	}
	if second.Since(&all) != second {
		t.Fatal("a histogram that started anew did not count everything since")
	}
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	v := int64(0)
	for b.Loop() {
		h.Record(v)
		v += 1013
	}
}
