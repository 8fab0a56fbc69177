package workloads

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core/client"
)

// Part is one stretch of an operation's response time: the client's stages, and
// what the driver adds before and after them. The parts follow each other
// without a gap, from the intended start to the recorded completion.
type Part uint8

// The parts that are the driver's own. Those in between are the client's:
// Part(1+s) is client.Stage s.
const (
	// PartDispatch is from the intended start to the send: the dispatch lag.
	PartDispatch Part = 0

	// PartDeliver is by how much longer the driver had the operation under way than
	// the client: from where the client read its clock before it handed the operation
	// back to where the driver read its own, and the few nanoseconds between the send
	// and the client's reading in Submit. It is not what the other parts leave, so a
	// stage that was lost is missing from the sum.
	PartDeliver Part = NumParts - 1
)

// NumParts is the number of parts, for arrays indexed by Part.
const NumParts = client.NumStages + 2

func (p Part) String() string {
	switch p {
	case PartDispatch:
		return "dispatch"
	case PartDeliver:
		return "deliver"
	default:
		return client.Stage(p - 1).String()
	}
}

// Breakdown is where the time of sampled operations went.
type Breakdown struct {
	Samples uint64

	// Response is the sum of the sampled operations' response times, and Sums that
	// of each part. They add up to Response unless a stage was lost.
	Response time.Duration
	Sums     [NumParts]time.Duration

	// Histograms of the parts, in nanoseconds with 2 significant digits. Zeros are
	// counted.
	Histograms [NumParts]*hdrhistogram.Histogram

	// Overlapping counts operations that the client says it had for longer than they
	// were under way, which a clock that is not shared can do. Their PartDeliver is
	// negative in the sum and zero in the histogram.
	Overlapping uint64
}

func newBreakdown() *Breakdown {
	b := &Breakdown{}
	for i := range b.Histograms {
		b.Histograms[i] = hdrhistogram.New(1, int64(MaxLatency), seriesDigits)
	}
	return b
}

// Mean is the mean duration of a part; zero if there is no sample.
func (b *Breakdown) Mean(p Part) time.Duration {
	if b.Samples == 0 {
		return 0
	}
	return b.Sums[p] / time.Duration(b.Samples)
}

// add records a finished operation that was sampled.
func (b *Breakdown) add(s *Sample) {
	response := s.Done - s.Intended
	b.Samples++
	b.Response += response
	b.part(PartDispatch, s.Sent-s.Intended)
	for stage, d := range s.Stages {
		b.part(Part(1+stage), d)
	}
	deliver := s.Done - s.Sent - s.Took
	if deliver < 0 {
		b.Overlapping++
	}
	b.part(PartDeliver, deliver)
}

func (b *Breakdown) part(p Part, d time.Duration) {
	b.Sums[p] += d
	_ = b.Histograms[p].RecordValue(int64(min(max(d, 0), MaxLatency))) // in range by construction
}

// reset forgets what was recorded and keeps the memory.
func (b *Breakdown) reset() {
	*b = Breakdown{Histograms: b.Histograms}
	for _, h := range b.Histograms {
		h.Reset()
	}
}

// mergeBreakdown adds from to into, which it makes if there is none.
func mergeBreakdown(into, from *Breakdown) *Breakdown {
	if from == nil || from.Samples == 0 {
		return into
	}
	if into == nil {
		into = &Breakdown{}
	}
	into.Samples += from.Samples
	into.Response += from.Response
	into.Overlapping += from.Overlapping
	for p := range from.Sums {
		into.Sums[p] += from.Sums[p]
		into.Histograms[p] = mergeHistogram(into.Histograms[p], from.Histograms[p])
	}
	return into
}
