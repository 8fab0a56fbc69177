package transports_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/linear"
)

// A peer flaps, the leader first, while clients retry what is safe and hedge their
// reads: what they see could have come from one machine, and every operation is
// counted as what it became.
func TestFlappingPeer(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		h := build(t, network)
		h.link = client.Config{
			Retry: client.Retry{Budget: client.DefaultBudget()},
			Hedge: client.Hedge{After: 2 * time.Millisecond},
		}
		h.staysLinearizable(t, network, 11)
	})
}

// staysLinearizable drives the house while a node flaps, closes it, and checks what the
// clients saw.
func (h *house) staysLinearizable(t *testing.T, network *core.Network, seed uint64) {
	t.Helper()
	history := workloads.NewHistory(1 << 20)
	driver, clients := h.driver(t, workloads.Config{Clients: 12, Operations: 3000, History: history},
		workloads.Workload{Seed: seed, Reads: 0.5, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16})
	flapped := make(chan error, 1)
	go func() { flapped <- h.flap(driver, network.InProcess || network.TakesSockets) }()
	m, err := driver.Run(context.Background())
	if err != nil {
		t.Error(err)
	}
	if err := errors.Join(<-flapped, clients(), h.Close()); err != nil {
		t.Fatal(err)
	}
	events, dropped := history.Events()
	if dropped > 0 {
		t.Fatalf("the history misses %d operations", dropped)
	}
	checkCounts(t, m, events)
	if err := linear.Check(events, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// flap takes one node after the other away and gives it back, the leader first, in
// step with what the driver has done. Without connections that can be cut, nodes are killed.
func (h *house) flap(d *workloads.Driver, uncuttable bool) error {
	take, back := h.Isolate, func(id core.NodeID) error { h.Heal(id); return nil }
	if uncuttable {
		take, back = h.Kill, h.Restart
	}
	for round := range 4 {
		done(d, 400+600*uint64(round))
		id := h.Leader()
		if round%2 == 1 || id == 0 {
			id = core.NodeID(1 + round%3)
		}
		if err := take(id); err != nil {
			return err
		}
		done(d, 700+600*uint64(round)) // by the others
		if err := back(id); err != nil {
			return err
		}
	}
	return nil
}

// done waits until so many operations have ended.
func done(d *workloads.Driver, n uint64) {
	deadline := time.Now().Add(60 * time.Second)
	for p := d.Progress(); p.Succeeded+p.Failed+p.Unknown < n && time.Now().Before(deadline); p = d.Progress() {
		time.Sleep(time.Millisecond)
	}
}

// checkCounts compares what the recorder counted with the history, which is kept
// apart from it.
func checkCounts(t *testing.T, m *workloads.Measurement, events []workloads.Event) {
	t.Helper()
	seen := map[client.Outcome]uint64{}
	for _, e := range events {
		seen[e.Outcome]++
	}
	total := m.Window.Total()
	counted := map[client.Outcome]uint64{client.OutcomeOK: total.Succeeded, client.OutcomeFailed: total.Failed, client.OutcomeUnknown: total.Unknown + total.InFlight}
	for outcome, n := range counted {
		if seen[outcome] != n {
			t.Errorf("%d operations are counted as %v, the history has %d", n, outcome, seen[outcome])
		}
	}
	classes := uint64(0)
	for key, n := range total.Errors {
		if key.Class == "other" {
			t.Errorf("%d errors have no class", n)
		}
		classes += n
	}
	if classes != total.Failed+total.Unknown || total.Succeeded == 0 {
		t.Errorf("%d errors by class of %d failed and %d unknown; %d succeeded", classes, total.Failed, total.Unknown, total.Succeeded)
	}
}
