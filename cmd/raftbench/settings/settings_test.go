package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// flags is a command's flags, parsed from args.
func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	fs := pflag.NewFlagSet("run", pflag.ContinueOnError)
	fs.String("transport", "all", "")
	fs.IntP("clients", "c", 64, "")
	fs.String("batch.size", "16KiB", "")
	fs.String("read-mode", "readindex", "")
	fs.Bool("dry-run", false, "")
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return fs
}

func readFile(t *testing.T, content string) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "experiment.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Read(path, Names(flags(t)), []string{"transport", "clients", "batch.size"})
	if err != nil {
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, "FILE"))
	}
	return f, err
}

// Defaults < file < environment < flags.
func TestPrecedence(t *testing.T) {
	fs := flags(t, "--transport", "by-flag")
	file, err := readFile(t, "transport: by-file\nclients: 1\nbatch.size: 1KiB\n")
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"RAFTBENCH_TRANSPORT=by-environment", "RAFTBENCH_CLIENTS=2", "RAFTBENCH_BATCH_SIZE=", "HOME=/"}
	sources, warnings, err := Apply(fs, file, environ)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("Apply: %v, %v", err, warnings)
	}
	type setting struct {
		Value  string
		Source Source
	}
	got := map[string]setting{}
	for _, name := range Names(fs) {
		got[name] = setting{fs.Lookup(name).Value.String(), sources.Of(name)}
	}
	want := map[string]setting{
		"transport":  {"by-flag", Flag},
		"clients":    {"2", Environment},
		"batch.size": {"1KiB", FromFile},
		"read-mode":  {"readindex", Default},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	sources["dry-run"] = FromProfile
	if !sources.Stronger("batch.size", "dry-run") || !sources.Stronger("dry-run", "read-mode") {
		t.Error("a profile should be stronger than a default, and weaker than a file")
	}
	for _, pair := range [][2]string{{"transport", "clients"}, {"clients", "batch.size"}, {"batch.size", "read-mode"}} {
		if !sources.Stronger(pair[0], pair[1]) || sources.Stronger(pair[1], pair[0]) {
			t.Errorf("%s should be stronger than %s", pair[0], pair[1])
		}
	}
}

func TestFile(t *testing.T) {
	f, err := readFile(t, `# a comment
transport: [rawtcp, "grpc:mode=unary"]
arms:
  - name: small
    batch.size: 1KiB
  - name: large
    batch.size: 1MiB
    clients: [1, 64]
`)
	if err != nil {
		t.Fatal(err)
	}
	f.Path = ""
	want := &File{
		Values: []Value{{Name: "transport", Text: "rawtcp,grpc:mode=unary", Line: 2}},
		Arms: []Arm{
			{Name: "small", Line: 4, Values: []Value{{Name: "batch.size", Text: "1KiB", Line: 5}}},
			{Name: "large", Line: 6, Values: []Value{{Name: "batch.size", Text: "1MiB", Line: 7}, {Name: "clients", Text: "1,64", Line: 8}}},
		},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// A mistake gets one line that names the file, the line and what is allowed.
func TestFileMistakes(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"unknown key":      {"transport: rawtcp\nbatch.sise: 1\n", `FILE:2: unknown key "batch.sise": the nearest is "batch.size"`},
		"a local flag":     {"dry-run: true\n", `FILE:1: unknown key "dry-run": the nearest is "arms"`},
		"key twice":        {"clients: 1\nclients: 2\n", "FILE:2: clients stands here twice"},
		"no mapping":       {"- rawtcp\n", `FILE:1: want lines of the form "name: value"`},
		"nested":           {"clients:\n  many: 1\n", "FILE:2: clients: want a value or a list of values, in quotes if there is a colon in it"},
		"nested list":      {"clients: [[1]]\n", "FILE:1: clients: want a value or a list of values, in quotes if there is a colon in it"},
		"two documents":    {"clients: 1\n---\nclients: 2\n", "FILE:2: a second document: want one experiment in a file"},
		"empty":            {"\n", `-f FILE: the file is empty: want settings such as "transport: rawtcp"`},
		"no yaml":          {"\tclients: 1\n", "-f FILE: found character that cannot start any token"},
		"no quotes":        {"transport: at 1s: kill 1\n", `-f FILE: mapping values are not allowed in this context: want quotes around a text with a colon in it, such as "at 2s: cut 2"`},
		"no quotes, list":  {"transport: [at 1s: kill 1]\n", "FILE:1: transport: want a value or a list of values, in quotes if there is a colon in it"},
		"arms no list":     {"arms: 3\n", "FILE:1: arms: want a list of arms, each with a name and what differs"},
		"arm without name": {"arms:\n  - clients: 3\n", "FILE:2: the arm has no name"},
		"arm twice":        {"arms:\n  - name: a\n  - name: a\n", `FILE:3: two arms have the name "a"`},
		"common setting":   {"arms:\n  - name: a\n    read-mode: log\n", "FILE:3: read-mode is the same for all arms: want it outside of arms; arms may differ in transport, clients, batch.size"},
		"unknown in arm":   {"arms:\n  - name: a\n    client: 3\n", `FILE:3: unknown key "client": the nearest is "clients"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readFile(t, c.content)
			if err == nil || err.Error() != c.want {
				t.Errorf("error:\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

// A value that its flag refuses is reported where it stands.
func TestBadValues(t *testing.T) {
	file := &File{Path: "e.yaml", Values: []Value{{Name: "clients", Text: "many", Line: 7}}}
	_, _, err := Apply(flags(t), file, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "e.yaml:7: clients: ") || strings.Contains(err.Error(), "--clients") {
		t.Errorf("error of a file: %v", err)
	}
	_, _, err = Apply(flags(t), nil, []string{"RAFTBENCH_CLIENTS=many"})
	if err == nil || !strings.HasPrefix(err.Error(), "RAFTBENCH_CLIENTS: ") {
		t.Errorf("error of the environment: %v", err)
	}
	if _, _, err = Apply(flags(t, "-c", "3"), file, []string{"RAFTBENCH_CLIENTS=many"}); err != nil {
		t.Errorf("a flag was given, and still: %v", err)
	}
}

func TestMisspeltVariable(t *testing.T) {
	_, warnings, err := Apply(flags(t), nil, []string{"RAFTBENCH_BATCH_SISE=1", "RAFTBENCH_VULNDB=/x", "RAFTBENCHED=1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"RAFTBENCH_BATCH_SISE is not a setting: did you mean RAFTBENCH_BATCH_SIZE?"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("transport: [rawtcp]\narms:\n - name: a\n   clients: 1\n"))
	f.Add([]byte("a: &x [1]\nb: *x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse("f", data, Names(flags(t)), []string{"transport", "clients"})
		if (file == nil) == (err == nil) {
			t.Fatalf("parse returned %v and %v", file, err)
		}
	})
}
