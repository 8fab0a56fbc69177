package search

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func cluster(t *testing.T) *Cluster {
	t.Helper()
	specs, err := transports.ParseList(transports.All(), "inproc")
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{
		Settings: experiment.Settings{
			Nodes: []int{3}, Clients: []int{4}, Payloads: []int{16}, ReadMode: experiment.ReadIndex, Keys: 100, MaxOutstanding: 1000,
			Timeout: 5 * time.Second, Timeouts: core.Timeouts{}.WithDefaults(),
		},
		Transport:    func(int) (transports.Spec, error) { return specs[0], nil },
		Label:        func(Trial) string { return "arm" },
		AllowInvalid: true,
	}
}

// A trial runs what it says, and no more: the setting, the load, the window and the seed.
func TestATrialIsMeasured(t *testing.T) {
	c := cluster(t)
	for _, want := range []Trial{
		{Setting: Setting{2 << 10, 100 * time.Microsecond, 2, 0, ""}, Window: 30 * time.Millisecond, Seed: 7},
		{Setting: Setting{4 << 10, 0, 3, 0, ""}, Rate: 2000, Window: 40 * time.Millisecond, Seed: 8},
		{Setting: Setting{4 << 10, 0, 3, 0, ""}, Clients: 9, Window: 20 * time.Millisecond, Seed: 9},
	} {
		var run *reports.Run
		c.Keep = func(_ Trial, r *reports.Run) { run = r }
		o, err := c.Measure(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		w := run.Arms[0].Workload
		clients := want.Clients
		if want.Rate == 0 && clients == 0 {
			clients = 4
		}
		if w.BatchSizeBytes != want.Setting.BatchSize || w.Linger != want.Setting.Linger || w.Pipeline != want.Setting.Pipeline ||
			w.Rate != want.Rate || want.Rate == 0 && w.Clients != clients || run.Plan.Window != want.Window || run.Seed != want.Seed || run.Arms[0].Label != "arm" {
			t.Errorf("%+v was measured as %+v in %v with seed %d", want, w, run.Plan.Window, run.Seed)
		}
		if _, ok := o.Values[reports.Throughput().Name]; !ok || o.Took < want.Window {
			t.Errorf("outcome %+v", o)
		}
	}
}

func TestATrialEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err := cluster(t).Measure(ctx, Trial{Setting: Setting{2 << 10, 0, 2, 0, ""}, Window: time.Minute})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestOverhead(t *testing.T) {
	c := cluster(t)
	c.Settings.Warmup = 400 * time.Millisecond
	if d, err := c.Overhead(Setting{2 << 10, 0, 2, 0, ""}); err != nil || d < 400*time.Millisecond || d > time.Second {
		t.Errorf("%v, %v", d, err)
	}
	c.Settings.Clients = []int{1, 2}
	if _, err := c.Overhead(Setting{2 << 10, 0, 2, 0, ""}); err == nil {
		t.Error("two numbers of clients make one trial")
	}
}

// What is rehearsed is what a search does where nothing goes wrong.
func TestRehearse(t *testing.T) {
	c := config(mustGoal(t, "throughput where p99<5ms"), 1)
	list, err := Rehearse(c)
	if err != nil {
		t.Fatal(err)
	}
	n, took := Total(list)
	if len(list) != 4 || n != 62 || took > c.Budget() || took < c.Budget()/2 {
		t.Errorf("%d trials in %v of %v: %+v", n, took, c.Budget(), list)
	}
	if list, err = RehearseCapacity(capacityConfig(t, "p99<5ms,throughput>10"), time.Second); err != nil || len(list) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}
