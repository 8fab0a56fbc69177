package cli

import (
	"slices"

	"github.com/spf13/pflag"
)

// Commands beside run have some of its flags. They are chosen by name, or by the groups
// that runflags.go adds them in, so that a new one is in all commands that it makes
// sense for.

// someRunFlags adds those flags of run that are named, with some defaults of their own.
func (a *app) someRunFlags(fs *pflag.FlagSet, f *runFlags, names []string, defaults map[string]string) {
	all := pflag.NewFlagSet("run", pflag.ContinueOnError)
	a.runFlags(all, f)
	for name, value := range defaults {
		flag := all.Lookup(name)
		if err := flag.Value.Set(value); err != nil {
			panic(err) // a default that its own flag refuses
		}
		flag.DefValue = value
	}
	for _, name := range names {
		fs.AddFlag(all.Lookup(name))
	}
}

// namesOf are the flags that groups add, in order.
func namesOf(groups ...func(*pflag.FlagSet, *runFlags)) []string {
	fs, f := pflag.NewFlagSet("names", pflag.ContinueOnError), new(runFlags)
	for _, add := range groups {
		add(fs, f)
	}
	var names []string
	fs.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// trialNames are the flags that say what a trial of a search measures: load, cluster,
// times, what is done when something goes wrong, and snapshots. How it is batched is
// what a search is about. A trial has neither a rate that changes nor a script of
// faults, which needs windows of one length, and it leaves no logs behind.
func (a *app) trialNames() []string {
	names := namesOf(a.loadFlags, a.clusterFlags, a.timesFlags, a.timeoutFlags, a.errorFlags, a.snapshotFlags)
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"stages", faultFlag, eventFlag, "data", "port"}, name)
	})
}

// callNames are the flags about one call of a command that measures more than run does.
func callNames() []string {
	return []string{"duration", "warmup", "seed", "out", "dry-run", "allow-invalid", "quiet", "metrics"}
}
