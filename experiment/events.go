package experiment

import (
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
)

// eventElection is the Kind of an event: a node began to lead.
const eventElection = "election"

// elections are the leaders that began within a window.
func elections(list []cluster.Leadership, opened time.Time, window time.Duration) []reports.Event {
	var events []reports.Event
	for _, l := range list {
		if at := l.At.Sub(opened); at >= 0 && at < window {
			events = append(events, reports.Event{At: at, Kind: eventElection, Text: fmt.Sprintf("%v leads in term %d", l.Node, l.Term)})
		}
	}
	return events
}
