package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/fault"
)

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List transports with their options, and what else there is to choose from",
		Args:  args(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return a.list() },
	}
}

func (a *app) list() error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TRANSPORTS (--transport name:option=value; profile tuned unless :stock)")
	for _, t := range a.transports {
		fmt.Fprintf(w, "\n%s\t%s\n", t.Name, t.Summary)
		if len(t.Options) > 0 {
			fmt.Fprintln(w, "  option\tstock\ttuned\tallowed\t")
		}
		for _, o := range t.Options {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", o.Name, o.Stock, o.Tuned, allowed(o), o.Usage)
		}
	}
	fmt.Fprintf(w, "\nBATCHING (--batch.policy)\t%s\n", join(batch.Policies()))
	fmt.Fprintf(w, "READS (--read-mode)\t%s\n", join(experiment.ReadModes()))
	fmt.Fprintf(w, "READERS (--read-from)\t%s\n", join(client.ReadFroms()))
	fmt.Fprintf(w, "LOGS (--storage)\t%s\n", join(experiment.StorageKinds()))
	fmt.Fprintf(w, "SYNCS (--fsync)\t%s\n", join(experiment.Fsyncs()))
	fmt.Fprintf(w, "STATE MACHINES (--state-machine)\t%s\n", join(experiment.MachineKinds()))
	fmt.Fprintf(w, "RETRIES (--retry)\t%s\n", join(client.RetryModes()))
	fmt.Fprintf(w, "FAULTS (--fault, --event)\t%s\n", join(fault.Verbs()))
	fmt.Fprintf(w, "PROFILES (--profile)\t%s\n", profileHelp())
	return w.Flush()
}

func (a *app) transportNames() string {
	var names []string
	for _, t := range a.transports {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func allowed(o core.Option) string {
	if o.Allowed == nil {
		return "a value"
	}
	return strings.Join(o.Allowed, "|")
}

func join[T ~string](values []T) string { return strings.Join(texts(values), ", ") }
