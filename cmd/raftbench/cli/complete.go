package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/workloads"
)

// everything stands for all transports, or all codecs, in a list.
const everything = "all"

// completion returns what may follow what was typed.
type completion func(typed string) ([]string, cobra.ShellCompDirective)

// completeRun tells the shell what the flags of run may be set to. The scripts
// that ask are written by raftbench completion. What is a choice among names comes from
// the tables that the flags are checked against.
func (a *app) completeRun(cmd *cobra.Command) {
	complete(cmd, "transport", a.completeTransport)
	complete(cmd, "batch.policy", listOf(texts(batch.Policies())...))
	complete(cmd, "read-mode", fixed(texts(experiment.ReadModes())...))
	complete(cmd, "read-from", fixed(texts(client.ReadFroms())...))
	complete(cmd, "storage", listOf(texts(experiment.StorageKinds())...))
	complete(cmd, "fsync", listOf(texts(experiment.Fsyncs())...))
	complete(cmd, "state-machine", listOf(texts(experiment.MachineKinds())...))
	complete(cmd, "sessions", listOf(off, "1024"))
	complete(cmd, "data", folders)
	complete(cmd, "snapshot.rate", fixed("16MiB", "64MiB", "256MiB", off))
	complete(cmd, "retry", fixed(texts(client.RetryModes())...))
	complete(cmd, "retry.budget", fixed("10%", "20%", off))
	complete(cmd, "hedge", fixed("p95", "p99", "5ms", off))
	complete(cmd, "profile", fixed(profileNames()...))
	complete(cmd, "arrivals", fixed(names(workloads.AllArrivals())...))
	complete(cmd, "nodes", listOf("1", "3", "5", "7"))
	complete(cmd, "warmup", fixed("auto", "0s", "1s", "5s"))
	complete(cmd, "file", func(string) ([]string, cobra.ShellCompDirective) {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	})
	complete(cmd, "out", folders)
}

// complete registers what a flag may be set to. Flags without a registration, or
// that a command does not have, fall back to the names of files.
func complete(cmd *cobra.Command, flag string, values completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return values(typed)
	})
}

func fixed(values ...string) completion {
	return func(string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// listOf completes the last element of a list with the values that it does not have yet.
func listOf(values ...string) completion {
	return func(typed string) ([]string, cobra.ShellCompDirective) {
		before, _ := cutLast(typed, ",")
		given := strings.Split(before, ",")
		var list []string
		for _, v := range values {
			beside := before == "" || v != everything
			if offer := before + v; beside && !slices.Contains(given, v) && strings.HasPrefix(offer, typed) {
				list = append(list, offer)
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func folders(string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// directories completes the arguments of commands that read results.
func directories(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return folders(typed)
}

// completeTransport completes the last element of a list of transports: the name, or
// the last of the options after it.
func (a *app) completeTransport(typed string) ([]string, cobra.ShellCompDirective) {
	before, last := cutLast(typed, ",")
	var list []string
	if spec, _ := cutLast(last, ":"); spec != "" {
		for _, setting := range a.settingsAfter(spec) {
			list = append(list, before+spec+setting)
		}
	} else {
		if before == "" {
			list = append(list, everything)
		}
		for _, t := range a.transports {
			list = append(list, before+t.Name)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// settingsAfter lists what may follow a transport and the options that it has been given,
// each with a colon behind it.
func (a *app) settingsAfter(spec string) []string {
	given := strings.Split(strings.TrimSuffix(spec, ":"), ":")
	has := func(option string) bool {
		return slices.ContainsFunc(given, func(g string) bool { return strings.HasPrefix(g, option+"=") })
	}
	var list []string
	if !slices.ContainsFunc(given, func(g string) bool { return slices.Contains(core.Profiles(), g) }) {
		list = append(list, core.Profiles()...)
	}
	for _, t := range a.transports {
		if t.Name != given[0] {
			continue
		}
		for _, o := range t.Options {
			switch {
			case has(o.Name):
			case o.Allowed == nil:
				list = append(list, o.Name+"=")
			default:
				for _, value := range o.Allowed {
					list = append(list, o.Name+"="+value)
				}
			}
		}
	}
	return list
}

// cutLast cuts behind the last separator, which stays with what is before it.
func cutLast(s, separator string) (before, last string) {
	at := strings.LastIndex(s, separator) + 1
	return s[:at], s[at:]
}

func texts[T ~string](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

func names[T fmt.Stringer](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, v.String())
	}
	return list
}
