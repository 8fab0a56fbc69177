package calibration

import (
	"context"
	"errors"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// LagRate is the rate at which DispatchLag drives, in operations per second.
const LagRate = 20_000

// lagWarmup is left out: the first operations meet cold caches and a thread that is
// about to be made.
const lagWarmup = 200 * time.Millisecond

// DispatchLag drives a target that hands everything back at once with an open loop, for
// so long, and returns how late operations left, in nanoseconds: what the driver
// itself adds to every response time. An error says that ctx was cancelled.
func DispatchLag(ctx context.Context, length time.Duration) (*reports.Histogram, error) {
	schedule := workloads.Rate(LagRate)
	schedule.Seed = 1
	d, err := workloads.New(workloads.Config{
		Generate: workloads.Workload{Seed: 1, PayloadMinBytes: 128, PayloadMaxBytes: 128}.NewGenerator,
		Connect:  connectNull,
		Workers:  1,
		Schedule: &schedule,
		Warmup:   lagWarmup,
		Duration: length,
	})
	if err != nil {
		return nil, err
	}
	m, err := d.Run(ctx)
	if err != nil {
		return nil, err
	}
	if m.Interrupted {
		return nil, errors.New("interrupted")
	}
	total := m.Window.Total()
	return reports.NewHistogram(total.Lag), nil
}

// null hands every operation back from within Submit.
type null struct{ done func([]*client.Op) }

func connectNull(_ int, done func([]*client.Op)) (workloads.Target, error) { return null{done}, nil }

// Submit implements workloads.Target.
func (n null) Submit(ops []*client.Op) {
	for _, op := range ops {
		op.Outcome, op.Err = client.OutcomeOK, nil
	}
	n.done(ops)
}
