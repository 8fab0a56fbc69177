package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// errInvalid ends a command that has measured and kept what may not be trusted.
var errInvalid = errors.New("the measurement is INVALID")

// judge makes an error of a run with an arm that is INVALID, unless that was
// allowed. An interruption (exit code 130) and an error (1) come before it: they
// explain what is invalid. It comes before thresholds and verdicts (3): numbers
// that may not be trusted neither pass nor fail.
func judge(run *reports.Run, allow bool) error {
	var arms []string
	for i := range run.Arms {
		a := &run.Arms[i]
		invalid := 0
		for j := range a.Replicates {
			if !a.Replicates[j].Valid {
				invalid++
			}
		}
		if invalid > 0 {
			arms = append(arms, fmt.Sprintf("%s (%d of %d replicates)", a.Label, invalid, len(a.Replicates)))
		}
	}
	if len(arms) == 0 || allow {
		return nil
	}
	return fmt.Errorf("%w: %s; it is kept and not ranked, with the reasons below the table", errInvalid, strings.Join(arms, ", "))
}
