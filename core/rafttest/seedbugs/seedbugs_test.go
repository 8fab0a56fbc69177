package main

import (
	"flag"
	"slices"
	"testing"
)

var all = flag.Bool("mutants", false, "hunt for the mutants too")

// Every mutant still has a place in the code.
func TestMutantsApply(t *testing.T) {
	folder, err := raftFolder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range mutants() {
		if _, _, err := m.apply(folder); err != nil {
			t.Error(err)
		}
		if names[m.name] {
			t.Errorf("two mutants are called %s", m.name)
		}
		names[m.name] = true
	}
}

func TestAMutantWithoutAPlaceIsAnError(t *testing.T) {
	folder, err := raftFolder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := mutant{name: "Nowhere", file: "raft.go", edits: one("no such text", "")}
	if _, _, err := m.apply(folder); err == nil {
		t.Fatal("no error")
	}
}

// Every mutant is found within its budget, by one of the promises stated.
func TestMutantsAreFound(t *testing.T) {
	if !*all {
		t.Skip("builds the simulator once for each mutant, which takes minutes: use -mutants, as scripts/test does")
	}
	folder, err := raftFolder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			c, err := huntMutant(t.Context(), &m, 0, folder, t.TempDir())
			switch {
			case err != nil:
				t.Fatal(err)
			case c.Promise == "":
				t.Fatalf("not found within %d seeds", m.bounty.Within)
			case !slices.Contains(m.bounty.By, c.Promise):
				t.Fatalf("found by another check than %q: %q", m.bounty.By, c.Promise)
			}
			t.Logf("after %d seeds, by %q, in %v", c.Seeds, c.Promise, c.Took)
		})
	}
}
