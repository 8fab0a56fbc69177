package experiment

import (
	"context"
	"fmt"
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
	// ReplicateEnds is called with what was measured.
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
}

// Run does what the plan says and calls save before the first replicate and after
// every one, with the result so far; the finished result is the caller's to keep.
// If ctx is cancelled, the replicate under way ends early, is kept
// with its reason, and the run is marked interrupted; that is no error. An error
// of save or of starting a cluster ends the run; what was measured is returned
// with it.
func Run(ctx context.Context, s *Settings, p *Plan, h Header, obs Observer, save func(*reports.Run) error) (*reports.Run, error) {
	e := &execution{settings: s, plan: p, run: newRun(s, p, h), observer: obs, save: save}
	err := e.blocks(ctx)
	e.run.Finished = time.Now()
	e.run.Status = reports.StatusComplete
	if err != nil || ctx.Err() != nil {
		e.run.Status = reports.StatusInterrupted
	}
	if err != nil {
		e.run.Warnings = append(e.run.Warnings, fmt.Sprintf("the run ended early: %v", err))
	}
	return e.run, err
}

type execution struct {
	settings *Settings
	plan     *Plan
	run      *reports.Run
	observer Observer
	save     func(*reports.Run) error
	done     int
}

func (e *execution) blocks(ctx context.Context) error {
	if err := e.save(e.run); err != nil {
		return err // before minutes are spent on what cannot be kept
	}
	for block, order := range e.plan.Blocks {
		for position, arm := range order {
			if ctx.Err() != nil {
				return nil
			}
			if err := e.replicate(ctx, arm, block+1, position+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *execution) replicate(ctx context.Context, arm, block, position int) error {
	at := e.position(arm, block)
	if e.observer != nil {
		e.observer.ReplicateStarts(at)
	}
	r := replicate{
		settings: e.settings,
		arm:      e.plan.Arms[arm],
		seed:     e.settings.Seed + uint64(block)<<16 + uint64(arm),
		progress: func(now workloads.Progress) {
			if e.observer != nil {
				e.observer.Progress(at, now)
			}
		},
	}
	result, err := r.measure(ctx)
	if err != nil {
		return fmt.Errorf("%s, block %d: %w", r.arm.Label, block, err)
	}
	if result == nil {
		return nil // interrupted before anything was measured
	}
	dest := &e.run.Arms[arm]
	dest.InProcess = r.inProcess
	result.Index, result.Block, result.Position = len(dest.Replicates)+1, block, position
	result.After = r.opened.Sub(e.run.Started)
	dest.Replicates = append(dest.Replicates, *result)
	e.done++
	if e.observer != nil {
		e.observer.ReplicateEnds(e.position(arm, block), result)
	}
	return e.save(e.run)
}

// position says where the run stands. What remains is scaled by how long the
// replicates so far have taken.
func (e *execution) position(arm, block int) Position {
	total := len(e.plan.Arms) * len(e.plan.Blocks)
	each := e.plan.Estimate / time.Duration(total)
	if e.done > 0 {
		each = time.Since(e.run.Started) / time.Duration(e.done)
	}
	return Position{
		Arm:        e.plan.Arms[arm],
		Block:      block,
		Done:       e.done,
		Total:      total,
		Remaining:  each * time.Duration(total-e.done),
		StartedRun: e.run.Started,
	}
}

// newRun makes the result that the replicates go into.
func newRun(s *Settings, p *Plan, h Header) *reports.Run {
	env := environment()
	run := &reports.Run{
		Status:      reports.StatusRunning,
		Tool:        tool(),
		Argv:        h.Argv,
		Seed:        s.Seed,
		Started:     time.Now(),
		Settings:    h.Settings,
		Environment: env,
		Plan: reports.Plan{
			Replicates:  s.Repeat,
			Interleaved: len(p.Arms) > 1,
			Warmup:      max(s.Warmup, 0),
			Window:      s.Duration,
			Operations:  s.Operations,
			Estimated:   p.Estimate,
		},
		Warnings: append(append([]string(nil), p.Warnings...), warnings(env)...),
	}
	for _, a := range p.Arms {
		run.Arms = append(run.Arms, s.describe(a))
	}
	return run
}

// describe says in the result what an arm is.
func (s *Settings) describe(a Arm) reports.Arm {
	load := reports.Load{
		Name:         "kv",
		Loop:         reports.LoopClosed,
		Nodes:        a.Nodes,
		Clients:      a.Clients,
		PayloadBytes: a.Payload,
		Reads:        s.Reads,
		ReadMode:     string(s.ReadMode),
		Keys:         s.Keys,
		KeyChoice:    "uniform",
		Storage:      "mem",
		Network:      "loopback",
	}
	if s.Zipf > 0 {
		load.KeyChoice = fmt.Sprintf("zipf %g", s.Zipf)
	}
	if a.Rate > 0 {
		load.Loop, load.Rate, load.Arrivals = reports.LoopOpen, a.Rate, s.Arrivals.String()
	}
	arm := reports.Arm{
		Label:     a.Label,
		Transport: a.Transport.Named.Name,
		Workload: reports.Workload{Load: load, Tuning: reports.Tuning{
			BatchPolicy:    string(a.Batch.Policy),
			BatchSizeBytes: a.Batch.SizeBytes,
			Linger:         a.Batch.Linger,
			Pipeline:       a.Pipeline,
		}},
	}
	for _, o := range a.Transport.Options.All() {
		arm.Options = append(arm.Options, reports.Option{Name: o.Name, Value: o.Value})
	}
	return arm
}
