package workloads

import (
	"context"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// nullTarget answers everything from within Submit.
type nullTarget struct {
	done func([]*client.Op)
}

// NullTarget is a Connect for a target that does nothing, and takes no time for
// it: what is measured against it is the driver.
func NullTarget(_ int, done func([]*client.Op)) (Target, error) { return nullTarget{done}, nil }

// Submit implements Target.
func (n nullTarget) Submit(ops []*client.Op) {
	for _, op := range ops {
		op.Outcome, op.Err = client.OutcomeOK, nil
	}
	n.done(ops)
}

// lagWarmup is what MeasureDispatchLag leaves out.
const lagWarmup = 200 * time.Millisecond

// MeasureDispatchLag drives the null target in an open loop with Poisson
// arrivals. The Lag of the result's Window says how late this machine lets a
// dispatcher start operations, at that rate and with what else it has to do now.
func MeasureDispatchLag(ctx context.Context, opsPerS float64, length time.Duration) (*Measurement, error) {
	schedule := Rate(opsPerS)
	d, err := New(Config{
		Generate: Workload{PayloadMinBytes: payloadIDBytes, PayloadMaxBytes: payloadIDBytes}.NewGenerator,
		Connect:  NullTarget,
		Schedule: &schedule,
		Warmup:   lagWarmup,
		Duration: length,
	})
	if err != nil {
		return nil, fmt.Errorf("dispatch lag: %w", err)
	}
	return d.Run(ctx)
}
