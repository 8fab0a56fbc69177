package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errLost: what was acknowledged is missing, or nodes differ.
var errLost = errors.New("acknowledged commands are missing, or nodes differ")

// settled waits until all nodes have applied the same commands, and returns how many:
// those that were acknowledged, and no more beyond them than those whose outcome is not
// known.
func settled(ctx context.Context, tallies []*tally, acknowledged, unknown uint64) (uint64, error) {
	for {
		applied := make([]counts, len(tallies))
		same := true
		for i, t := range tallies {
			applied[i] = t.read()
			same = same && applied[i] == applied[0]
		}
		n := applied[0].Commands
		if same && n >= acknowledged && n <= acknowledged+unknown {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: %d acknowledged, %d unknown, applied are %+v", errLost, acknowledged, unknown, applied)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// recover starts the cluster again from its directories, looks for what was applied,
// and stops it.
func (m *measuring) recover(ctx context.Context, applied uint64) error {
	c, err := m.engine.start(ctx, m.setup)
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if _, err = settled(ctx, c.tallies(), applied, 0); err != nil {
		err = fmt.Errorf("after a restart: %w", err)
	}
	return errors.Join(err, c.close())
}
