package experiment

import "github.com/raftbench/raftbench/reports"

// Machine describes this machine, and the Go that this program was built with, as
// reports.Run.Machine will in its results: what a calibration is kept by.
func Machine() string {
	r := reports.Run{Tool: tool(), Environment: environment()}
	return r.Machine()
}

// CPUModel names the processor of this machine; empty if nobody knows.
func CPUModel() string { return environment().CPUModel }
