package transporttest

import (
	"fmt"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// checkOrder sends numbered requests of every class, in batches of many sizes.
func checkOrder(t T, e *env) {
	if !e.network.Ordered {
		t.Skipf("the transport does not promise order")
	}
	a, b := e.open(1), e.open(2)
	last := map[core.Class]uint64{}
	var mu sync.Mutex // Receive may be called concurrently
	b.setHandler(func(requests []*core.Incoming) {
		mu.Lock()
		for _, r := range requests {
			class, id := r.Request.Class(), idOf(r.Request)
			if id != last[class]+1 {
				e.violate("request %d of class %v arrived after request %d", id, class, last[class])
			}
			last[class] = id
		}
		mu.Unlock()
		b.echo(requests)
	})
	var all []*ticket
	for id := uint64(1); id <= 1000; {
		var batch []*ticket
		for range 1 + id%17 {
			for c := range core.Class(core.NumClasses) {
				batch = append(batch, a.ticket(b.id, ofClass(c, id), 2*patience))
			}
			id++
		}
		a.send(batch...)
		all = append(all, batch...)
	}
	for _, tk := range all {
		tk.done(t)
	}
}

// idOf returns the number that ofClass was given.
func idOf(r core.Request) (id uint64) {
	switch r := r.(type) {
	case *core.AppendEntriesRequest:
		id = r.Session
	case *core.InstallSnapshotRequest:
		id = r.Session
	case *core.ProposeRequest:
		_, _ = fmt.Sscan(string(r.Commands[0]), &id)
	}
	return id
}
