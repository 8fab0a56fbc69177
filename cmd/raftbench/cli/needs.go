package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment"
)

// need says what some flags mean nothing without. Whoever sets one of them and not what it
// needs believes to measure something that is not measured.
type need struct {
	flags   []string
	decided []string // the flags that decide it
	met     func(*experiment.Settings) bool
	why     string
}

func needs() []need {
	return []need{
		{[]string{"fsync", "data"}, []string{"storage"}, onDisk, "the logs are in memory: want --storage wal with it"},
		{[]string{"read-mode", "read-from", "timeout.read"}, []string{"reads"}, reads, "nothing is read: want --reads with it"},
		{[]string{"lease.drift", "lease.length"}, []string{"read-mode"}, leases, "leases need --read-mode lease"},
		{[]string{"arrivals", "max-outstanding", "max-outstanding.bytes"}, []string{"rate", "stages", "clients"}, openLoop, "a closed loop sends when it has an answer: want -r or --stages with it"},
		{[]string{"retry.attempts"}, []string{"retry"}, retries, "nothing is sent again: want --retry safe or all with it"},
		{[]string{"retry.budget"}, []string{"retry", "hedge"}, repeats, "nothing is sent twice: want --retry safe or all with it, or --hedge"},
		{[]string{"batch.size", "batch.ops"}, []string{"batch.policy"}, batches, "policy none sends every operation alone: want another --batch.policy with it"},
		{[]string{"port"}, []string{"transport"}, ports, "no transport listens on a port: want another --transport with it"},
	}
}

func onDisk(s *experiment.Settings) bool { return slices.Contains(s.Storages, experiment.StorageWAL) }

func reads(s *experiment.Settings) bool { return s.Reads > 0 }

func leases(s *experiment.Settings) bool { return s.ReadMode == experiment.ReadLease }

func openLoop(s *experiment.Settings) bool { return len(s.Rates)+len(s.Stages) > 0 }

func retries(s *experiment.Settings) bool {
	return s.Retry.Mode != client.RetryNone || s.Retry.Attempts == 0
}

func repeats(s *experiment.Settings) bool {
	return s.Retry.Mode != client.RetryNone || s.Hedge.On() || s.Retry.Budget == client.Budget{}
}

func batches(s *experiment.Settings) bool {
	return len(s.Policies) == 0 || slices.ContainsFunc(s.Policies, func(p batch.Policy) bool { return p != batch.None })
}

func ports(s *experiment.Settings) bool {
	for _, t := range s.Transports {
		network, err := t.Named.New(t.Options)
		if err != nil || !network.InProcess && network.Socket != core.SocketUnix {
			return true
		}
	}
	return s.BasePort == 0
}

// unmet says which flag that somebody has set means nothing, because none of the arms has
// what it needs. It lets pass what a stronger source has made so: clients on the command
// line go before the rate of a file, and with it goes the file's arrivals. A share of reads
// that is given is a decision, also if it is zero: that is one end of a series.
func unmet(fs *pflag.FlagSet, sources settings.Sources, file *settings.File, arms ...*experiment.Settings) error {
	for _, n := range needs() {
		if slices.ContainsFunc(arms, n.met) || slices.Contains(n.decided, "reads") && sources.Of("reads") != settings.Default {
			continue
		}
		for _, name := range n.flags {
			overruled := slices.ContainsFunc(n.decided, func(other string) bool { return sources.Stronger(other, name) })
			if sources.Of(name) != settings.Default && fs.Changed(name) && !overruled {
				return fmt.Errorf("%s %s: %s", sources.Where(name, file), fs.Lookup(name).Value, n.why)
			}
		}
	}
	return nil
}

// unmetOf is unmet for what a named arm itself says.
func unmetOf(arm settings.Arm, fs *pflag.FlagSet, sources settings.Sources, path string, own *experiment.Settings) error {
	ofArm := maps.Clone(sources)
	for _, n := range needs() {
		for _, name := range n.flags {
			delete(ofArm, name)
		}
	}
	for _, v := range arm.Values {
		if source := sources.Of(v.Name); source == settings.Default || source == settings.FromFile {
			ofArm[v.Name] = settings.FromFile
		}
	}
	return unmet(fs, ofArm, &settings.File{Path: path, Values: arm.Values}, own)
}

// onlyWith refuses flags on the command line that mean nothing beside one with which the
// command measures nothing.
func onlyWith(fs *pflag.FlagSet, mode string, others ...string) error {
	var err error
	fs.Visit(func(f *pflag.Flag) {
		if err == nil && f.Name != mode && !slices.Contains(others, f.Name) {
			err = usagef("--%s %s: with --%s nothing is measured: want one or the other", f.Name, f.Value, mode)
		}
	})
	return err
}
