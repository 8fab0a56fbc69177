package experiment

import (
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Machine describes this machine, and the Go that this program was built with, as
// reports.Run.Machine will in its results: what a calibration is kept by.
func Machine() string {
	r := reports.Run{Tool: tool(), Environment: environment()}
	return r.Machine()
}

// CPUModel names the processor of this machine; empty if nobody knows.
func CPUModel() string { return environment().CPUModel }

// NewRun makes a result of this program on this machine, without a plan and without arms:
// for what is measured without a cluster.
func NewRun(h Header) *reports.Run {
	env := environment()
	return &reports.Run{
		Status:      reports.StatusRunning,
		Tool:        tool(),
		Argv:        h.Argv,
		Started:     time.Now(),
		Settings:    h.Settings,
		Environment: env,
		Calibration: h.Calibration,
	}
}

// BuildFaults lists what makes every number from this program wrong: instrumentation, and
// missing optimisation.
func BuildFaults() []string { return thisBuild().slow() }
