package raftbench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributingTransport does what CONTRIBUTING.md says, from the outside: a
// module of its own with the files of the chapter, the suite, and a program that
// knows one transport more.
func TestContributingTransport(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another module")
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := chapterFiles(t)
	// Our own requirements, so that nothing has to be looked up.
	files["go.mod"] = strings.Replace(read(t, "go.mod"), "module "+module, "module example.org/plain", 1) +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
	files["go.sum"] = read(t, "go.sum")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	goIn(t, dir, "vet", "-mod=mod", "./...")
	goIn(t, dir, "test", "-mod=mod", "-short", "./...")
	if list := goIn(t, dir, "run", "-mod=mod", ".", "list"); !strings.Contains(list, "plain") {
		t.Errorf("the foreign transport is not in the list:\n%s", list)
	}
}

// chapterFiles returns the Go blocks of CONTRIBUTING.md that begin with the name
// of a file.
func chapterFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	block := regexp.MustCompile("(?s)\n```go\n// (\\S+\\.go)\n\n(.*?)\n```\n")
	for _, m := range block.FindAllStringSubmatch(read(t, "CONTRIBUTING.md"), -1) {
		files[m[1]] = m[2] + "\n"
	}
	for _, want := range []string{"main.go", "plain/plain.go", "plain/plain_test.go"} {
		if files[want] == "" {
			t.Fatalf("CONTRIBUTING.md has no block that begins with // %s", want)
		}
	}
	return files
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goIn runs the go command in dir and returns its output.
func goIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off") // what the root needed is there
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
