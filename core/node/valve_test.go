package node_test

import (
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
)

// valve holds back what comes, in order, until it is opened.
type valve struct {
	mu   sync.Mutex
	shut bool
	held []func()
}

func (v *valve) pass(do func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shut {
		v.held = append(v.held, do)
		return
	}
	do()
}

func (v *valve) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = true
}

func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, do := range v.held {
		do()
	}
	v.shut, v.held = false, nil
}

// stallingDisk takes writes, and says what became of them when its valve is open.
type stallingDisk struct {
	core.Storage
	valve *valve
}

func (d stallingDisk) Write(w core.Write, done func(error)) {
	d.Storage.Write(w, func(err error) { d.valve.pass(func() { done(err) }) })
}

func (d stallingDisk) Close() error {
	d.valve.open()
	return d.Storage.Close()
}

// stallingDisks opens a disk for each of three nodes, with these valves.
func stallingDisks() (map[core.NodeID]*valve, func(core.NodeID) (core.Storage, error)) {
	valves := map[core.NodeID]*valve{1: {}, 2: {}, 3: {}}
	return valves, func(id core.NodeID) (core.Storage, error) { return stallingDisk{memlog.New(), valves[id]}, nil }
}
