package calibration

import (
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Discard is an experiment.Keeper that keeps nothing: of a calibration only what is worked
// out from it counts.
type Discard struct{}

// Begin implements experiment.Keeper.
func (Discard) Begin(*reports.Run) error { return nil }

// Partial implements experiment.Keeper.
func (Discard) Partial([]reports.Measured) error { return nil }

// Replicate implements experiment.Keeper.
func (Discard) Replicate(reports.Measured) error { return nil }

// End implements experiment.Keeper.
func (Discard) End(reports.Status, time.Time, ...string) error { return nil }
