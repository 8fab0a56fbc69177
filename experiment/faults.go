package experiment

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment/fault"
	"github.com/raftbench/raftbench/reports"
)

// faultScript does a replicate's fault script while its window runs, and keeps what came
// of it. Its methods may be called concurrently, and on nil, which does nothing.
//
// begin starts two goroutines: the operator, and one that looks at the circuit
// breakers. end awaits both.
type faultScript struct {
	actions  []fault.Action
	operator fault.Operator
	timeout  func(read bool) time.Duration // of an operation
	breakers *breakerWatch

	window  context.Context // ends with it
	halt    context.CancelFunc
	running sync.WaitGroup

	unserved atomic.Int32 // of done: those after which nothing has succeeded yet

	mu   sync.Mutex
	done []inflicted
	err  error // why the script was not done to its end
}

// inflicted is one fault with what followed.
type inflicted struct {
	fault.Done
	served time.Time // when an operation was done that began after it; zero: none yet
}

// settled is from when on its success is looked for: a change of members may take long,
// and what follows it is what its end does.
func (d *inflicted) settled() time.Time {
	if d.Changes() {
		return d.At.Add(d.Took)
	}
	return d.At
}

// newFaults makes ready what the settings ask for; nil if that is nothing.
func (r *replicate) newFaults() *faultScript {
	s, ok := r.system.(*raftSystem)
	if !ok || len(r.settings.Faults) == 0 {
		return nil
	}
	window, halt := context.WithCancel(context.Background())
	f := &faultScript{
		actions:  r.settings.Faults.Schedule(r.settings.window(&r.arm)),
		operator: fault.Operator{Target: (*faultTarget)(s), Nodes: r.arm.Nodes},
		timeout:  r.settings.timeout,
		breakers: &breakerWatch{system: s},
		window:   window,
		halt:     halt,
	}
	f.operator.Done = f.add
	return f
}

// begin starts the script: the window has begun.
func (f *faultScript) begin(opened time.Time) {
	if f == nil {
		return
	}
	f.operator.Wait = func(at time.Duration) bool { return f.wait(time.Until(opened.Add(at))) }
	f.running.Go(func() {
		err := f.operator.Run(f.window, f.actions)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.err = err
	})
	f.running.Go(func() {
		f.breakers.look(time.Now())
		for f.wait(breakerInterval) {
			f.breakers.look(time.Now())
		}
	})
}

// wait sleeps, and returns false when the window has ended.
func (f *faultScript) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.window.Done():
		return false
	}
}

// stop has nothing more done: the window has ended.
func (f *faultScript) stop() {
	if f != nil {
		f.halt()
	}
}

// end stops and waits until nothing more is being done. It returns why the script
// was not done to its end.
func (f *faultScript) end() error {
	if f == nil {
		return nil
	}
	f.stop()
	f.running.Wait()
	return f.err
}

// add is the operator's Done.
func (f *faultScript) add(d fault.Done) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, inflicted{Done: d})
	f.unserved.Add(1)
}

// watched is done with a look at what succeeds after a fault.
func (f *faultScript) watched(done func([]*client.Op)) func([]*client.Op) {
	if f == nil {
		return done
	}
	return func(ops []*client.Op) {
		if f.unserved.Load() > 0 {
			f.serve(ops, time.Now())
		}
		done(ops)
	}
}

// serve notes the first success of an operation that began after a fault: what had
// begun before may have been as good as done.
func (f *faultScript) serve(ops []*client.Op, now time.Time) {
	var latest time.Time
	for _, op := range ops {
		if began := op.Deadline().Add(-f.timeout(op.Read)); op.Outcome == client.OutcomeOK && began.After(latest) {
			latest = began
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.done {
		if d := &f.done[i]; d.served.IsZero() && latest.After(d.At.Add(d.Took)) {
			d.served = now
			f.unserved.Add(-1)
		}
	}
}

// events are what was done within a window.
func (f *faultScript) events(opened time.Time, window time.Duration) []reports.Event {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []reports.Event
	for _, d := range f.done {
		at := max(0, d.At.Sub(opened))
		if at >= window {
			continue
		}
		e := reports.Event{At: at, Kind: kindOf(d.Done), Text: d.String(), Fault: &reports.Fault{Verb: string(d.Verb), Node: d.Whom(), Took: d.Took}}
		if served := d.served.Sub(opened); !d.served.IsZero() && served < window {
			e.Fault.FirstSuccess = new(served - d.settled().Sub(opened))
		}
		list = append(list, e)
	}
	return list
}

func kindOf(d fault.Done) string {
	switch {
	case d.Breaks():
		return reports.EventFault
	case d.Changes():
		return reports.EventChange
	}
	return reports.EventRepair
}

// faultTarget is a cluster to do faults to.
type faultTarget raftSystem

// Cut implements fault.Target.
func (t *faultTarget) Cut(node int) error { return t.cluster.Isolate(core.NodeID(node)) }

// Heal implements fault.Target.
func (t *faultTarget) Heal(node int) { t.cluster.Heal(core.NodeID(node)) }

// Kill implements fault.Target. What the node has counted is kept.
func (t *faultTarget) Kill(node int) error {
	(*raftSystem)(t).retire(core.NodeID(node))
	return t.cluster.Kill(core.NodeID(node))
}

// Restart implements fault.Target.
func (t *faultTarget) Restart(node int) error { return t.cluster.Restart(core.NodeID(node)) }

// Transfer implements fault.Target.
func (t *faultTarget) Transfer(node int) {
	if leader := t.cluster.Node(t.cluster.Leader()); leader != nil {
		leader.TransferLeadership(core.NodeID(node))
	}
}

// Leader implements fault.Target.
func (t *faultTarget) Leader() int { return int(t.cluster.Leader()) }

// Add implements fault.Target.
func (t *faultTarget) Add(ctx context.Context) (int, error) {
	id, err := t.cluster.AddMember(ctx)
	return int(id), err
}

// Change implements fault.Target. What a node has counted that leaves is kept.
func (t *faultTarget) Change(ctx context.Context, in, out int) error {
	var joining, leaving []core.NodeID
	if in > 0 {
		joining = append(joining, core.NodeID(in))
	}
	if out > 0 {
		leaving = append(leaving, core.NodeID(out))
		(*raftSystem)(t).retire(core.NodeID(out))
	}
	return t.cluster.Replace(ctx, leaving, joining)
}

// inOrder joins events.
func inOrder(lists ...[]reports.Event) []reports.Event {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b reports.Event) int { return cmp.Compare(a.At, b.At) })
	return all
}

// electionsOf counts the elections in a list of events.
func electionsOf(list []reports.Event) uint64 {
	n := uint64(0)
	for _, e := range list {
		if e.Kind == reports.EventElection {
			n++
		}
	}
	return n
}
