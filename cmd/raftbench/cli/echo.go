package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/workloads"
)

func (a *app) echoCommand() *cobra.Command {
	f := new(runFlags)
	cmd := &cobra.Command{
		Use:   "echo",
		Short: "Measure transports without Raft: one round trip of a Raft-shaped message",
		Long: `Measure transports without Raft: one round trip of a Raft-shaped message.

Every operation is an AppendEntries with one entry of --payload bytes, which the
other side answers at once. Nothing is batched above the transport. The results
are those of raftbench run, so that report and compare work on them: what a
transport loses between echo and run, Raft and its batching make up for.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd, f) },
	}
	a.echoFlags(cmd.Flags(), f)
	a.completeRun(cmd)
	return cmd
}

// echoFlags adds the flags of run that mean something without a cluster, and fills
// in the settings of the others.
func (a *app) echoFlags(fs *pflag.FlagSet, f *runFlags) {
	f.register, f.names = a.echoFlags, loadNames()
	f.Layer = experiment.LayerEcho
	f.Nodes, f.Pipelines, f.BatchSizes = []int{1}, []int{1}, []int{batch.DefaultSizeBytes}
	f.Lingers, f.ReadMode, f.Keys = []time.Duration{0}, experiment.ReadIndex, workloads.DefaultKeys
	a.loadFlags(fs, f)
	a.timeoutFlags(fs, f)
	a.planFlags(fs, f)
}
