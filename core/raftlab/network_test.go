package raftlab

import "slices"

// network is what the suite's network is described as: it loses a tenth of the requests
// and a tenth of the replies, holds most replies back for so long that they
// overtake each other, or leaves callers of servers that are gone waiting.
type network struct {
	unreliable     bool
	longReordering bool
	longDelays     bool

	calls int // since the start
	bytes int
}

// call carries a request, and its reply or the news that there is none.
func (n *network) call(from, to *server, args Args) {
	l := from.lab
	n.calls++
	n.bytes += len(args.Body)
	args.Body = slices.Clone(args.Body)
	life := from.life
	end := func(reply *Reply, ok bool) {
		if from.peer != nil && from.life == life {
			from.peer.Complete(to.id, &args, reply, ok)
		}
	}
	if !from.connected || !to.isUp() {
		l.after(n.patience(l), func() { end(nil, false) })
		return
	}
	delay := 1
	if n.unreliable {
		delay += l.rng.IntN(27)
		if l.rng.IntN(10) == 0 {
			l.after(delay, func() { end(nil, false) })
			return
		}
	}
	l.after(delay, func() { n.arrive(from, to, args, end) })
}

// patience is how long it takes until a call to a server that is gone ends.
func (n *network) patience(l *lab) int {
	if n.longDelays {
		return l.rng.IntN(7000)
	}
	return l.rng.IntN(100)
}

// arrive lets the receiver answer, and carries its reply back.
func (n *network) arrive(from, to *server, args Args, end func(*Reply, bool)) {
	l := to.lab
	if !from.connected || !to.isUp() {
		end(nil, false)
		return
	}
	loan := Args{args.Kind, slices.Clone(args.Body)}
	reply := new(Reply)
	to.peer.Handle(&loan, reply)
	for i := range loan.Body {
		loan.Body[i] = 0xEE // whoever kept it will notice
	}
	delay := 0
	switch {
	case n.unreliable && l.rng.IntN(10) == 0:
		end(nil, false)
		return
	case n.longReordering && l.rng.IntN(3) > 0:
		delay = 200 + l.rng.IntN(1+l.rng.IntN(2000))
	}
	n.bytes += len(reply.Body)
	l.after(delay, func() { end(reply, from.connected && to.isUp()) })
}
