package node

import (
	"fmt"
	"hash/maphash"

	"github.com/raftbench/raftbench/core"
)

// refusals are the snapshots that were not taken from others.
type refusals struct {
	seed maphash.Seed
	last uint64 // the hash of the last header that was refused
	text string // why a snapshot was refused last
	busy bool   // a goroutine sets one aside
}

// refuseHeader refuses a snapshot by its header alone. A leader that knows no better
// sends it again and again: it is counted each time, and set aside once.
func (n *Node) refuseHeader(r *core.Incoming, req *core.InstallSnapshotRequest, claimed core.SnapshotManifest, err error) {
	hash := maphash.Bytes(n.refused.seed, req.Data)
	known := hash == n.refused.last
	n.refused.last = hash
	if known {
		n.counters.refused.Add(1)
		n.refuse(r, err)
		return
	}
	n.refuseSnapshot(r, req, err)
	if n.refused.busy {
		return // of many at once, some
	}
	n.refused.busy = true
	n.background.Go(func() {
		w, err := n.config.Storage.NewSnapshot(core.SnapshotMeta{Index: claimed.Meta.Index, Term: claimed.Meta.Term})
		if err == nil {
			err = w.SetAside(claimed)
		}
		n.inbox.do(func() {
			n.refused.busy = false
			if err != nil {
				n.warn("set a snapshot aside: %v", err)
			}
		})
	})
}

// refuseSnapshot says that a snapshot is not accepted, and why: to the sender, in the
// counters, in the status and in a warning.
func (n *Node) refuseSnapshot(r *core.Incoming, req *core.InstallSnapshotRequest, err error) {
	n.counters.refused.Add(1)
	n.refused.text = fmt.Sprintf("%v from %v: %v", req.Snapshot, req.From, err)
	n.warn("refused %s", n.refused.text)
	n.refuse(r, fmt.Errorf("refused %v: %w", req.Snapshot, err))
}

// warn tells the node's owner of something that a person should know, once if it comes
// again and again.
func (n *Node) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if n.config.OnWarning != nil && text != n.warned {
		n.config.OnWarning(fmt.Sprintf("%v: %s", n.config.ID, text))
	}
	n.warned = text
}
