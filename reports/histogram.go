package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The geometry of histograms made by merging: one nanosecond to ten minutes in
// three significant digits, so a value is at most 0.1 % above what was recorded.
const (
	lowestNS  = 1
	highestNS = int64(600e9)
	digits    = 3
)

// Histogram counts values in buckets of three significant digits. It never
// changes once it is made; percentiles are taken from merged histograms and
// never averaged.
//
// Its memory grows with the buckets in use, a few KiB for a latency
// distribution, where the recorder's dense form takes some hundred.
type Histogram struct {
	packed *hdrhistogram.PackedHistogram
}

// NewHistogram takes over the counts of a recorder's histogram, which stays the
// caller's, in at most three significant digits. A nil h gives an empty histogram.
func NewHistogram(h *hdrhistogram.Histogram) *Histogram {
	if h == nil {
		return MergeHistograms()
	}
	low, high := h.LowestTrackableValue(), h.HighestTrackableValue()
	p := hdrhistogram.NewPacked(low, high, int(min(h.SignificantFigures(), digits)))
	p.MergeFrom(h)
	return &Histogram{packed: p}
}

// MergeHistograms adds histograms up. Without any it returns an empty one.
// Values above ten minutes, which no timeout lets through, count as ten minutes.
func MergeHistograms(list ...*Histogram) *Histogram {
	sum := hdrhistogram.NewPacked(lowestNS, highestNS, digits)
	for _, h := range list {
		if h.packed.Max() <= highestNS {
			sum.Merge(h.packed)
			continue
		}
		for value, count := range h.packed.ForEachBucket {
			// An overflowing total is the only error left, and it saturates.
			_ = sum.RecordValues(min(value, highestNS), count)
		}
	}
	return &Histogram{packed: sum}
}

// Count is the number of values.
func (h *Histogram) Count() int64 { return h.packed.TotalCount() }

// Max is the largest value, to the histogram's precision; zero when empty.
func (h *Histogram) Max() int64 {
	if h.Count() == 0 {
		return 0
	}
	return h.packed.Max()
}

// Mean is the arithmetic mean; zero when empty.
func (h *Histogram) Mean() float64 { return h.packed.Mean() }

// AtRank is the rank-th smallest value, counting from 1, to the histogram's
// precision; zero when there is no such rank.
func (h *Histogram) AtRank(rank int64) int64 {
	n := h.Count()
	if rank < 1 || rank > n {
		return 0
	}
	// The library rounds percentile*count to the nearest rank, so this asks for
	// exactly the rank that is meant.
	return h.packed.ValueAtPercentile(100 * float64(rank) / float64(n))
}

// Percentile is a quantile of a histogram with its confidence interval.
type Percentile struct {
	Quantile float64 // 0.99
	Value    int64

	// Low and High bound the true quantile in 95 of 100 repetitions, if the
	// values are independent of each other. Within one replicate they hardly
	// are, so the interval is the least uncertainty there is.
	Low, High int64

	// Carried says that the sample is large enough to speak of this quantile
	// at all (MinSamples). If not, the other values are zero.
	Carried bool
}

// Percentile returns the quantile q, 0 < q < 1.
func (h *Histogram) Percentile(q float64) Percentile {
	n := h.Count()
	if n < MinSamples(q) {
		return Percentile{Quantile: q}
	}
	low, high := quantileRanks(q, n)
	return Percentile{
		Quantile: q,
		Value:    h.AtRank(quantileRank(q, n)),
		Low:      h.AtRank(low),
		High:     h.AtRank(high),
		Carried:  true,
	}
}

// Interval returns a copy that the log writer of the HdrHistogram library takes:
// stamped with its interval in milliseconds since the epoch, and a tag.
func (h *Histogram) Interval(startMS, endMS int64, tag string) *hdrhistogram.PackedHistogram {
	p := h.packed.Clone()
	p.SetStartTimeMs(startMS)
	p.SetEndTimeMs(endMS)
	p.SetTag(tag)
	return p
}

// MarshalJSON writes the HdrHistogram V2 compressed encoding in base64, which
// every implementation of HdrHistogram reads.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	if h == nil || h.packed == nil {
		return nil, errors.New("histogram was never made")
	}
	encoded, err := h.packed.EncodeV2()
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(string(encoded))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var encoded string
	if err := json.Unmarshal(data, &encoded); err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	p, err := hdrhistogram.DecodePacked([]byte(encoded))
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	// More digits than any recorder uses would let a small file ask for a lot of
	// memory; a saturated total would make every rank wrong.
	if p.SignificantFigures() > digits || p.TotalCount() == math.MaxInt64 {
		return fmt.Errorf("histogram: %d significant digits and %d values: want at most %d digits and fewer values",
			p.SignificantFigures(), p.TotalCount(), digits)
	}
	h.packed = p
	return nil
}
