package raft

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the scripts say now into testdata")

// Scripts are conversations between a few nodes, with what the nodes said to each
// other written down. Lines that begin with "> " are commands (scriptworld_test.go
// has them); what follows, up to the next command, is what happened. "#" begins a
// remark. To change one, edit the commands and run with -update, and read the diff.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 60 {
		t.Fatalf("%d scripts, there were 60 and more", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(before, []byte("# ")) {
		t.Fatal("it does not begin with a remark that says what it shows")
	}
	after := playScript(t, string(before))
	if *update {
		if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(before), after); d != "" {
		t.Fatalf("(-written down +now):\n%s", d)
	}
}

// playScript runs the commands of a script and returns it with what happens now.
func playScript(t *testing.T, script string) string {
	var out strings.Builder
	w := &scriptWorld{t: t, out: &out}
	for _, line := range strings.Split(script, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, "> "):
			out.WriteString(line + "\n")
			w.command(strings.Fields(line[2:]))
		}
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}
