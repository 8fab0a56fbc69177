package reports

import "time"

// AllOps is the Op of a histogram of all operation types together.
const AllOps = "all"

// Step is what was measured in one stage of a schedule that has several: a point
// of a curve of latency against load. Operations belong to the step in which they
// were meant to start; Achieved counts by when they were done.
type Step struct {
	Name   string        `json:"name"`  // as in --stages: "10s:1k"
	At     time.Duration `json:"at_ns"` // from the start of the window
	Length time.Duration `json:"length_ns"`

	Offered  float64 `json:"offered_ops_per_s"`
	Achieved float64 `json:"achieved_ops_per_s"`

	// Sustained says that what was offered was achieved and nothing was refused. A
	// step that was not is shown and never ranked: its latencies are those of a queue
	// that grows.
	Sustained bool `json:"sustained"`

	Operations Operations    `json:"operations"`
	Histograms []OpHistogram `json:"histograms,omitempty"` // KindResponse and KindLag, of AllOps
}

// Response is the histogram of response times in the step.
func (s *Step) Response() *Histogram {
	for _, h := range s.Histograms {
		if h.Kind == KindResponse {
			return h.Histogram
		}
	}
	return MergeHistograms()
}
