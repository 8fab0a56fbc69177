package main

import (
	"errors"
	"fmt"
	"time"
)

// measurement is the result of a measuring, as it is written.
type measurement struct {
	Block             int     `json:"block"`
	Engine            string  `json:"engine"`
	Clients           int     `json:"clients"`
	ThroughputOpsPerS float64 `json:"throughput_ops_per_s"`
	ResponseNsP50     int64   `json:"response_ns_p50"`
	ResponseNsP99     int64   `json:"response_ns_p99"`
	ResponseNsMax     int64   `json:"response_ns_max"`
	CPUNsPerOp        float64 `json:"cpu_ns_per_op"` // of the whole process
	Acknowledged      uint64  `json:"acknowledged"`  // warm-up included
	Unknown           uint64  `json:"unknown"`       // nobody knows whether they were carried out
	Failed            uint64  `json:"failed"`
	Applied           uint64  `json:"applied"`   // on every node, by all slices
	Restarted         bool    `json:"restarted"` // and again after a restart from the directories
}

// errNothingDone: there is nothing to tell of such a window.
var errNothingDone = errors.New("no command was acknowledged in the window: want a longer -d")

func (m *measuring) result() (*measurement, error) {
	window, warmup := m.measured.Window.Total(), m.measured.Warmup.Total()
	if window.Succeeded == 0 {
		return nil, errNothingDone
	}
	return &measurement{
		Engine: m.engine.name, Clients: m.clients,
		ThroughputOpsPerS: m.measured.Window.ThroughputOpsPerS(),
		ResponseNsP50:     window.Response.ValueAtQuantile(50),
		ResponseNsP99:     window.Response.ValueAtQuantile(99),
		ResponseNsMax:     window.Response.Max(),
		CPUNsPerOp:        float64(m.cpu) / float64(max(window.Completed, 1)),
		Acknowledged:      window.Succeeded + warmup.Succeeded,
		Unknown:           window.Unknown + warmup.Unknown + window.InFlight + warmup.InFlight,
		Failed:            window.Failed + warmup.Failed,
	}, nil
}

// String is a line of progress.
func (m *measurement) String() string {
	return fmt.Sprintf("%-22s %5d clients  %9.0f ops/s  p50 %v  p99 %v", m.Engine, m.Clients, m.ThroughputOpsPerS,
		time.Duration(m.ResponseNsP50).Round(time.Microsecond), time.Duration(m.ResponseNsP99).Round(time.Microsecond))
}
