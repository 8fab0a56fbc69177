package raftbench_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// violation is a small tree that breaks one rule.
type violation struct {
	rule  string
	want  string // part of the finding
	files map[string]string
}

func goSource(pkg, body string) string {
	return "// Package " + pkg + " is an example.\npackage " + pkg + "\n\n" + body
}

// violations has at least one tree for every rule: a rule that cannot fail keeps
// nothing.
func violations() []violation {
	file := func(name, text string) map[string]string { return map[string]string{name: text} }
	importing := func(name, pkg, imported string) map[string]string {
		return file(name, goSource(pkg, fmt.Sprintf("import _ %q\n", imported)))
	}
	return []violation{
		{"imports", "core must not import", importing("core/core.go", "core", module+"/core/raft")},
		{"imports", "core must not import", importing("core/core.go", "core", "google.golang.org/grpc")},
		{"imports", "core/raft must not import time", importing("core/raft/raft.go", "raft", "time")},
		{"imports", "core/raft must not import os/signal", importing("core/raft/raft.go", "raft", "os/signal")},
		{"imports", "core/node must not import", importing("core/node/node.go", "node", module+"/transports/rawtcp")},
		{"imports", "transports/http must not import", importing("transports/http/http.go", "http", module+"/transports/netrpc")},
		{"imports", "transports/rawtcp must not import", importing("transports/rawtcp/rawtcp.go", "rawtcp", module+"/core/raft")},
		{"imports", "transports/rawtcp must not import", importing("transports/rawtcp/rawtcp.go", "rawtcp", "google.golang.org/grpc")},
		{"imports", "reports must not import", importing("reports/run.go", "reports", module+"/core/node")},
		{"imports", "has no row", importing("drawer/drawer.go", "drawer", "fmt")},
		{"package comment", "0 of its files", file("core/core.go", "package core\n")},
		{"package comment", "2 of its files", map[string]string{"core/a.go": goSource("core", ""), "core/b.go": goSource("core", "")}},
		{"package comment", "fewer than three", file("core/core.go", goSource("core", strings.Repeat("const _ = 0\n", 120)))},
		{"package comment", "does not speak of them", file("core/node/node.go", goSource("node", "func f() { go f() }\n"))},
		{"package name", "named util", file("core/util/util.go", goSource("util", ""))},
		{"package name", "named types", file("core/types/nouns.go", goSource("nouns", ""))},
		{"no init", "an init function", file("core/core.go", goSource("core", "func init() {}\n"))},
		{"no mutable package variables", "counter", file("core/core.go", goSource("core", "var counter int\n"))},
		{"no mutable package variables", "pool", file("core/core.go", goSource("core", "import \"sync\"\n\nvar pool = sync.Pool{}\n"))},
		{"no mutable package variables", "sizes is written to", map[string]string{
			"core/a.go": goSource("core", "var sizes = []int{1, 2}\n"),
			"core/b.go": "package core\n\nfunc f() { sizes[0] = 2 }\n",
		}},
		{"size", "core/core.go has 603 lines", file("core/core.go", goSource("core", strings.Repeat("\n", 600)))},
		{"size", "core/core.go:long has 82 lines", file("core/core.go", goSource("core", "func long() {\n"+strings.Repeat("\n", 80)+"}\n"))},
		{"no goroutine in the core", "starts a goroutine", file("core/raft/raft.go", goSource("raft", "func f() { go f() }\n"))},
		{"no goroutine in the core", "starts a goroutine", file("core/core.go", goSource("core", "import \"sync\"\n\nfunc f(wg *sync.WaitGroup) { wg.Go(nil) }\n"))},
		{"seeded randomness", "rand.IntN draws", file("core/rafttest/sim.go", goSource("rafttest", "import \"math/rand/v2\"\n\nvar _ = rand.IntN(3)\n"))},
		{"no sleep in tests", "core_test.go:5: TestX calls time.Sleep", file("core/core_test.go", "package core\n\nimport \"time\"\n\nfunc TestX() { time.Sleep(1) }\n")},
		{"no exit", "calls os.Exit", file("reports/run.go", goSource("reports", "import \"os\"\n\nfunc f() { os.Exit(1) }\n"))},
		{"no exit", "calls log.Fatalf", file("core/core.go", goSource("core", "import \"log\"\n\nfunc f() { log.Fatalf(\"\") }\n"))},
		{"no bare TODO", "TODO without a reason", file("core/core.go", goSource("core", "// TODO: later\nfunc f() {}\n"))},
		{"no machine paths", "README.md:2", file("README.md", "# Title\nsee "+machineMarks()[0]+"main\n")},
		{"no machine paths", "Dockerfile:1", file("Dockerfile", "FROM "+machineMarks()[7]+"\n")},
		{"licence", "LICENSE", file("LICENSE", "MIT\n")},
		{"licence", "LICENSE", nil},
		{"changelog", "Unreleased", file("CHANGELOG.md", "# Changelog\n\n## [0.1.0]\n")},
		{"links", "no such file", file("README.md", "[map](ARCHITECTURE.md)\n")},
		{"links", "no such file", file("docs/a.md", "[map](../b.md#part)\n")},
		{"links", "no such heading", file("README.md", "# Title\n\n[part](#the-part)\n")},
		{"tests exist", "no such test", file("docs/a.md", "`TestGone` finds it\n")},
		{"decisions listed", "0009-x.md is not listed", map[string]string{"docs/decisions/0009-x.md": "", "docs/decisions/README.md": "[other](0008-x.md)\n"}},
		{"dependencies have reasons", "example.org/dep has no reason", file("go.mod", "module m\n\nrequire (\n\texample.org/dep v1.2.3\n\texample.org/far v1.2.3 // indirect\n)\n")},
		{"dependencies have reasons", "example.org/dep has no reason in docs/engines.md", file("scripts/engines/go.mod", "module m\n\nrequire example.org/dep v1.2.3\n")},
		{"CI runs scripts/test", "go test", file(".ci/run", "#!/usr/bin/env bash\ngo test ./core\n")},
	}
}

// TestEveryRuleCanFail feeds each rule what it forbids.
func TestEveryRuleCanFail(t *testing.T) {
	checks := map[string]func(*tree) []string{}
	for _, r := range rules() {
		checks[r.name] = r.check
	}
	seen := map[string]bool{}
	for _, v := range violations() {
		seen[v.rule] = true
		check, ok := checks[v.rule]
		if !ok {
			t.Fatalf("violation of a rule that there is not: %q", v.rule)
		}
		found := strings.Join(check(memoryTree(t, v.files)), "\n")
		if !strings.Contains(found, v.want) {
			t.Errorf("%s: found %q, want something with %q", v.rule, found, v.want)
		}
	}
	for name := range checks {
		if !seen[name] {
			t.Errorf("rule %q has no violation that proves it", name)
		}
	}
}

// TestRulesLetGoodCodeThrough is the other half: what is allowed is not found.
func TestRulesLetGoodCodeThrough(t *testing.T) {
	good := memoryTree(t, map[string]string{
		"LICENSE":                  "Apache License\nVersion 2.0\n",
		"CHANGELOG.md":             "# Changelog\n\n## [Unreleased]\n",
		"README.md":                "# Read me\n\n## The `core`, in short\n\n[in short](#the-core-in-short) [decisions](docs/decisions/) `a[i](gone.md)` [out](https://example.org/x)\n\n```go\na[i](missing.md)\n```\n",
		".ci/run":                  "#!/usr/bin/env bash\n# why\ncd \"$(dirname \"$0\")/..\"\nexec ./scripts/test\n",
		"go.mod":                   "module m\n\nrequire example.org/dep v1.2.3\n",
		"docs/decisions/README.md": "[0001](0001-direct-dependencies.md)\n",
		"docs/decisions/0001-direct-dependencies.md": "`example.org/dep`: to have one\n",
		"core/core.go": goSource("core", "import (\n\t\"errors\"\n\t\"time\"\n)\n\n"+
			"var errX = errors.New(\"x\")\n\nvar table = []struct{ d time.Duration }{{1}}\n\nvar _ = table\n"+
			"// TODO: split this file when the second storage is there.\n"),
		"core/node/node.go":           "// Package node is an example whose goroutine ends.\npackage node\n\nimport \"" + module + "/core/raft\"\n\nfunc f() { go raft.F() }\n",
		"core/raft/raft.go":           goSource("raft", "import \""+module+"/core\"\n"),
		"core/rafttest/sim.go":        goSource("rafttest", "import \"math/rand/v2\"\n\nvar _ = rand.New(rand.NewPCG(1, 2))\n"),
		"core/raft/raft_test.go":      "package raft\n\nimport \"time\"\n\nvar now time.Time\n\nfunc poll(done func() bool) {\n\tfor !done() {\n\t\ttime.Sleep(1)\n\t}\n}\n",
		"transports/rawtcp/rawtcp.go": goSource("rawtcp", "import _ \""+module+"/transports/wire\"\n"),
		"cmd/raftbench/main.go":       "// Command raftbench is an example.\npackage main\n\nimport \"os\"\n\nfunc main() { os.Exit(0) }\n",
		"transports/grpc/pb/x.pb.go":  "// Code generated by hand. DO NOT EDIT.\n\n// Package pb is generated.\npackage pb\n\nvar state int\n\nfunc init() {}\n" + strings.Repeat("\n", 700),
	})
	for _, r := range rules() {
		for _, finding := range r.check(good) {
			t.Errorf("%s: %s", r.name, finding)
		}
	}
}

func memoryTree(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := loadTree(fsys, slices.Sorted(maps.Keys(files)))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
