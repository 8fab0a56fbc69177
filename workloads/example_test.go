package workloads_test

import (
	"context"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// echo is a target that answers at once.
type echo struct{ done func([]*client.Op) }

func (e echo) Submit(ops []*client.Op) {
	for _, op := range ops {
		op.Outcome, op.Err = client.OutcomeOK, nil
	}
	e.done(ops)
}

// An open loop: 1,000 operations a second for a tenth of a second, evenly spaced.
func Example() {
	mix := workloads.Workload{Seed: 1, Reads: 0.5, PayloadMinBytes: 128, PayloadMaxBytes: 128}
	schedule := workloads.Rate(1000)
	schedule.Arrivals = workloads.Constant

	d, err := workloads.New(workloads.Config{
		Generate: mix.NewGenerator,
		Connect: func(_ int, done func([]*client.Op)) (workloads.Target, error) {
			return echo{done}, nil
		},
		Schedule: &schedule,
		Duration: 100 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := d.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	all := m.Window.Total()
	fmt.Println(m.Loop, "loop,", m.OfferedOpsPerS, "ops/s offered")
	fmt.Println(all.Started, "started,", all.Succeeded, "succeeded,", all.Refused, "refused")
	fmt.Println(all.Response.TotalCount(), "latencies from the intended start")
	// Output:
	// open loop, 1000 ops/s offered
	// 100 started, 100 succeeded, 0 refused
	// 100 latencies from the intended start
}

// One run at several loads: a point of a curve of latency against load from each
// stage.
func ExampleParseStages() {
	stages, err := workloads.ParseStages("100ms:1k,100ms:2k,200ms:2k..0")
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := workloads.New(workloads.Config{
		Generate: workloads.Workload{}.NewGenerator,
		Connect:  workloads.NullTarget,
		Schedule: &workloads.Schedule{Arrivals: workloads.Constant, Stages: stages},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := d.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range m.Stages {
		fmt.Printf("%v: %.0f ops/s offered, %d latencies\n", s.Stage, s.OfferedOpsPerS(), s.Response.TotalCount())
	}
	// Output:
	// 100ms:1k: 1000 ops/s offered, 100 latencies
	// 100ms:2k: 2000 ops/s offered, 200 latencies
	// 200ms:2k..0: 1000 ops/s offered, 200 latencies
}
