// Command engines compares our Raft with other Raft libraries for Go, on this machine:
// three nodes in this process over loopback TCP, logs on one disk, each write synced
// before it is acknowledged, commands of 16 B from clients in a closed loop. It is a
// module of its own, so that what it depends on stays out of the project's graph.
// docs/engines.md has the choices that were made for each engine, and results.
//
//	cd scripts/engines && go run . -o results
//
// All engines are measured by the same driver (package workloads), on fresh
// directories, in blocks: each block has every engine once, in another order. What
// each acknowledged is looked for afterwards, on every node, and once for each engine
// after a restart from its directories.
//
// It is not raftbench run: that compares transports under one Raft, and finds out more
// about each. It starts a goroutine for engines that hand out futures (collector), which
// ends when the cluster is closed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes of run.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "engines:", err)
		return exitUsage
	}
	results, err := p.measure(ctx, stderr)
	if err == nil {
		err = results.write(p.output, stdout)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "engines:", err)
		return exitError
	}
	return exitOK
}

// parse reads the command line. Errors name the flag, the value and what is allowed.
func parse(args []string, stderr io.Writer) (*plan, error) {
	p := new(plan)
	flags := flag.NewFlagSet("engines", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := flags.String("engines", "all", "which engines, separated by commas; all: "+strings.Join(engineNames(), ", "))
	clients := flags.String("c", "64,1024", "clients, each with one command under way; a list makes a table for each")
	storage := flags.String("storage", "disk", "where the logs are: disk or mem")
	flags.DurationVar(&p.window, "d", 3*time.Second, "length of each measurement")
	flags.DurationVar(&p.warmup, "warmup", time.Second, "what is left out before it")
	flags.IntVar(&p.blocks, "repeat", 5, "blocks: how often each engine is measured")
	flags.BoolVar(&p.restart, "restart", true, "with -storage disk: restart each cluster once, and look for what it acknowledged")
	flags.StringVar(&p.data, "data", "", "folder for the logs, on the disk that is to be measured; default a temporary one")
	flags.StringVar(&p.output, "o", "", "folder for results.json, results.csv and results.md; default none")
	flags.Uint64Var(&p.seed, "seed", 1, "of the order of engines and of what is written")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q: there are flags only", flags.Arg(0))
	}
	if *storage != "disk" && *storage != "mem" {
		return nil, fmt.Errorf("-storage %q: allowed are disk, mem", *storage)
	}
	p.disk = *storage == "disk"
	return p, errors.Join(p.choose(*names), p.setClients(*clients), p.validate())
}

func engineNames() []string {
	var names []string
	for _, e := range engines() {
		names = append(names, fmt.Sprintf("%q", e.name))
	}
	return names
}

func (p *plan) choose(list string) error {
	if list == "all" {
		p.engines = engines()
		return nil
	}
	for name := range strings.SplitSeq(list, ",") {
		found := false
		for _, e := range engines() {
			if e.name == name {
				p.engines, found = append(p.engines, e), true
			}
		}
		if !found {
			return fmt.Errorf("-engines %q: allowed are %s", name, strings.Join(engineNames(), ", "))
		}
	}
	return nil
}

func (p *plan) setClients(list string) error {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1<<16 {
			return fmt.Errorf("-c %q: want numbers from 1 to %d", text, 1<<16)
		}
		p.clients = append(p.clients, n)
	}
	return nil
}
