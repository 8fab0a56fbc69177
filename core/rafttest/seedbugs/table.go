package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/raftbench/raftbench/core/rafttest"
)

// printTable hunts for the bugs whose names match, in worlds from seed on, and
// prints a line for each, as Markdown.
func printTable(ctx context.Context, w io.Writer, only string, seed uint64) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	folder, err := raftFolder(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "seedbugs")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // of a temporary folder
	t := table{w: w}
	t.printf("| bug | mistake | worlds to find it | budget | time | found by |\n|---|---|---:|---:|---:|---|\n")
	for _, b := range rafttest.Bugs() {
		if !wanted.MatchString(b.String()) {
			continue
		}
		bounty := b.Bounty()
		o := bounty.Options(b)
		o.Seed = seed
		c, err := hunt(o, bounty.Within)
		if err != nil {
			return err
		}
		t.line(b.String(), "driver: "+b.Mistake(), bounty, c)
	}
	for _, m := range mutants() {
		if !wanted.MatchString(m.name) {
			continue
		}
		c, err := huntMutant(ctx, &m, seed, folder, scratch)
		if err != nil {
			return err
		}
		t.line(m.name, m.where()+": "+m.mistake, m.bounty, c)
	}
	return t.err
}

// table is Markdown under way.
type table struct {
	w   io.Writer
	err error // the first of writing
}

func (t *table) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *table) line(name, mistake string, b rafttest.Bounty, c catch) {
	found := c.Promise
	if found == "" {
		found = "**not found**"
	}
	t.printf("| %s | %s | %d | %d | %s | %s |\n", name, mistake, c.Seeds, b.Within, c.Took.Round(time.Millisecond), found)
}
