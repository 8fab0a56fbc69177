package tables

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// warmups sums up what the warm-ups of some replicates left out.
type warmups struct {
	n          int
	shortest   time.Duration
	longest    time.Duration
	ended      map[string]int
	operations uint64
	responses  []*reports.Histogram
	without    int // replicates that had none
}

func (w *warmups) add(r *reports.Replicate) {
	d := r.Discarded
	if d == nil {
		w.without++
		return
	}
	if w.n == 0 || r.Warmup < w.shortest {
		w.shortest = r.Warmup
	}
	if w.ended == nil {
		w.ended = map[string]int{}
	}
	w.n++
	w.longest = max(w.longest, r.Warmup)
	w.ended[d.Ended]++
	w.operations += d.Operations.Succeeded
	for _, h := range d.Histograms {
		if h.Kind == reports.KindResponse && h.Histogram != nil {
			w.responses = append(w.responses, h.Histogram)
		}
	}
}

// lasted is "1s", or "1s to 1.4s".
func (w *warmups) lasted() string {
	first, last := w.shortest.Round(10*time.Millisecond).String(), w.longest.Round(10*time.Millisecond).String()
	if first == last {
		return first
	}
	return first + " to " + last
}

// reasons are "stationary", or "3 stationary, 1 limit".
func (w *warmups) reasons() string {
	words := slices.Sorted(maps.Keys(w.ended))
	if len(words) == 1 {
		return clean(words[0])
	}
	var parts []string
	for _, word := range words {
		parts = append(parts, fmt.Sprintf("%d %s", w.ended[word], clean(word)))
	}
	return strings.Join(parts, ", ")
}

func warmupRow(s *reports.Summary) []Cell {
	var w warmups
	for i := range s.Arm.Replicates {
		w.add(&s.Arm.Replicates[i])
	}
	if w.n == 0 {
		return nil
	}
	row := []Cell{{Text: label(s)}, {Text: w.reasons()}, {Text: w.lasted()}, {Text: reports.FormatCount(float64(w.operations))}}
	merged := reports.MergeHistograms(w.responses...)
	for _, q := range []float64{0.5, 0.99} {
		text := absent
		if p := merged.Percentile(q); p.Carried {
			text = reports.FormatLatency(float64(p.Value))
		}
		row = append(row, Cell{Text: text})
	}
	return row
}

// warmupLine says in a line what the warm-ups of the whole run left out; empty if
// there were none.
func warmupLine(run *reports.Run) string {
	var w warmups
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			w.add(&run.Arms[i].Replicates[j])
		}
	}
	if w.n == 0 {
		return ""
	}
	return fmt.Sprintf("Warm-up left out before each window: %s (%s), %s operations in all.",
		w.lasted(), w.reasons(), reports.FormatCount(float64(w.operations)))
}
