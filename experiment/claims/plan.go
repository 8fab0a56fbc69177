package claims

import (
	"fmt"
	"strings"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/transports"
)

// Plan is how a claim will be measured.
type Plan struct {
	Settings experiment.Settings
	Run      *experiment.Plan // nil in LayerCodec, and if it is Impossible
	Arms     int
	Estimate time.Duration

	// LeftOut are the arms that this build does not have, each as a warning of the
	// results: what is missing in them is said there.
	LeftOut []string

	// Impossible says why nothing of the claim can be measured: "this build has no
	// option io". Empty: something can.
	Impossible string
}

// leftOut follows the label of an arm in the warning that it is not there.
const leftOut = " is not measured: "

// minArms is from how many arms a claim is worth measuring: there is something to
// compare.
const minArms = 2

// maxBlocks bounds the blocks of a claim, as experiment.Settings does.
const maxBlocks = 1000

// Plan plans the measurement of a claim with the transports of a table. Of base, the
// times (Duration, Warmup, Idle), Repeat and Seed count.
func (c *Claim) Plan(table []transports.Named, base experiment.Settings) (*Plan, error) {
	if err := validate(&base); err != nil {
		return nil, err
	}
	s := common(base)
	s.Layer = c.Layer
	if !c.Idle {
		s.Idle = 0
	}
	if c.Layer == LayerCodec {
		return c.planCodecs(s)
	}
	p := &Plan{Settings: s}
	for _, a := range c.Arms {
		if missing := lacks(table, a.Transport); missing != "" {
			return &Plan{Impossible: "this build has " + missing}, nil
		}
		specs, err := transports.ParseList(table, a.Transport)
		if err != nil {
			p.LeftOut = append(p.LeftOut, fmt.Sprintf("%s%sthis build refuses it: %v", a.Label(), leftOut, err))
			continue
		}
		p.Settings.Named = append(p.Settings.Named, experiment.NamedArm{Name: a.Label(), Settings: a.settings(s, specs[0])})
	}
	if p.Arms = len(p.Settings.Named); p.Arms < minArms {
		return &Plan{Impossible: strings.Join(p.LeftOut, "; ")}, nil
	}
	return p, p.expand(c.ID)
}

// validate looks at what a claim is planned with, also where no experiment will.
func validate(base *experiment.Settings) error {
	switch {
	case base.Repeat < 1 || base.Repeat > maxBlocks:
		return fmt.Errorf("--repeat %d: want 1 to %d", base.Repeat, maxBlocks)
	case base.Duration <= 0:
		return fmt.Errorf("-d %v: want more than zero", base.Duration)
	}
	return nil
}

// expand makes the plan of the experiment.
func (p *Plan) expand(id string) error {
	named := p.Settings.Named
	p.Settings = *named[0].Settings // lists of its own are asked for, and do not count
	p.Settings.Named = named
	run, err := p.Settings.Plan()
	if err != nil {
		return fmt.Errorf("claim %s: %w", id, err)
	}
	run.Warnings = append(run.Warnings, p.LeftOut...)
	p.Run, p.Estimate = run, run.Estimate
	return nil
}
