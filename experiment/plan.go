package experiment

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// Arm is one combination of the settings.
type Arm struct {
	Label     string // the transport, and what else differs between arms
	Transport transports.Spec
	Nodes     int
	Clients   int
	Rate      float64          // zero: closed loop
	Stages    workloads.Stages // of which Rate is the mean; nil: Rate all the time
	Payload   int
	Batch     batch.Config
	Pipeline  int
	Storage   Storage
	Machine   StateMachine
}

// Plan is what a run will do, in order.
type Plan struct {
	Arms     []Arm
	Blocks   [][]int       // indexes into Arms: every block runs each arm once, in random order
	Slice    time.Duration // in which the arms of a block take turns; zero: each has its window at once
	Warnings []string
	Estimate time.Duration
}

// startEstimate is what starting and stopping a cluster takes, roughly.
const startEstimate = 300 * time.Millisecond

// warmupEstimate is what an automatic warm-up takes, roughly.
const warmupEstimate = 700 * time.Millisecond

// turnEstimate is what it takes to pass the turn on, roughly.
const turnEstimate = 10 * time.Millisecond

// MaxReplicates bounds a plan, so that a slip in a list does not start a week.
const MaxReplicates = 10_000

// Plan expands the settings. The order within blocks depends on the seed alone.
func (s *Settings) Plan() (*Plan, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	arms, err := s.allArms()
	if err != nil {
		return nil, err
	}
	p := &Plan{Arms: arms}
	if n := len(p.Arms) * s.Repeat; n > MaxReplicates {
		return nil, fmt.Errorf("%d arms times --repeat %d make %d replicates: at most %d", len(p.Arms), s.Repeat, n, MaxReplicates)
	}
	seen := map[string]bool{}
	for _, a := range p.Arms {
		if seen[a.Label] {
			return nil, fmt.Errorf("the lists give the arm %q twice", a.Label)
		}
		seen[a.Label] = true
	}
	rng := rand.New(rand.NewPCG(s.Seed, 0))
	for range s.Repeat {
		p.Blocks = append(p.Blocks, rng.Perm(len(p.Arms)))
	}
	if p.Slice, err = s.slice(p.Arms); err != nil {
		return nil, err
	}
	p.Estimate = s.estimate(p)
	p.Warnings = evenClusters(p.Arms)
	return p, nil
}

// estimate is how long a plan takes.
func (s *Settings) estimate(p *Plan) time.Duration {
	warmup := s.Warmup
	if warmup == WarmupAuto {
		warmup = warmupEstimate
	}
	var sum time.Duration
	for i := range p.Arms {
		a := &p.Arms[i]
		sum += startEstimate + s.idleTime(a) + warmup + s.window(a)
		if p.Slice > 0 {
			sum += workloads.DefaultSeriesWidth + time.Duration(len(cuts(s.window(a), p.Slice)))*(settle+turnEstimate)
		}
	}
	return time.Duration(s.Repeat) * sum
}

// evenClusters warns of clusters that pay for a node and get nothing for it.
func evenClusters(arms []Arm) []string {
	var warnings []string
	seen := map[int]bool{}
	for _, a := range arms {
		if n := a.Nodes; n%2 == 0 && !seen[n] {
			seen[n] = true
			warnings = append(warnings, fmt.Sprintf("%d nodes survive no more failures than %d, and need a larger majority", n, n-1))
		}
	}
	return warnings
}

// allArms is the product of the lists, or those of all named arms.
func (s *Settings) allArms() ([]Arm, error) {
	if len(s.Named) == 0 {
		return s.arms("")
	}
	var all []Arm
	for _, n := range s.Named {
		if err := n.Settings.Validate(); err != nil {
			return nil, fmt.Errorf("arm %q: %w", n.Name, err)
		}
		arms, err := n.Settings.arms(n.Name)
		if err != nil {
			return nil, fmt.Errorf("arm %q: %w", n.Name, err)
		}
		all = append(all, arms...)
	}
	return all, nil
}

// meanRate is over all of the stages, which have an end.
func meanRate(stages workloads.Stages) float64 {
	length, _ := stages.Duration()
	return workloads.Schedule{Stages: stages}.Expected(0, length) / length.Seconds()
}

// arms is the product of the lists. With a name, the labels begin with it.
func (s *Settings) arms(name string) ([]Arm, error) {
	if len(s.batches()) == 0 {
		return nil, fmt.Errorf("--linger %v goes with --batch.policy linger or adaptive only, and policy linger needs a linger above zero", s.Lingers)
	}
	arms := []Arm{{Label: name}}
	arms = times(arms, s.Transports, func(a *Arm, v transports.Spec) string { a.Transport = v; return v.Label })
	arms = times(arms, s.Nodes, func(a *Arm, v int) string { a.Nodes = v; return fmt.Sprintf("nodes=%d", v) })
	switch {
	case len(s.Stages) > 0:
		arms = times(arms, []workloads.Stages{s.Stages}, func(a *Arm, v workloads.Stages) string {
			a.Stages, a.Rate = v, meanRate(v)
			return "stages=" + v.String()
		})
	case len(s.Rates) > 0:
		arms = times(arms, s.Rates, func(a *Arm, v float64) string { a.Rate = v; return fmt.Sprintf("r=%g", v) })
	default:
		arms = times(arms, s.Clients, func(a *Arm, v int) string { a.Clients = v; return fmt.Sprintf("c=%d", v) })
	}
	arms = times(arms, s.Payloads, func(a *Arm, v int) string { a.Payload = v; return "payload=" + core.FormatSize(v) })
	arms = times(arms, s.batches(), func(a *Arm, v batch.Config) string { a.Batch = v; return s.batchLabel(v) })
	arms = times(arms, s.Pipelines, func(a *Arm, v int) string { a.Pipeline = v; return fmt.Sprintf("pipeline=%d", v) })
	arms = times(arms, s.storages(), func(a *Arm, v Storage) string { a.Storage = v; return s.storageLabel(v) })
	return times(arms, s.stateMachines(), func(a *Arm, v StateMachine) string { a.Machine = v; return s.machineLabel(v) }), nil
}

// times multiplies arms by a list. Only the transport, and lists of more than
// one value, show in the label.
func times[T any](arms []Arm, list []T, set func(*Arm, T) string) []Arm {
	var out []Arm
	for _, a := range arms {
		for _, v := range list {
			next := a
			name := set(&next, v)
			if len(list) > 1 || a.Label == "" {
				next.Label = strings.TrimSpace(a.Label + " " + name)
			}
			out = append(out, next)
		}
	}
	return out
}

// batches is the product of sizes, lingers and policies, without those that
// contradict each other: policy linger needs a linger, adaptive may have one, the
// others have none.
func (s *Settings) batches() []batch.Config {
	policies := s.Policies
	if len(policies) == 0 {
		policies = []batch.Policy{""}
	}
	counts := s.BatchOps
	if len(counts) == 0 {
		counts = []int{0}
	}
	var out []batch.Config
	for _, size := range s.BatchSizes {
		for _, ops := range counts {
			for _, linger := range s.Lingers {
				for _, policy := range policies {
					c := batch.Config{Policy: policy, SizeBytes: size, Ops: ops, Linger: linger}.WithDefaults()
					if c.Validate() == nil {
						out = append(out, c)
					}
				}
			}
		}
	}
	return out
}

// batchLabel names what differs between the batch settings.
func (s *Settings) batchLabel(c batch.Config) string {
	var parts []string
	if len(s.BatchSizes) > 1 {
		parts = append(parts, "batch.size="+core.FormatSize(c.SizeBytes))
	}
	if len(s.BatchOps) > 1 {
		parts = append(parts, fmt.Sprintf("batch.ops=%d", c.Ops))
	}
	if len(s.Lingers) > 1 {
		parts = append(parts, "linger="+c.Linger.String())
	}
	if len(s.Policies) > 1 {
		parts = append(parts, "batch.policy="+string(c.Policy))
	}
	return strings.Join(parts, " ")
}
