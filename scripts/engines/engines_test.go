package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEveryEngineCommits measures for a moment: that everything fits together, on disk,
// with every acknowledged command looked for on all nodes.
func TestEveryEngineCommits(t *testing.T) {
	folder := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"-c", "8", "-d", "100ms", "-warmup", "0", "-repeat", "1", "-restart=false", "-data", t.TempDir(), "-o", folder}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, &stderr)
	}
	for _, e := range engines() {
		if !strings.Contains(stdout.String(), "| "+e.name+" |") {
			t.Errorf("no row for %s in\n%s", e.name, &stdout)
		}
	}
	for _, name := range []string{"results.json", "results.csv", "results.md"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRestart: the drivers that are ours recover what was acknowledged.
func TestRestart(t *testing.T) {
	args := []string{"-engines", "raftbench,etcd-raft", "-c", "8", "-d", "100ms", "-warmup", "0", "-repeat", "1", "-data", t.TempDir()}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, &stderr)
	}
}

func TestInMemory(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-storage", "mem", "-c", "8", "-d", "100ms", "-warmup", "0", "-repeat", "1"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, &stderr)
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
