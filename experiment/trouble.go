package experiment

import (
	"cmp"
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// validateErrors is about what goes wrong: retries, hedges, timeouts and faults.
func (s *Settings) validateErrors() error {
	switch {
	case s.ReadTimeout < 0 || s.WriteTimeout < 0 || max(s.ReadTimeout, s.WriteTimeout) > maxTime:
		return fmt.Errorf("--timeout.read %v, --timeout.write %v: want more than zero and at most %v each", s.ReadTimeout, s.WriteTimeout, maxTime)
	case s.Retry.Attempts < 0:
		return fmt.Errorf("--retry.attempts %d: want 1 or more, or 0 for as many as its time allows", s.Retry.Attempts)
	case s.Hedge.On() && s.Reads == 0:
		return fmt.Errorf("--hedge %s: only reads are hedged, and there are none: want --reads above 0", s.Hedge)
	case s.Hedge.On() && s.ReadMode == ReadLog:
		return fmt.Errorf("--hedge %s: a read through the log is a write, and writes are never hedged: want --read-mode readindex", s.Hedge)
	}
	return s.validateFaults()
}

// validateFaults looks whether the script can be done to the clusters of the lists;
// those of named arms are looked at with the arms.
func (s *Settings) validateFaults() error {
	if len(s.Faults) == 0 || len(s.Named) > 0 {
		return nil
	}
	flag := cmp.Or(s.FaultsFlag, "--fault")
	if s.Layer == LayerEcho {
		return fmt.Errorf("%s %q: an echo has no cluster to break", flag, s.Faults)
	}
	window := s.window(&Arm{Stages: s.Stages})
	for _, n := range s.Nodes {
		if err := s.Faults.Check(n, window); err != nil {
			return fmt.Errorf("%s %w", flag, err)
		}
		if last := s.Faults.Nodes(n, window); last > core.MaxMembers {
			return fmt.Errorf("%s %q: it adds %d nodes: with those at the start, want at most %d", flag, s.Faults, last-n, core.MaxMembers)
		}
	}
	if !s.Faults.Cuts() {
		return nil
	}
	for _, t := range s.Transports {
		network, err := t.Named.New(t.Options)
		if err != nil {
			return err
		}
		if network.InProcess || network.TakesSockets {
			return fmt.Errorf("%s %q: transport %s has no connections to cut: want other acts, or --transport without it", flag, s.Faults, t.Label)
		}
	}
	return nil
}
