package experiment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// Observer is told how a run goes. Its methods are called one at a time; they
// must return soon, for the next replicate waits. A nil Observer is told nothing.
type Observer interface {
	// ReplicateStarts is called before a cluster is started.
	ReplicateStarts(p Position)
	// Progress is called some times a second while a replicate runs.
	Progress(p Position, now workloads.Progress)
	// Partial is called while a replicate runs, with what it has so far: every
	// Settings.KeepEvery, and after each slice of one that takes turns. It must not
	// change r, which others read too.
	Partial(p Position, r *reports.Replicate)
	// ReplicateEnds is called with what was measured, when it has been kept.
	ReplicateEnds(p Position, r *reports.Replicate)
}

// Position is where a run stands.
type Position struct {
	Arm        Arm
	Block      int // from 1
	Done       int // replicates that have ended
	Total      int
	Remaining  time.Duration // until the end of the run, estimated
	StartedRun time.Time
}

// Header is what the result says of the command.
type Header struct {
	Argv     []string
	Settings []reports.Setting

	// Calibration of this machine (Machine); nil if there is none.
	Calibration *reports.Calibration
}

// Run does what the plan says and gives k the result piece by piece, as it is
// measured; the finished result is the caller's to keep.
//
// If ctx is cancelled, the replicate under way ends early, is kept with its
// reason, and the run is marked interrupted; that is no error. An error of k or of
// a cluster ends the run in the same way; what was measured is returned with
// it.
func Run(ctx context.Context, s *Settings, p *Plan, h Header, obs Observer, k Keeper) (*reports.Run, error) {
	e := &execution{settings: s, plan: p, run: newRun(s, p, h), observer: obs}
	e.measuredAt, e.kept = e.run.Started, e.run.Started
	if err := k.Begin(e.run); err != nil { // before minutes are spent on what cannot be kept
		err = fmt.Errorf("the results cannot be kept: %w", err)
		e.end(ctx, err)
		return e.run, err
	}
	err := e.keep(ctx, k)
	why := e.end(ctx, err)
	if ending := k.End(e.run.Status, e.run.Finished, why...); err == nil && ending != nil {
		err = fmt.Errorf("the results cannot be kept: %w", ending)
		e.end(ctx, err)
	}
	return e.run, err
}

type execution struct {
	settings *Settings
	plan     *Plan
	run      *reports.Run
	observer Observer
	saver    *saver
	done     int // replicates that are kept

	// Replicates that are measured, and when the last was; at first, when the run began.
	// Those of arms that take turns are so together.
	measured   int
	measuredAt time.Time

	kept time.Time // when what replicates under way had was kept last, or they began
}

// end notes in the result that the run has ended, and how. It returns the warnings
// that it added.
func (e *execution) end(ctx context.Context, err error) (why []string) {
	e.run.Finished, e.run.Status = time.Now(), reports.StatusComplete
	if err != nil || ctx.Err() != nil {
		e.run.Status = reports.StatusInterrupted
	}
	if err != nil {
		why = []string{fmt.Sprintf("the run ended early: %v", err)}
		e.run.Warnings = append(e.run.Warnings, why...)
	}
	return why
}

// keep does all blocks while a saver is there for them.
func (e *execution) keep(ctx context.Context, k Keeper) error {
	within, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	e.saver = newSaver(ctx, k, fail)
	err := e.blocks(within)
	e.saver.close()
	if err == nil {
		err = e.saver.err
	}
	return err
}

func (e *execution) blocks(ctx context.Context) error {
	for block, order := range e.plan.Blocks {
		if ctx.Err() != nil {
			return nil
		}
		if err := e.block(ctx, block+1, order); err != nil {
			return err
		}
	}
	return nil
}

// block measures every arm once.
func (e *execution) block(ctx context.Context, block int, order []int) error {
	if e.plan.Slice > 0 {
		return e.turns(ctx, block, order)
	}
	for position, arm := range order {
		if ctx.Err() != nil {
			return nil
		}
		if err := e.whole(ctx, e.replicate(arm, block, position+1)); err != nil {
			return err
		}
	}
	return nil
}

// whole measures a replicate in one piece.
func (e *execution) whole(ctx context.Context, m *measuring) error {
	e.starts(m)
	r := m.replicate
	r.partial = func(result *reports.Replicate) {
		result.After = max(0, time.Since(e.run.Started)-result.Window)
		e.partial(m, result)
		e.saver.writeSoon()
	}
	r.due, e.kept = e.due, time.Now()
	result, err := r.measure(ctx)
	e.measures(1)
	return e.ends(m, result, err)
}

// measures notes that so many replicates have been measured.
func (e *execution) measures(n int) { e.measured, e.measuredAt = e.measured+n, time.Now() }

// measuring is a replicate and its place in the run.
type measuring struct {
	*replicate
	index           int // of the arm
	block, position int
}

func (e *execution) replicate(arm, block, position int) *measuring {
	m := &measuring{index: arm, block: block, position: position}
	m.replicate = &replicate{
		settings: e.settings,
		arm:      e.plan.Arms[arm],
		seed:     e.settings.Seed + uint64(block)<<16 + uint64(arm),
		name:     fmt.Sprintf("%d-%d-%s", block, arm+1, e.plan.Arms[arm].Label),
		progress: func(now workloads.Progress) {
			if e.observer != nil {
				e.observer.Progress(e.position(m), now)
			}
		},
	}
	return m
}

// starts says that a replicate starts.
func (e *execution) starts(m *measuring) {
	if e.observer != nil {
		e.observer.ReplicateStarts(e.position(m))
	}
}

// piece is the record of a replicate, or of what it has so far.
func (e *execution) piece(m *measuring, result *reports.Replicate) reports.Measured {
	result.Index, result.Block, result.Position = len(e.run.Arms[m.index].Replicates)+1, m.block, m.position
	return reports.Measured{Arm: m.index, InProcess: m.inProcess, Replicate: result}
}

// due reports whether it is time to keep what replicates under way have so far, and
// takes that as done.
func (e *execution) due() bool {
	every := cmp.Or(e.settings.KeepEvery, DefaultKeepEvery)
	if time.Since(e.kept) < every {
		return false
	}
	e.kept = time.Now()
	return true
}

// partial tells what a replicate has so far, and notes it for the next time that
// something is kept.
func (e *execution) partial(m *measuring, result *reports.Replicate) {
	e.saver.partial(e.piece(m, result))
	if e.observer != nil {
		e.observer.Partial(e.position(m), result)
	}
}

// ends keeps and tells what was measured, before err, if there was anything.
func (e *execution) ends(m *measuring, result *reports.Replicate, err error) error {
	if err != nil {
		err = fmt.Errorf("%s, block %d: %w", m.arm.Label, m.block, err)
	}
	if result == nil {
		return err // or nil: interrupted before anything was measured
	}
	result.After = m.opened.Sub(e.run.Started)
	if keeping := e.ended(e.piece(m, result)); err == nil {
		err = keeping
	}
	if err == nil && e.observer != nil {
		e.observer.ReplicateEnds(e.position(m), result)
	}
	return err
}

// ended keeps a replicate, before anybody is told that it has ended.
func (e *execution) ended(m reports.Measured) error {
	dest := &e.run.Arms[m.Arm]
	dest.InProcess = m.InProcess
	dest.Replicates = append(dest.Replicates, *m.Replicate)
	e.done++
	return e.saver.replicate(m)
}

// position says where the run stands. What remains is scaled by how long the
// replicates so far have taken.
func (e *execution) position(m *measuring) Position {
	total := len(e.plan.Arms) * len(e.plan.Blocks)
	each := e.plan.Estimate / time.Duration(total)
	if e.measured > 0 {
		each = e.measuredAt.Sub(e.run.Started) / time.Duration(e.measured)
	}
	return Position{
		Arm:        m.arm,
		Block:      m.block,
		Done:       e.done,
		Total:      total,
		Remaining:  max(0, each*time.Duration(total-e.measured)-time.Since(e.measuredAt)),
		StartedRun: e.run.Started,
	}
}

// newRun makes the result that the replicates go into.
func newRun(s *Settings, p *Plan, h Header) *reports.Run {
	run := NewRun(h)
	run.Seed = s.Seed
	run.Plan = reports.Plan{
		Replicates:  s.Repeat,
		Interleaved: len(p.Arms) > 1,
		Warmup:      max(s.Warmup, 0),
		Window:      s.window(&p.Arms[0]),
		Slice:       p.Slice,
		Operations:  s.Operations,
		Estimated:   p.Estimate,
	}
	run.Warnings = slices.Concat(p.Warnings, warnings(run.Environment, thisBuild(), p), warnDisk(s, p))
	for _, a := range p.Arms {
		run.Arms = append(run.Arms, s.describe(a))
	}
	return run
}

// describe says in the result what an arm is.
func (s *Settings) describe(a Arm) reports.Arm {
	load := reports.Load{
		Name:         string(a.Machine.Kind),
		Loop:         reports.LoopClosed,
		Nodes:        a.Nodes,
		Clients:      a.Clients,
		PayloadBytes: a.Payload,
		Reads:        s.Reads,
		ReadMode:     string(s.ReadMode),
		ReadFrom:     s.readFromFollowers(),
		Keys:         s.Keys,
		KeyChoice:    "uniform",
		Storage:      string(a.Storage.Kind),
		Fsync:        string(a.Storage.Fsync),
		Network:      "loopback",
		Faults:       s.Faults.String(),
	}
	if s.Zipf > 0 {
		load.KeyChoice = fmt.Sprintf("zipf %g", s.Zipf)
	}
	if s.Layer == LayerEcho {
		load = reports.Load{Name: string(LayerEcho), Loop: load.Loop, Nodes: 1, Clients: a.Clients, PayloadBytes: a.Payload, Network: load.Network}
	}
	if a.Rate > 0 {
		load.Loop, load.Rate, load.Arrivals = reports.LoopOpen, a.Rate, s.Arrivals.String()
		load.Stages = a.Stages.String()
	}
	arm := reports.Arm{
		Label:      a.Label,
		Transport:  a.Transport.Named.Name,
		Replicates: []reports.Replicate{}, // a list in the file, also while it is empty
		Workload: reports.Workload{Load: load, Tuning: reports.Tuning{
			BatchPolicy:    string(a.Batch.Policy),
			BatchSizeBytes: a.Batch.SizeBytes,
			BatchOps:       a.Batch.Ops,
			Linger:         a.Batch.Linger,
			Pipeline:       a.Pipeline,
			Sessions:       a.Machine.Sessions,
		}},
	}
	if s.Layer == LayerEcho {
		arm.Workload.Tuning = reports.Tuning{} // nothing is batched, and nothing replicated
	}
	for _, o := range a.Transport.Options.All() {
		arm.Options = append(arm.Options, reports.Option{Name: o.Name, Value: o.Value})
	}
	return arm
}
