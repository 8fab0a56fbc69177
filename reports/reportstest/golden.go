package reportstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Golden compares a text with the file of that name in testdata, which it writes first if
// asked to. It ends the test with the first line that differs.
func Golden(t testing.TB, name, text string, update bool) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(data), "\n"), strings.Split(text, "\n")
	for i := range max(len(want), len(got)) {
		if line(want, i) != line(got, i) {
			t.Fatalf("%s:%d differs; if that is meant, run go test -update:\nwant %q\ngot  %q", path, i+1, line(want, i), line(got, i))
		}
	}
}

// line is the i-th of the lines, or none behind their end.
func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
