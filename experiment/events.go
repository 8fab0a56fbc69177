package experiment

import (
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// span is a stretch of time by the clock on the wall.
type span struct {
	from   time.Time
	length time.Duration
}

// events are what happened within the window of m, in order. A window with faults is in
// one piece.
func (r *replicate) events(m *workloads.Measurement) []reports.Event {
	where := r.where(m)
	return inOrder(elections(r.system.leaderships(), where), r.faults.events(where[0].from, where[0].length))
}

// elections are the leaders that began within a window, which is the spans end to end.
// Those that began between two spans are put where these meet.
func elections(list []cluster.Leadership, spans []span) []reports.Event {
	var events []reports.Event
	for _, l := range list {
		if at, ok := place(l.At, spans); ok {
			events = append(events, reports.Event{At: at, Kind: reports.EventElection, Text: fmt.Sprintf("%v leads in term %d", l.Node, l.Term)})
		}
	}
	return events
}

// place is where an instant lies in a window that is the spans end to end.
func place(at time.Time, spans []span) (offset time.Duration, ok bool) {
	for i, s := range spans {
		since := at.Sub(s.from)
		if since < s.length {
			return offset + max(since, 0), since >= 0 || i > 0
		}
		offset += s.length
	}
	return 0, false
}
