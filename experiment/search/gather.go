package search

import (
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// Gather adds the arms of a run to another, for a picture of latency against load. Arms of the
// same label become one. They were not measured in turns, and no verdict rests on them.
//
// Trials that say nothing of the setting, because of what the machine did, count only as long
// as there is no other at the same rate: one that was made again would else mark the point
// as INVALID for ever. The list of trials has all of them.
func Gather(all, more *reports.Run) {
	for _, a := range more.Arms {
		dest := all.FindArm(a.Label)
		if dest == nil {
			all.Arms = append(all.Arms, a)
			dest = &all.Arms[len(all.Arms)-1]
			dest.Replicates = nil
		}
		for _, r := range a.Replicates {
			r.After += max(0, more.Started.Sub(all.Started))
			dest.Replicates = join(dest.Replicates, r)
		}
		for i := range dest.Replicates {
			dest.Replicates[i].Index, dest.Replicates[i].Block = i+1, i+1
		}
		all.Plan.Replicates = max(all.Plan.Replicates, len(dest.Replicates))
	}
	all.Finished = more.Finished
	all.Plan.Interleaved = false
}

func join(list []reports.Replicate, r reports.Replicate) []reports.Replicate {
	useless := func(r reports.Replicate) bool { return !r.Valid && !unsustained(r.Reasons, false) }
	if !useless(r) {
		list = slices.DeleteFunc(list, useless)
	} else if slices.ContainsFunc(list, func(r reports.Replicate) bool { return !useless(r) }) {
		return list
	}
	return append(list, r)
}
