// Package fault says what is to be done to a cluster while it is measured: a
// script ("at 2s: cut 2; at 3s: heal 2") is parsed into a Script, and a Script
// becomes a Schedule, which is a list of actions in order. Both are pure. Run
// does a schedule, on the caller's goroutine; it starts none.
//
// It is not what does it to a cluster: that is a Target, such as core/cluster.
package fault

import (
	"fmt"
	"strings"
	"time"
)

// Verb is what is done to a node.
type Verb string

// The verbs.
const (
	Cut      Verb = "cut"      // close the node's connections and refuse new ones
	Heal     Verb = "heal"     // let it connect again
	Kill     Verb = "kill"     // stop it without a word to the others; its storage stays
	Restart  Verb = "restart"  // start it again, on the same storage
	Transfer Verb = "transfer" // have the leader hand its office to it
	Flap     Verb = "flap"     // cut and heal in turn; only in a clause that repeats

	// Those that change the members of the cluster (dissertation chapter 4).
	Add     Verb = "add"     // a new node joins, with the next number
	Promote Verb = "promote" // a learner becomes a voter
	Remove  Verb = "remove"  // it leaves the cluster, and is stopped
	Replace Verb = "replace" // a new node takes its place, in one change, and it is stopped
)

// Verbs lists the verbs.
func Verbs() []Verb {
	return []Verb{Cut, Heal, Kill, Restart, Transfer, Flap, Add, Promote, Remove, Replace}
}

// breaks reports whether the verb takes something from the cluster for a while, rather
// than give it back.
func (v Verb) breaks() bool { return v == Cut || v == Kill || v == Transfer || v == Flap }

// changes reports whether the verb changes the members.
func (v Verb) changes() bool { return v == Add || v == Promote || v == Remove || v == Replace }

// wheres are the nodes without a number that the verb can be about.
func (v Verb) wheres() []Where {
	switch v {
	case Cut, Kill, Flap, Remove, Replace:
		return []Where{Leader}
	case Heal, Restart, Promote:
		return []Where{All}
	case Add:
		return []Where{Voter, Learner}
	}
	return nil
}

// Where is the node that something is done to: its number from 1, or one of those
// below.
type Where int

// The nodes without a number.
const (
	Leader  Where = -iota // whoever leads when it happens
	All                   // all that were cut off, killed, or have no voice: for heal, restart and promote
	Voter                 // a new node that becomes a voter as soon as it has caught up; for add
	Learner               // a new node that gets the log and has no voice; for add
)

func (w Where) String() string {
	switch w {
	case Leader:
		return "leader"
	case All:
		return "all"
	case Voter:
		return "voter"
	case Learner:
		return "learner"
	}
	return fmt.Sprint(int(w))
}

// Act is one thing to do.
type Act struct {
	Verb Verb
	Node Where
}

func (a Act) String() string { return fmt.Sprintf("%s %v", a.Verb, a.Node) }

// Clause says when some things are done: At, and if Every is not zero again each
// Every, for For or until the window ends.
type Clause struct {
	At    time.Duration // since the start of the window
	Every time.Duration
	For   time.Duration
	Acts  []Act
}

func (c Clause) String() string {
	var acts []string
	for _, a := range c.Acts {
		acts = append(acts, a.String())
	}
	list := strings.Join(acts, ", ")
	if c.Every == 0 {
		return fmt.Sprintf("at %v: %s", c.At, list)
	}
	when := fmt.Sprintf("every %v", c.Every)
	if c.At > 0 {
		when += fmt.Sprintf(" from %v", c.At)
	}
	if c.For > 0 {
		when += fmt.Sprintf(" for %v", c.For)
	}
	return when + ": " + list
}

// Script is what a user asks for. An empty one asks for nothing.
type Script []Clause

// String is the script as Parse reads it.
func (s Script) String() string {
	var clauses []string
	for _, c := range s {
		clauses = append(clauses, c.String())
	}
	return strings.Join(clauses, "; ")
}

// Cuts reports whether connections are cut, for which a transport must have some.
func (s Script) Cuts() bool {
	for _, c := range s {
		for _, a := range c.Acts {
			if a.Verb == Cut || a.Verb == Flap {
				return true
			}
		}
	}
	return false
}

// Check says what in the script cannot be done to a cluster of so many nodes,
// within a window of that length; zero if nobody knows how long it will be.
func (s Script) Check(nodes int, window time.Duration) error {
	for _, c := range s {
		if window > 0 && c.At >= window {
			return fmt.Errorf("%q: the window ends after %v", c, window)
		}
		if window == 0 && c.Every > 0 && c.For == 0 {
			return fmt.Errorf("%q: the window has no length of its own: want every %v for DURATION", c, c.Every)
		}
	}
	actions := s.schedule(window, maxActions+1)
	if len(actions) > maxActions {
		return fmt.Errorf("%q: more than %d actions", s, maxActions)
	}
	census := newCensus(nodes)
	for _, a := range actions {
		if err := census.allows(a.Act); err != nil {
			return fmt.Errorf("%q after %v: %w", a.Act, a.At, err)
		}
		census.note(a.Act)
	}
	return nil
}

// Nodes is the highest number that a node gets, of a cluster that begins with so many.
// The script has passed Check.
func (s Script) Nodes(nodes int, window time.Duration) int {
	census := newCensus(nodes)
	for _, a := range s.Schedule(window) {
		census.note(a.Act)
	}
	return census.last
}
