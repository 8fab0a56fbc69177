package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// Check is one condition under which a replicate's numbers may be trusted.
type Check struct {
	Name string // the first word of its reason, as in "little: ..."
	Why  string // what would be wrong with numbers that fail it

	// Warns: a failure is said and does not make the replicate invalid.
	Warns bool

	// Faultless: it is about a cluster that nothing is done to. A run with a fault
	// script is not judged by it, which is said in its warnings.
	Faultless bool

	// run says in one line what is wrong, or nothing. What it needs and was not
	// measured is not wrong.
	run func(*evidence) string
}

// evidence is what the checks look at: one replicate and what went on around it.
type evidence struct {
	measured  *workloads.Measurement
	window    workloads.OpRecord // of all operation types
	runErr    error              // of the driver
	elections int                // within the window
	breakdown *reports.Breakdown // nil: nothing was sampled
	build     build
	faulted   bool  // faults were asked for
	faultErr  error // why not all of them happened
	diskErr   error // of nodes whose storage failed

	// exhausted is how often connections were not made, or not accepted, for want of local
	// ports or file descriptors; kept, whether the arm was to keep those that it made.
	exhausted uint64
	kept      bool

	// alongside is what the other arms did in their turns; nil where there were none.
	alongside *alongside

	// around is nil where the window was too short to say anything about the
	// machine.
	around *surroundings
}

// Checks lists all checks, in the order in which their reasons are given: first
// what the driver and the cluster did, then what the machine did.
func Checks() []Check { return append(driverChecks(), machineChecks()...) }

// judge runs all checks. A replicate is valid if there are no reasons why not.
func judge(e *evidence) (reasons, warnings []string) {
	var excused []string
	for _, c := range Checks() {
		if c.Faultless && e.faulted {
			if !slices.Contains(excused, c.Name) {
				excused = append(excused, c.Name)
			}
			continue
		}
		text := c.run(e)
		switch {
		case text == "":
		case c.Warns:
			warnings = append(warnings, c.Name+": "+text)
		default:
			reasons = append(reasons, c.Name+": "+text)
		}
	}
	if len(excused) > 0 {
		warnings = append(warnings, "faults: they were asked for, so the replicate was not judged by "+strings.Join(excused, ", "))
	}
	return reasons, warnings
}

// oneLine makes an error fit for a list of reasons.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// percent writes a share for a reader.
func percent(share float64) string {
	if share > 0 && share < 0.0995 {
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// latency writes a time for a reader.
func latency(d time.Duration) string { return reports.FormatLatency(float64(d)) }
