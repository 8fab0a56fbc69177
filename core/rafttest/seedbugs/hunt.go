package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core/rafttest"
)

// hunt looks for a violation in count worlds.
func hunt(o rafttest.Options, count int) (catch, error) {
	start := time.Now()
	v, n, err := rafttest.Hunt(o, count)
	c := catch{Seeds: n, Took: time.Since(start)}
	if v != nil {
		c.Promise = v.Promise
	}
	return c, err
}

func printHunt(w io.Writer, o rafttest.Options, count int) error {
	c, err := hunt(o, count)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(c)
}

// hangs bounds a mutant's hunt: a Raft that is wrong may never come to an end.
const hangs = 5 * time.Minute

// huntMutant builds this command with the mutant in it and lets it hunt, in worlds
// from seed on.
func huntMutant(ctx context.Context, m *mutant, seed uint64, folder, scratch string) (catch, error) {
	binary, err := build(ctx, m, folder, scratch)
	if err != nil {
		return catch{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, hangs)
	defer cancel()
	args := []string{"-hunt", strconv.Itoa(m.bounty.Within), "-ticks", strconv.Itoa(m.bounty.Ticks), "-seed", strconv.FormatUint(seed, 10)}
	if m.bounty.Leases {
		args = append(args, "-leases")
	}
	if m.bounty.Sessions {
		args = append(args, "-sessions")
	}
	if m.bounty.Turnover {
		args = append(args, "-turnover")
	}
	if m.bounty.Excess > 0 {
		args = append(args, "-excess", strconv.Itoa(m.bounty.Excess))
	}
	out, err := run(ctx, folder, binary, args...)
	if err != nil {
		return catch{}, fmt.Errorf("%s: hunt: %w", m.name, err)
	}
	var c catch
	if err := json.Unmarshal(out, &c); err != nil {
		return catch{}, fmt.Errorf("%s: what the hunt printed: %w", m.name, err)
	}
	return c, nil
}

// build returns the path of this command with the mutant in it.
func build(ctx context.Context, m *mutant, folder, scratch string) (string, error) {
	path, text, err := m.apply(folder)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(scratch, m.name+".go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(scratch, m.name+".json")
	for name, data := range map[string][]byte{changed: text, list: overlay} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return "", err
		}
	}
	binary := filepath.Join(scratch, m.name)
	if _, err := run(ctx, folder, "go", "build", "-overlay", list, "-o", binary, "../rafttest/seedbugs"); err != nil {
		return "", fmt.Errorf("%s: %w", m.name, err)
	}
	return binary, nil
}

// raftFolder is the folder of core/raft.
func raftFolder(ctx context.Context) (string, error) {
	out, err := run(ctx, "", "go", "list", "-f", "{{.Dir}}", "github.com/raftbench/raftbench/core/raft")
	return strings.TrimSpace(string(out)), err
}

// run runs a command to its end and returns what it printed.
func run(ctx context.Context, folder, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}
