package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/workloads"
)

// TestEveryEngineCommits measures for a moment: that everything fits together, on disk,
// with every acknowledged command looked for on all nodes.
func TestEveryEngineCommits(t *testing.T) {
	folder := t.TempDir()
	table := measures(t, "-restart=false", "-data", t.TempDir(), "-o", folder)
	for _, e := range engines() {
		if !strings.Contains(table, "| "+e.name+" |") {
			t.Errorf("no row for %s in\n%s", e.name, table)
		}
	}
	for _, name := range []string{"results.json", "results.csv", "results.md"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// measures runs for a moment, or longer if the machine is so busy that an engine gets
// nothing done in it, and returns what is printed.
func measures(t *testing.T, more ...string) string {
	t.Helper()
	for window := 100 * time.Millisecond; ; window *= 4 {
		args := append([]string{"-c", "8", "-d", window.String(), "-warmup", "0", "-repeat", "1"}, more...)
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, &stdout, &stderr)
		if code == exitOK {
			return stdout.String()
		}
		if window > 20*time.Second || !strings.Contains(stderr.String(), errNothingDone.Error()) {
			t.Fatalf("exit code %d\n%s", code, &stderr)
		}
	}
}

// TestRestart: the drivers that are ours recover what was acknowledged.
func TestRestart(t *testing.T) {
	measures(t, "-engines", "raftbench,etcd-raft", "-data", t.TempDir())
}

func TestInMemory(t *testing.T) {
	measures(t, "-storage", "mem")
}

// TestPortThatIsTaken: an engine that found one of its ports taken begins anew, with
// nothing left of the first time.
func TestPortThatIsTaken(t *testing.T) {
	parent, used := t.TempDir(), map[string]bool{}
	m := &measuring{plan: &plan{disk: true, data: parent}, engine: engine{start: func(_ context.Context, s setup) (cluster, error) {
		if len(s.addresses) != nodes || used[s.dir] {
			t.Errorf("started in %q, which was used, at %q", s.dir, s.addresses)
		}
		used[s.dir] = true
		if len(used) < 3 {
			return nil, fmt.Errorf("listen: %w", syscall.EADDRINUSE)
		}
		return nil, nil
	}}}
	if err := m.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
		t.Errorf("%d directories are left, %v; want the last", len(left), err)
	}
}

// TestWindowWithoutACommand: nothing is made up of it.
func TestWindowWithoutACommand(t *testing.T) {
	m := &measuring{measured: new(workloads.Measurement)}
	if got, err := m.result(); !errors.Is(err, errNothingDone) {
		t.Errorf("%+v, %v; want %v", got, err, errNothingDone)
	}
}

// TestCheckFindsWhatIsMissing: the check of what was acknowledged can fail.
func TestCheckFindsWhatIsMissing(t *testing.T) {
	applied := func(commands ...string) *tally {
		machine := new(tally)
		machine.each(len(commands), func(i int) []byte { return []byte(commands[i]) })
		return machine
	}
	both := []string{"command1", "command2"}
	for name, c := range map[string]struct {
		tallies      []*tally
		acknowledged uint64
		lost         bool
	}{
		"all there":        {[]*tally{applied(both...), applied(both...)}, 2, false},
		"one is missing":   {[]*tally{applied(both...), applied(both...)}, 3, true},
		"one too many":     {[]*tally{applied(both...), applied(both...)}, 1, true},
		"a node is behind": {[]*tally{applied(both...), applied(both[0])}, 2, true},
		"another order":    {[]*tally{applied(both...), applied(both[1], both[0])}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := settled(ctx, c.tallies, c.acknowledged, 0); errors.Is(err, errLost) != c.lost {
				t.Error(err)
			}
		})
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-engines nobody":           `-engines "nobody": allowed are "raftbench"`,
		"-c 0":                      `-c "0": want numbers from 1`,
		"-storage tape":             `-storage "tape": allowed are disk, mem`,
		"-d 1ms":                    "-d 1ms: want 100ms to 1h",
		"-repeat 0":                 "-repeat 0: want 1 to 1000",
		"-storage mem -data folder": `-data "folder": with -storage mem`,
		"-data nowhere":             `-data "nowhere": want a folder that is there`,
		"-o engines_test.go":        `-o "engines_test.go": want a folder`,
		"more":                      `"more": there are flags only`,
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d, %q, want %d and %q", args, code, &stderr, exitUsage, want)
		}
	}
}
