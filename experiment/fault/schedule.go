package fault

import (
	"cmp"
	"slices"
	"time"
)

// maxActions bounds a schedule.
const maxActions = 10_000

// Action is an act with its time, since the start of the window. Its verb is not
// Flap.
type Action struct {
	At time.Duration
	Act
}

// Schedule lists what is to be done in a window of that length, in order; what
// falls together is done in the order of the script. A zero window is one without
// an end of its own. The script has passed Check.
//
// A clause that repeats does its acts at its start and then each Every, as long as
// For has not passed. What flaps is cut at first; when For has passed it is healed
// if it is cut.
func (s Script) Schedule(window time.Duration) []Action { return s.schedule(window, maxActions) }

func (s Script) schedule(window time.Duration, limit int) []Action {
	var list []Action
	for _, c := range s {
		list = append(list, c.schedule(window, limit-len(list))...)
	}
	slices.SortStableFunc(list, func(a, b Action) int { return cmp.Compare(a.At, b.At) })
	return list
}

func (c Clause) schedule(window time.Duration, limit int) []Action {
	end, list := c.end(window), []Action(nil)
	round := 0
	for at := c.At; (at == c.At || at < end) && len(list) < limit; at += c.Every {
		for _, a := range c.Acts {
			list = append(list, Action{at, a.turn(round)})
		}
		round++
		if c.Every == 0 {
			return list
		}
	}
	if round%2 == 0 || window > 0 && end >= window {
		return list
	}
	for _, a := range c.Acts {
		if a.Verb == Flap {
			list = append(list, Action{end, a.turn(round)})
		}
	}
	return list
}

// end is when a clause stops repeating.
func (c Clause) end(window time.Duration) time.Duration {
	switch {
	case c.For == 0:
		return window
	case window > 0:
		return min(window, c.At+c.For)
	}
	return c.At + c.For
}

// turn is what an act means in a round of its clause, counted from 0.
func (a Act) turn(round int) Act {
	switch {
	case a.Verb != Flap:
		return a
	case round%2 == 0:
		return Act{Cut, a.Node}
	case a.Node == Leader:
		return Act{Heal, All} // another one leads by now
	}
	return Act{Heal, a.Node}
}
