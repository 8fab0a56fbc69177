package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/disk/disktest"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	for _, s := range []string{"one", "two, which is longer", ""} {
		if err := atomicfile.Write(path, text(s)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != s {
			t.Fatalf("read %q, %v; want %q", got, err, s)
		}
	}
	// Others may read it, as far as the user's umask lets them.
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, errGot := os.Stat(path)
	want, errWant := os.Stat(plain)
	if errGot != nil || errWant != nil || got.Mode() != want.Mode() {
		t.Fatalf("mode %v, %v; want %v, %v", got, errGot, want, errWant)
	}
}

// Whichever operation fails, the old content or the new one is there, whole, and
// nothing else.
func TestEveryOperationFailing(t *testing.T) {
	for k := 1; ; k++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.json")
		if err := atomicfile.Write(path, text("old")); err != nil {
			t.Fatal(err)
		}
		fs := disktest.At(k, false)
		err := atomicfile.WriteOn(fs, path, text(strings.Repeat("new", 1<<16)))
		if len(fs.Failed()) == 0 {
			if err != nil || k < 7 {
				t.Fatalf("%v after %d operations; want all to have had their turn", err, k-1)
			}
			return
		}
		if !errors.Is(err, disktest.ErrInjected) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
			t.Fatalf("operation %d fails: %v, want the failure with the path", k, err)
		}
		got, readErr := os.ReadFile(path)
		if readErr != nil || string(got) != "old" && len(got) != 3<<16 {
			t.Fatalf("operation %d fails: %d bytes, %v; want the old content or the new one", k, len(got), readErr)
		}
		onlyFile(t, dir, "a.json")
	}
}

func TestAFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	if err := atomicfile.Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more")
	err := atomicfile.Write(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("new", 1<<16)); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), path) {
		t.Fatalf("error %v, want the failure with the path", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Fatalf("read %q, %v; want the old content", got, err)
	}
	onlyFile(t, dir, "a.json")
}

func TestATargetThatCannotBeReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "is a directory")
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, text("new")); err == nil {
		t.Fatal("no error")
	}
	onlyFile(t, dir, "is a directory")
	if err := atomicfile.Write(filepath.Join(dir, "no such", "a"), text("new")); err == nil {
		t.Fatal("no error for a directory that is not there")
	}
}

func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Fatalf("%v, %v; want %s alone", entries, err, name)
	}
}
