package tables

import (
	"io"
	"strconv"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// RecoveryCSV writes what followed each fault, repair and change, a row for each.
func RecoveryCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "replicate", "at_s", "kind", "verb", "node", "took_s", "first_success_s", "level_ops_per_s", "lost", "back_s"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			for j := range run.Arms[i].Replicates {
				r := &run.Arms[i].Replicates[j]
				for _, rec := range r.Recoveries() {
					level, lost := "", ""
					if rec.Level > 0 {
						level, lost = number(rec.Level), strconv.FormatBool(rec.Lost)
					}
					row(run.Arms[i].Label, strconv.Itoa(r.Index), number(rec.At.Seconds()), rec.Kind, rec.Fault.Verb, strconv.Itoa(rec.Fault.Node),
						number(rec.Fault.Took.Seconds()), seconds(rec.Fault.FirstSuccess), level, lost, seconds(rec.Back))
				}
			}
		}
	})
}

func seconds(d *time.Duration) string {
	if d == nil {
		return ""
	}
	return number(d.Seconds())
}

// BreakersCSV writes when circuit breakers changed, a row for each change.
func BreakersCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "replicate", "at_s", "from", "peer", "state"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			for j := range run.Arms[i].Replicates {
				r := &run.Arms[i].Replicates[j]
				for _, c := range r.Breakers {
					row(run.Arms[i].Label, strconv.Itoa(r.Index), number(c.At.Seconds()), c.From, strconv.Itoa(c.Peer), c.State)
				}
			}
		}
	})
}
