package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

// tmpfs mounts a disk of so many bytes. Who may not do that skips the test.
func tmpfs(t *testing.T, bytes int) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a disk of a few pages is made with tmpfs, which only Linux has")
	}
	dir := t.TempDir()
	err := syscall.Mount("raftbench-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("mounting a small tmpfs needs root: %v", err)
	}
	if err != nil {
		t.Fatalf("mount a tmpfs of %d bytes: %v", bytes, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// A disk that fills up, wherever that happens: one clear error, and what was kept before is
// there. Sizes are those of a disk on which nothing fits, of one that is enough, and
// between them.
func TestFullDisk(t *testing.T) {
	needsTime(t)
	growth := 4.0
	if *instants > 0 {
		growth = 1.2
	}
	counts, enough := tally{}, false
	for pages := 1; !enough; pages = int(math.Ceil(growth * float64(pages))) {
		disk := tmpfs(t, pages*os.Getpagesize())
		p := start(t, append(brief(), "-o", filepath.Join(disk, "out"))...)
		p.dir = filepath.Join(disk, "out")
		p.wait(t)
		run := p.check(t)
		counts[outcome(run, p.code())]++
		if p.code() == 0 {
			enough = run.Status == reports.StatusComplete
			if !enough {
				t.Fatalf("%d pages: exit code 0, and the run is %s", pages, run.Status)
			}
			continue
		}
		if line := p.oneComplaint(t); p.code() != 1 || !strings.Contains(line, "no space left on device") {
			t.Fatalf("%d pages: exit code %d: %s", pages, p.code(), line)
		}
		if pages > 1<<16 {
			t.Fatal("no disk is large enough")
		}
	}
	counts.log(t, "disks", 0)
}

func TestReadOnlyDisk(t *testing.T) {
	disk := tmpfs(t, 1<<20)
	dir := filepath.Join(disk, "out")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("raftbench-test", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{dir, filepath.Join(disk, "new")} {
		p := start(t, append(brief(), "-o", at)...)
		took := p.wait(t)
		if line := p.oneComplaint(t); p.code() != 1 || !strings.Contains(line, "read-only file system") {
			t.Fatalf("exit code %d: %s", p.code(), line)
		}
		if log := readFile(t, p.log); strings.Contains(log, "ops/s") {
			t.Fatalf("it measured for %v what cannot be kept:\n%s", took, log)
		}
	}
}

// A directory that may not be written to, for who is not root.
func TestForbiddenDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	p := start(t, append(brief(), "-o", dir)...)
	p.wait(t)
	if line := p.oneComplaint(t); p.code() != 1 || !strings.Contains(line, "permission denied") {
		t.Fatalf("exit code %d: %s", p.code(), line)
	}
}

// Standard output or standard error that nobody reads, or that is full: the files are
// finished all the same, and the exit code tells.
func TestClosedPipes(t *testing.T) {
	needsTime(t)
	for _, c := range []struct {
		name           string
		stdout, stderr *os.File // nil: a file
		want           string   // complaint, if it can be read
	}{
		{"stdout closed", closedPipe(t), nil, "standard output: broken pipe"},
		{"stderr closed", nil, closedPipe(t), ""},
		{"both closed", closedPipe(t), closedPipe(t), ""},
		{"stdout full", fullDevice(t), nil, "standard output: no space left on device"},
		{"stderr full", nil, fullDevice(t), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := unstarted(t, brief()...)
			if c.stdout != nil {
				p.cmd.Stdout = c.stdout
			}
			if c.stderr != nil {
				p.cmd.Stderr = c.stderr
			}
			p.begin(t)
			p.wait(t)
			run := p.check(t)
			if p.code() != 1 || run == nil || run.Status != reports.StatusComplete {
				t.Fatalf("exit code %d (died: %v), run %+v", p.code(), p.died(), run)
			}
			if c.stderr == nil {
				if line := p.oneComplaint(t); !strings.Contains(line, c.want) {
					t.Fatalf("complaint %q, want %q", line, c.want)
				}
			}
			for _, name := range []string{"summary.csv", "report.html"} {
				if _, err := os.Stat(filepath.Join(p.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	for _, args := range [][]string{{"list"}, {"run", "--help"}, {"run", "--dry-run"}} {
		p := unstarted(t, args...)
		p.cmd.Stdout = closedPipe(t)
		p.begin(t)
		p.wait(t)
		if line := p.oneComplaint(t); p.code() != 1 || !strings.Contains(line, "broken pipe") {
			t.Fatalf("%v: exit code %d: %s", args, p.code(), line)
		}
	}
}

// closedPipe is the writing end of a pipe that nobody reads.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func fullDevice(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("a device that is always full: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
