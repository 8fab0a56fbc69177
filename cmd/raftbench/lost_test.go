package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
)

// These tests end real runs at random instants, and look at what is left. The long
// form, with the instants that it drew and what came of them:
//
//	go test ./cmd/raftbench -run 'AtRandomInstants|FullDisk' -instants 100 -strict -timeout 90m -v
var (
	instants = flag.Int("instants", 0, "random instants for each signal; 0: a few")
	drawn    = flag.Uint64("draw", 1, "seed of the random instants")
	strict   = flag.Bool("strict", false, "hold what is promised about time, too: for a machine that does nothing else")
)

// turns is how many instants are drawn.
func turns() int {
	switch {
	case *instants > 0:
		return *instants
	case testing.Short():
		return 1
	default:
		return 4
	}
}

// What is promised about time. On a machine that is busy with something else it
// cannot be held: there the tests want it to be a matter of seconds.
const (
	// endsWithin is how long a run may take to end after a signal: it stops the load,
	// waits for operations under way, stops the cluster and writes its files.
	endsWithin = 5 * time.Second
	// leavesWithin is the same for a second signal.
	leavesWithin = time.Second
	// losesWithin is what may be missing after SIGKILL: DefaultKeepEvery, and the time until
	// it is noticed and written.
	losesWithin = experiment.DefaultKeepEvery + time.Second
	// hangs is when a test gives up.
	hangs = 3 * time.Minute
)

// late reports whether something took longer than was promised.
func late(took, promised time.Duration) bool {
	if !*strict {
		promised = 10*promised + 10*time.Second
	}
	return took > promised
}

// process is raftbench at work.
type process struct {
	cmd    *exec.Cmd
	dir    string // of its result
	out    string // path of its standard output
	log    string // path of its standard error
	exited chan struct{}

	forced bool // a second signal was sent
}

// start runs raftbench with its result in a new directory.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := unstarted(t, args...)
	p.begin(t)
	return p
}

func unstarted(t *testing.T, args ...string) *process {
	t.Helper()
	temp := t.TempDir()
	p := &process{dir: filepath.Join(temp, "out"), out: filepath.Join(temp, "stdout"), log: filepath.Join(temp, "stderr"), exited: make(chan struct{})}
	p.cmd = exec.Command("raftbench", args...)
	p.cmd.Env = append(os.Environ(), "RAFTBENCH_ALLOW_INVALID=true") // what the machine does meanwhile is not what is tested
	if args[0] == "run" && !slices.Contains(args, "-o") {
		p.cmd.Args = append(p.cmd.Args, "-o", p.dir)
	}
	p.cmd.Stdout, p.cmd.Stderr = createFile(t, p.out), createFile(t, p.log)
	return p
}

// begin starts the command, and kills it if the test leaves it behind.
func (p *process) begin(t *testing.T) {
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState says how it ended
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
}

func createFile(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// signal sends one and returns when; false if the process had ended.
func (p *process) signal(s os.Signal) (at time.Time, sent bool) {
	at = time.Now()
	return at, p.cmd.Process.Signal(s) == nil
}

// wait returns when the process has ended, and how long that took.
func (p *process) wait(t *testing.T) time.Duration {
	t.Helper()
	from := time.Now()
	select {
	case <-p.exited:
	case <-time.After(hangs):
		t.Fatalf("it has not ended after %v:\n%s", hangs, readFile(t, p.log))
	}
	return time.Since(from)
}

func (p *process) code() int { return p.cmd.ProcessState.ExitCode() }

// died reports whether a signal ended the process by itself.
func (p *process) died() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pause waits until an instant, or the end of the process.
func (p *process) pause(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-p.exited:
	}
}

// announced are the labels of the replicates that standard error says have ended.
func (p *process) announced(t *testing.T) []string {
	t.Helper()
	var labels []string
	for _, m := range regexp.MustCompile(`(?m)^\[ *\d+/\d+\] (\S+) .*left`).FindAllStringSubmatch(readFile(t, p.log), -1) {
		labels = append(labels, m[1])
	}
	return labels
}

// check looks at what a run left in dir: it can be read, nothing in it is what it does
// not look like, and all that was announced is there. It returns nil if nothing had
// begun.
func (p *process) check(t *testing.T) *reports.Run {
	t.Helper()
	announced := p.announced(t)
	names := p.files(t)
	run, err := reports.Read(p.dir)
	if err != nil {
		if len(announced) > 0 || slices.Contains(names, reports.FileName) || slices.Contains(names, reports.JournalName) {
			t.Fatalf("%d replicates were announced, the files are %q, and reading says %v", len(announced), names, err)
		}
		return nil
	}
	missing := slices.Clone(announced)
	for _, a := range run.Arms {
		for i, r := range a.Replicates {
			checkReplicate(t, a.Label, &r, i == len(a.Replicates)-1)
			if at := slices.Index(missing, a.Label); at >= 0 && !r.Partial {
				missing = slices.Delete(missing, at, at+1)
			}
		}
	}
	// A signal may cut a replicate that is announced as what it is.
	cut := strings.Count(readFile(t, p.log), "interrupted")
	if len(missing) > cut {
		t.Fatalf("announced and not there: %q\n%s", missing, readFile(t, p.log))
	}
	if run.Status == reports.StatusComplete {
		for _, a := range run.Arms {
			if len(a.Replicates) != run.Plan.Replicates {
				t.Fatalf("complete, and %s has %d of %d replicates", a.Label, len(a.Replicates), run.Plan.Replicates)
			}
		}
	}
	return run
}

// checkReplicate wants the counts of a replicate to agree with each other.
func checkReplicate(t *testing.T, label string, r *reports.Replicate, last bool) {
	t.Helper()
	o := r.Operations
	if o.Started != o.Succeeded+o.Failed+o.Unknown+o.InFlight {
		t.Fatalf("%s: operations are not conserved: %+v", label, o)
	}
	if n := r.Response().Count(); n != int64(o.Succeeded) {
		t.Fatalf("%s: %d response times of %d successes", label, n, o.Succeeded)
	}
	if r.Partial && (r.Valid || !last) {
		t.Fatalf("%s: a partial replicate is valid (%v) or not the last (%v)", label, r.Valid, last)
	}
}

// files lists what is in the directory without what is left of files that were
// being written, which a reader must not take for anything.
func (p *process) files(t *testing.T) []string {
	t.Helper()
	known := regexp.MustCompile(`^(result\.json|journal\.jsonl|report\.html|[\w.=-]+\.(csv|png|svg|hlog|hgrm|txt|md|xml))$`)
	torn := regexp.MustCompile(`^\.[\w.=-]+\.[0-9a-f]{16}\.tmp$`)
	var names []string
	_ = filepath.WalkDir(p.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir(): // it may not have been made yet
		case known.MatchString(e.Name()):
			names = append(names, e.Name())
		case !torn.MatchString(e.Name()):
			t.Fatalf("%s: what is that?", path)
		case !p.died() && !p.forced:
			t.Fatalf("%s was left behind by a process that was not killed", path)
		}
		return nil
	})
	return names
}

// oneComplaint wants one line about an error on standard error, and returns it.
func (p *process) oneComplaint(t *testing.T) string {
	t.Helper()
	log := readFile(t, p.log)
	lines := regexp.MustCompile(`(?m)^raftbench: .*$`).FindAllString(log, -1)
	if len(lines) != 1 || strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		t.Fatalf("want one line about the error:\n%s", log)
	}
	return lines[0]
}

// needsTime skips what a short run leaves out.
func needsTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs raftbench too often for -short")
	}
}

// instant draws when to send a signal to a process that needs about so long.
func instant(rng *rand.Rand, whole time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(whole)))
}

// undisturbed is how long a command takes if nobody disturbs it.
func undisturbed(t *testing.T, args ...string) time.Duration {
	t.Helper()
	p := start(t, args...)
	took := p.wait(t)
	if p.code() != 0 {
		t.Fatalf("exit code %d:\n%s", p.code(), readFile(t, p.log))
	}
	return took
}

// tally counts what became of the turns.
type tally map[string]int

func (c tally) log(t *testing.T, what string, slowest time.Duration) {
	t.Helper()
	t.Logf("%s: %v, slowest to end %v", what, map[string]int(c), slowest.Round(time.Millisecond))
}

// outcome names how a run stands for the tally.
func outcome(run *reports.Run, code int) string {
	if run == nil {
		return fmt.Sprintf("not begun, exit %d", code)
	}
	partial := ""
	for _, a := range run.Arms {
		for _, r := range a.Replicates {
			if r.Partial {
				partial = " with a part"
			}
		}
	}
	return fmt.Sprintf("%s%s, exit %d", run.Status, partial, code)
}
