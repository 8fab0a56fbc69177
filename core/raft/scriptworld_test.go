package raft

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// scriptWorld is what a script acts in. Messages stay where they are until a
// command moves them; writes are durable at once, but for nodes that are slow.
//
//	cluster N [WORD=VALUE...]   N voters; join=K more nodes that know nobody; lease=PERCENT;
//	                            prevote=off, quorum=off, appendbytes=B, newborn=on
//	campaign I | tick I [N] | skip I N | propose I TEXT... | read I | transfer I J
//	change I voters=1,2 [learners=3,4]
//	deliver [I>J]               what is under way, once; settle: until nothing is
//	lose | twice | late [I>J]   drop it, double it, put it behind the rest
//	newest I>J                  deliver the one that was sent last
//	fail I>J                    drop it and tell the sender
//	cut I | cut I>J | heal      what is sent from now on is lost
//	slow I | persist I [N] | fast I
//	crash I | restart I         what was not durable is lost
//	wipe I                      crash, and the disk is lost
//	snapshot I                  of all that was applied; the log is compacted
//	log I | status I | flying
type scriptWorld struct {
	t      *testing.T
	out    *strings.Builder
	nodes  []*scriptNode
	flying []flight
	cuts   map[[2]core.NodeID]bool
	tokens uint64
}

// flight is a message under way.
type flight struct {
	from core.NodeID
	Message
}

func (w *scriptWorld) say(format string, args ...any) {
	fmt.Fprintf(w.out, "    "+format+"\n", args...)
}

func (w *scriptWorld) command(words []string) {
	name, args := words[0], words[1:]
	commands := map[string]func([]string){
		"cluster": w.cluster, "deliver": w.deliver, "settle": w.settle, "flying": w.listFlying,
		"lose": w.lose, "twice": w.twice, "late": w.late, "newest": w.newest, "fail": w.fail, "cut": w.cut, "heal": func([]string) { w.cuts = nil },
	}
	if do, ok := commands[name]; ok {
		do(args)
		return
	}
	if len(args) == 0 {
		w.t.Fatalf("%q: no such command, or it needs a node", name)
	}
	n := w.node(args[0])
	do, ok := n.commands()[name]
	if !ok {
		w.t.Fatalf("%q: no such command", name)
	}
	do(args[1:])
	n.drain()
}

func (w *scriptWorld) node(word string) *scriptNode {
	i, err := strconv.Atoi(word)
	if err != nil || i < 1 || i > len(w.nodes) {
		w.t.Fatalf("%q is not a node", word)
	}
	return w.nodes[i-1]
}

func (w *scriptWorld) cluster(args []string) {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		w.t.Fatal(err)
	}
	cfg, more := Config{}, 0
	for _, arg := range args[1:] {
		word, value, _ := strings.Cut(arg, "=")
		number, _ := strconv.Atoi(value)
		switch word {
		case "join":
			more = number
		case "lease":
			cfg.LeaseDriftPercent = number
		case "prevote":
			cfg.DisablePreVote = true
		case "newborn":
			cfg.Newborn = 1
		case "quorum":
			cfg.DisableCheckQuorum = true
		case "appendbytes":
			cfg.MaxAppendBytes = number
		default:
			w.t.Fatalf("%q: no such setting", arg)
		}
	}
	for i := range count {
		cfg.Voters = append(cfg.Voters, core.NodeID(i+1))
	}
	for i := range count + more {
		n := &scriptNode{w: w, id: core.NodeID(i + 1), cfg: cfg, log: &testLog{}}
		if i >= count {
			n.cfg.Voters = nil
		}
		w.nodes = append(w.nodes, n)
		n.start()
	}
}

// link reads "1>2"; without it every message is meant.
func (w *scriptWorld) link(args []string) func(f *flight) bool {
	if len(args) == 0 {
		return func(*flight) bool { return true }
	}
	from, to, ok := strings.Cut(args[0], ">")
	if !ok {
		w.t.Fatalf("%q is not a link such as 1>2", args[0])
	}
	a, b := w.node(from).id, w.node(to).id
	return func(f *flight) bool { return f.from == a && f.To == b }
}

// take removes the messages that are meant and returns them.
func (w *scriptWorld) take(args []string) []flight {
	meant := w.link(args)
	var taken, rest []flight
	for _, f := range w.flying {
		if meant(&f) {
			taken = append(taken, f)
		} else {
			rest = append(rest, f)
		}
	}
	w.flying = rest
	if len(taken) == 0 {
		w.say("nothing is under way")
	}
	return taken
}

func (w *scriptWorld) deliver(args []string) {
	for _, f := range w.take(args) {
		w.nodes[f.To-1].receive(f)
	}
}

func (w *scriptWorld) settle([]string) {
	for range 100 {
		if len(w.flying) == 0 {
			return
		}
		w.deliver(nil)
	}
	w.t.Fatal("it does not settle")
}

func (w *scriptWorld) newest(args []string) {
	taken := w.take(args)
	last := len(taken) - 1
	w.flying = append(w.flying, taken[:last]...)
	w.nodes[taken[last].To-1].receive(taken[last])
}

func (w *scriptWorld) lose(args []string) { w.take(args) }

func (w *scriptWorld) twice(args []string) {
	taken := w.take(args)
	w.flying = append(append(w.flying, taken...), taken...)
}

func (w *scriptWorld) late(args []string) { w.flying = append(w.flying, w.take(args)...) }

func (w *scriptWorld) fail(args []string) {
	for _, f := range w.take(args) {
		if f.Request != nil {
			n := w.nodes[f.from-1]
			n.raft.ReportFailure(f.To, f.Request)
			n.drain()
		}
	}
}

func (w *scriptWorld) cut(args []string) {
	if w.cuts == nil {
		w.cuts = map[[2]core.NodeID]bool{}
	}
	if from, to, ok := strings.Cut(args[0], ">"); ok {
		w.cuts[[2]core.NodeID{w.node(from).id, w.node(to).id}] = true
		return
	}
	for _, n := range w.nodes {
		w.cuts[[2]core.NodeID{w.node(args[0]).id, n.id}] = true
		w.cuts[[2]core.NodeID{n.id, w.node(args[0]).id}] = true
	}
}

func (w *scriptWorld) listFlying([]string) {
	for _, f := range w.flying {
		w.say("%d -> %d %s", uint64(f.from), uint64(f.To), describe(f.Message))
	}
}

// send puts messages under way, unless the link is cut.
func (w *scriptWorld) send(from core.NodeID, messages []Message) {
	for _, m := range messages {
		if w.cuts[[2]core.NodeID{from, m.To}] {
			w.say("%d -x %d %s", uint64(from), uint64(m.To), describe(m))
			continue
		}
		w.say("%d -> %d %s", uint64(from), uint64(m.To), describe(m))
		w.flying = append(w.flying, flight{from, m})
	}
}
