package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// plan is what to measure.
type plan struct {
	engines        []engine
	clients        []int
	blocks         int
	window, warmup time.Duration
	disk, restart  bool
	data, output   string
	seed           uint64
}

func (p *plan) validate() error {
	switch {
	case p.blocks < 1 || p.blocks > 1000:
		return fmt.Errorf("-repeat %d: want 1 to 1000", p.blocks)
	case p.window < 100*time.Millisecond || p.window > time.Hour:
		return fmt.Errorf("-d %v: want 100ms to 1h", p.window)
	case p.warmup < 0 || p.warmup > time.Hour:
		return fmt.Errorf("-warmup %v: want 0 to 1h", p.warmup)
	case !p.disk && p.data != "":
		return fmt.Errorf("-data %q: with -storage mem there is nothing to keep", p.data)
	}
	return p.checkFolders()
}

// checkFolders looks at them before anything is measured, rather than after.
func (p *plan) checkFolders() error {
	if info, err := os.Stat(p.data); p.data != "" && (err != nil || !info.IsDir()) {
		return fmt.Errorf("-data %q: want a folder that is there", p.data)
	}
	if p.output != "" {
		if err := os.MkdirAll(p.output, 0o755); err != nil {
			return fmt.Errorf("-o %q: want a folder, or a name for one: %w", p.output, err)
		}
	}
	return nil
}

// measure measures every engine once a block, for each number of clients.
func (p *plan) measure(ctx context.Context, progress io.Writer) (*results, error) {
	rng := rand.New(rand.NewPCG(p.seed, 0))
	r := newResults(p)
	for block := range p.blocks {
		for _, clients := range p.clients {
			var all []*measuring
			for _, e := range p.engines {
				all = append(all, &measuring{plan: p, engine: e, clients: clients, seed: p.seed + uint64(block)})
			}
			done, err := p.together(ctx, all, rng, p.disk && p.restart && block == p.blocks-1)
			for _, m := range all {
				err = errors.Join(err, m.discard())
			}
			if err != nil {
				return nil, err
			}
			for _, m := range done {
				m.Block = block + 1
				r.Measured = append(r.Measured, *m)
				_, _ = fmt.Fprintf(progress, "block %d of %d  %s\n", block+1, p.blocks, m)
			}
		}
	}
	return r, nil
}

// slice is how long an engine is driven before the next one's turn: short against what
// else happens on the machine, long against settle.
const slice = 300 * time.Millisecond

// together measures engines in turns, as docs/decisions/0018 has it: all clusters are up,
// and each is driven for a slice in every round, in random order, so that what changes on
// the machine meets all of them alike.
func (p *plan) together(ctx context.Context, all []*measuring, rng *rand.Rand, restart bool) ([]*measurement, error) {
	prepare := []func(m *measuring) error{
		func(m *measuring) error { return m.begin(ctx) },
		func(m *measuring) error { return m.warmUp(ctx) },
	}
	for _, step := range prepare {
		for _, m := range all {
			if err := step(m); err != nil {
				return nil, fmt.Errorf("%s, %d clients: %w", m.engine.name, m.clients, err)
			}
		}
		collect()
	}
	for left := p.window; left > 0; left -= slice {
		for _, i := range rng.Perm(len(all)) {
			if err := all[i].slice(ctx, min(left, slice)); err != nil {
				return nil, fmt.Errorf("%s, %d clients: %w", all[i].engine.name, all[i].clients, err)
			}
		}
	}
	var done []*measurement
	for _, m := range all {
		one, err := m.end(ctx, restart)
		if err != nil {
			return nil, fmt.Errorf("%s, %d clients: %w", m.engine.name, m.clients, err)
		}
		done = append(done, one)
	}
	return done, nil
}
