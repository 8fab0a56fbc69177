// Command seedbugs seeds known mistakes, one after the other, and reports how many
// simulated worlds it takes to find each: the simulator is only worth what it
// finds. A mistake is made either by the simulated driver (rafttest.Bug) or in
// core/raft or core/session itself: then the command builds itself once more with a changed text of
// one file (go build -overlay) and has that hunt.
//
// It needs the go command and the module's sources. It prints the table of
// docs/simulation.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/raftbench/raftbench/core/rafttest"
)

func main() {
	hunting := flag.Int("hunt", 0, "run this many worlds with Raft as it was built, print what was found as JSON, and end")
	ticks := flag.Int("ticks", 0, "with -hunt: the length of a world; 0: the default")
	sessions := flag.Bool("sessions", false, "with -hunt: only worlds in which clients have sessions")
	turnover := flag.Bool("turnover", false, "with -hunt: only worlds in which leaders, or all voters, are replaced again and again")
	leases := flag.Bool("leases", false, "with -hunt: only worlds with leases")
	seed := flag.Uint64("seed", 0, "the first world; other ones show whether a bug was found by luck")
	excess := flag.Int("excess", 0, "with -hunt: only worlds with clocks that differ by so many percent more than is declared")
	only := flag.String("only", "", "a regular expression: look only for the bugs whose name it matches")
	flag.Parse()
	err := error(nil)
	if *hunting > 0 {
		err = printHunt(os.Stdout, rafttest.Options{Seed: *seed, Ticks: *ticks, Leases: *leases, Sessions: *sessions, Turnover: *turnover, ExcessPercent: *excess}, *hunting)
	} else {
		err = printTable(context.Background(), os.Stdout, *only, *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "seedbugs:", err)
		os.Exit(1)
	}
}

// catch is what a hunt came to.
type catch struct {
	Promise string        // that was found broken; empty: nothing was found
	Seeds   int           // it took
	Took    time.Duration // of this machine's time
}
