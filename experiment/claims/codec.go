package claims

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/codec"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports/codecs"
)

// codecMessage is what is encoded and decoded in LayerCodec.
const codecMessage = "AppendEntries/entries=1"

// codecShare is which part of a window each of encoding and decoding is repeated for: it
// takes no longer to know them, for nothing waits.
const codecShare = 8

// codecOverhead is by how much finding out how often to repeat prolongs that, roughly.
const codecOverhead = 1.5

func (c *Claim) planCodecs(s experiment.Settings) (*Plan, error) {
	for _, a := range c.Arms {
		if _, err := codecNamed(a.Transport); err != nil {
			return &Plan{Impossible: err.Error()}, nil
		}
	}
	perArm := time.Duration(2 * codecOverhead * float64(s.Duration/codecShare))
	return &Plan{Settings: s, Arms: len(c.Arms), Estimate: time.Duration(len(c.Arms)*s.Repeat) * perArm}, nil
}

func codecNamed(name string) (codecs.Named, error) {
	i := slices.IndexFunc(codecs.All(), func(n codecs.Named) bool { return n.Name == name })
	if i < 0 {
		return codecs.Named{}, fmt.Errorf("this build has no codec %s", name)
	}
	return codecs.All()[i], nil
}

// codecRun measures encodings in blocks, as experiment.Run does transports: a result
// whose arms are codecs and whose operations are messages.
type codecRun struct {
	claim    *Claim
	settings *experiment.Settings
	observer experiment.Observer
	keeper   experiment.Keeper
	run      *reports.Run
	message  codec.Message
}

// runCodecs does what experiment.Run does, in LayerCodec.
func (c *Claim) runCodecs(ctx context.Context, p *Plan, h experiment.Header, obs experiment.Observer, k experiment.Keeper) (*reports.Run, error) {
	s := &p.Settings
	r := &codecRun{claim: c, settings: s, observer: obs, keeper: k, run: experiment.NewRun(h)}
	messages := codec.Messages([]int{defaultPayload}, s.Seed)
	r.message = messages[slices.IndexFunc(messages, func(m codec.Message) bool { return m.Name == codecMessage })]
	r.run.Seed = s.Seed
	r.run.Plan = reports.Plan{Replicates: s.Repeat, Interleaved: true, Window: 2 * s.Duration / codecShare, Estimated: p.Estimate}
	for _, a := range c.Arms {
		load := reports.Load{Name: reports.NameCodec, Loop: reports.LoopClosed, Clients: 1, PayloadBytes: defaultPayload}
		r.run.Arms = append(r.run.Arms, reports.Arm{
			Label: a.Label(), Transport: a.Transport, InProcess: false,
			Workload: reports.Workload{Load: load}, Replicates: []reports.Replicate{},
		})
	}
	if err := k.Begin(r.run); err != nil {
		r.run.Finished, r.run.Status = time.Now(), reports.StatusInterrupted
		return r.run, fmt.Errorf("the results cannot be kept: %w", err)
	}
	return r.run, r.all(ctx)
}

// all does the blocks and ends the run. To be interrupted is no error.
func (r *codecRun) all(ctx context.Context) error {
	err := r.blocks(ctx)
	r.run.Finished, r.run.Status = time.Now(), reports.StatusComplete
	if err != nil {
		r.run.Status = reports.StatusInterrupted
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if ending := r.keeper.End(r.run.Status, r.run.Finished); err == nil && ending != nil {
		err = fmt.Errorf("the results cannot be kept: %w", ending)
	}
	return err
}

func (r *codecRun) blocks(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(r.settings.Seed, 0))
	for block := range r.settings.Repeat {
		for position, arm := range rng.Perm(len(r.run.Arms)) {
			if err := r.replicate(ctx, arm, block+1, position+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *codecRun) replicate(ctx context.Context, arm, block, position int) error {
	dest := &r.run.Arms[arm]
	at := r.position(arm, block)
	r.observer.ReplicateStarts(at)
	named, err := codecNamed(dest.Transport)
	if err != nil {
		return err
	}
	after := time.Since(r.run.Started)
	results, err := codec.Measure(ctx, named, r.message, r.settings.Duration/codecShare)
	if err != nil {
		return err
	}
	out := asReplicate(results)
	out.Index, out.Block, out.Position, out.Seed, out.After = len(dest.Replicates)+1, block, position, r.settings.Seed, after
	dest.Replicates = append(dest.Replicates, out)
	if err := r.keeper.Replicate(reports.Measured{Arm: arm, Replicate: &out}); err != nil {
		return fmt.Errorf("the results cannot be kept: %w", err)
	}
	at.Done++
	r.observer.ReplicateEnds(at, &out)
	return nil
}

// position says where the run stands.
func (r *codecRun) position(arm, block int) experiment.Position {
	done := 0
	for i := range r.run.Arms {
		done += len(r.run.Arms[i].Replicates)
	}
	total := len(r.run.Arms) * r.settings.Repeat
	return experiment.Position{
		Arm: experiment.Arm{Label: r.run.Arms[arm].Label}, Block: block, Done: done, Total: total,
		Remaining: r.run.Plan.Estimated / time.Duration(total) * time.Duration(total-done), StartedRun: r.run.Started,
	}
}

// asReplicate makes a replicate of the cost of encoding and of decoding: its operations are
// messages, its window is the time that they took, and the bytes on its wire are those that a
// message has. No single message is timed, so there are no latencies.
func asReplicate(results []codec.Result) reports.Replicate {
	n, perMessage, allocs, allocBytes := results[0].N, 0.0, 0.0, 0.0
	for _, r := range results {
		perMessage += r.NSPerOp
		allocs += r.Allocs
		allocBytes += r.AllocBytes
	}
	total := func(each float64) *int64 { return new(int64(each * float64(n))) }
	out := reports.Replicate{
		Window:     time.Duration(perMessage * float64(n)),
		Operations: reports.Operations{Started: uint64(n), Succeeded: uint64(n)},
		Cost:       reports.Cost{WireBytes: total(float64(results[0].EncodedBytes)), Allocs: total(allocs), AllocBytes: total(allocBytes)},
		Valid:      true,
	}
	if faults := experiment.BuildFaults(); len(faults) > 0 {
		out.Valid, out.Reasons = false, []string{"build: this program has " + strings.Join(faults, " and ")}
	}
	return out
}
