package node

import "github.com/raftbench/raftbench/core"

// applier drives the state machine.
type applier struct {
	node     *Node
	applied  core.Index
	snapshot core.SnapshotMeta // the newest snapshot saved
	results  core.Results
}

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
