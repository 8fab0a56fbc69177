package node

import "github.com/raftbench/raftbench/core"

// applier drives the state machine.
type applier struct {
	node     *Node
	applied  core.Index
	results  core.Results
	snapshot core.SnapshotMeta // the newest that the storage has

	snapshotBytes uint64 // of its content
	bytes         uint64 // of the entries applied since it

	toLoad  bool // the state machine is to take the newest snapshot
	loading bool // a goroutine has the state machine take a snapshot
}

// isLoading reports whether the state machine is, or will be, taking a snapshot: its
// state is not that of the log.
func (a *applier) isLoading() bool { return a.toLoad || a.loading }

// entries applies what was committed, in runs of commands between no-ops.
func (a *applier) entries(list []core.Entry) {
	if len(list) == 0 {
		return
	}
	for from := 0; from < len(list); {
		to := from
		for to < len(list) && list[to].Kind == core.EntryCommand {
			to++
		}
		a.run(list[from:to])
		from = to + 1 // a no-op, or the end
	}
	a.bytes += uint64(core.EntriesSizeBytes(list))
	a.applied = list[len(list)-1].Index
	a.node.counters.applied.Store(uint64(a.applied))
	a.node.raft.Applied(a.applied)
}

func (a *applier) run(commands []core.Entry) {
	if len(commands) == 0 {
		return
	}
	a.results.Truncate()
	a.node.config.StateMachine.Apply(commands, &a.results)
	a.node.applied(commands[0].Index, a.results.List())
}
