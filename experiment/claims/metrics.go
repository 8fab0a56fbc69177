package claims

import (
	"time"

	"github.com/raftbench/raftbench/reports"
)

// meanLatency is the metric of the mean response time. Claims quote it; it says little
// of what a user waits, so no report ranks by it.
func meanLatency() reports.Metric {
	return reports.Metric{
		Name: "latency_ns_mean", Title: "mean latency", Unit: "ns",
		Value: func(r *reports.Replicate) (float64, bool) {
			h := r.Response()
			return h.Mean(), h.Count() > 0
		},
		Format: reports.FormatLatency,
	}
}

// tail is the metric of p99 in multiples of p50.
func tail() reports.Metric {
	high, middle := reports.Latency(0.99), reports.Latency(0.5)
	return reports.Metric{
		Name: "latency_p99_over_p50", Title: "p99/p50",
		Value: func(r *reports.Replicate) (float64, bool) {
			p99, ok := high.Value(r)
			p50, carried := middle.Value(r)
			return p99 / max(p50, 1), ok && carried
		},
		Format: formatFactor,
	}
}

// reordersPerOp is the metric of appends that arrived out of order, per operation.
func reordersPerOp() reports.Metric {
	return reports.Metric{
		Name: "reorders_per_op", Title: "reorders/op",
		Value: func(r *reports.Replicate) (float64, bool) {
			done := r.Operations.Done()
			return float64(r.Reorders) / float64(max(done, 1)), done > 0
		},
		Format: reports.FormatNumber,
	}
}

// timePerMessage is the metric of the time that encoding and decoding one message
// takes, of results in LayerCodec.
func timePerMessage() reports.Metric {
	return reports.Metric{
		Name: "codec_ns_per_message", Title: "encode and decode", Unit: "ns",
		Value: func(r *reports.Replicate) (float64, bool) {
			done := r.Operations.Done()
			return float64(r.Window) / float64(max(done, 1)), done > 0
		},
		Format: reports.FormatLatency,
	}
}

// bytesPerMessage is the metric of the length of an encoded message, of results in
// LayerCodec.
func bytesPerMessage() reports.Metric {
	m := reports.WireBytesPerOp()
	m.Title = "encoded"
	return m
}

func p50() reports.Metric { return reports.Latency(0.5) }
func p99() reports.Metric { return reports.Latency(0.99) }

// milliseconds writes a limit of a latency as its metric counts it.
func milliseconds(ms float64) float64 { return ms * float64(time.Millisecond) }
