package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
)

// completeRun tells the shell what the flags of run may be set to. The scripts
// that ask are written by raftbench completion.
func (a *app) completeRun(cmd *cobra.Command) {
	complete(cmd, "transport", a.completeTransport)
	complete(cmd, "batch.policy", fixed(texts(batch.Policies())...))
	complete(cmd, "read-mode", fixed(texts(experiment.ReadModes())...))
	complete(cmd, "arrivals", fixed("poisson", "constant"))
	complete(cmd, "nodes", fixed("1", "3", "5", "7"))
	complete(cmd, "warmup", fixed("auto", "0s", "1s", "5s"))
	complete(cmd, "file", func(string) ([]string, cobra.ShellCompDirective) {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	})
	complete(cmd, "out", func(string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
}

// complete registers what a flag may be set to. Flags without a registration, or
// that a command does not have, fall back to the names of files.
func complete(cmd *cobra.Command, flag string, values func(typed string) ([]string, cobra.ShellCompDirective)) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return values(typed)
	})
}

func fixed(values ...string) func(string) ([]string, cobra.ShellCompDirective) {
	return func(string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTransport completes the last element of a list of transports, and the
// options of one.
func (a *app) completeTransport(typed string) ([]string, cobra.ShellCompDirective) {
	before, last := "", typed
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before, last = typed[:i+1], typed[i+1:]
	}
	name, _, options := strings.Cut(last, ":")
	var list []string
	if !options && before == "" {
		list = append(list, "all")
	}
	for _, t := range a.transports {
		if !options {
			list = append(list, before+t.Name)
			continue
		}
		if t.Name != name {
			continue
		}
		list = append(list, before+name+":stock", before+name+":tuned")
		for _, o := range t.Options {
			for _, value := range o.Allowed {
				list = append(list, before+name+":"+o.Name+"="+value)
			}
			if o.Allowed == nil {
				list = append(list, before+name+":"+o.Name+"=")
			}
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func texts[T ~string](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}
