package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// brief is a run of four replicates, so that a random instant may lie anywhere: in
// the start of a cluster, a warm-up, a window, between two, or while files are written.
func brief() []string {
	return strings.Fields("run --transport inproc,rawtcp -d 200ms --warmup 50ms --repeat 2 -c 4 --allow-invalid")
}

// briefTurn is brief for every other turn, and for the others the same with arms that
// take turns.
func briefTurn(turn int) []string {
	if turn%2 == 0 {
		return brief()
	}
	return append(brief(), "--slice", "100ms")
}

// SIGINT and SIGTERM: a valid result that is marked interrupted, exit code 130,
// nothing that goes on. A run that had ended by then is complete, exit code 0.
func TestSignalsAtRandomInstants(t *testing.T) {
	whole := undisturbed(t, brief()...)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		rng := rand.New(rand.NewPCG(*drawn, uint64(s)))
		counts, slowest := tally{}, time.Duration(0)
		for turn := range turns() {
			at := instant(rng, whole+whole/20)
			p := start(t, briefTurn(turn)...)
			p.pause(at)
			p.signal(s)
			took := p.wait(t)
			slowest = max(slowest, took)
			run := p.check(t)
			counts[outcome(run, p.code())]++
			switch {
			case late(took, endsWithin):
				t.Fatalf("%v after %v: it took %v to end", s, at, took)
			case p.died() && run != nil:
				t.Fatalf("%v after %v: it died of it when it had begun", s, at)
			case p.died(): // the program had not begun to run
			case run == nil:
				t.Fatalf("%v after %v: exit code %d and no result", s, at, p.code())
			case p.code() == 130 && run.Status == reports.StatusInterrupted:
			case p.code() == 0 && run.Status == reports.StatusComplete:
			default:
				t.Fatalf("%v after %v: exit code %d, and the run is %s", s, at, p.code(), run.Status)
			}
			if names := p.files(t); run != nil && (slices.Contains(names, reports.JournalName) || !slices.Contains(names, reports.FileName)) {
				t.Fatalf("%v after %v: files %q", s, at, names)
			}
		}
		counts.log(t, s.String(), slowest)
	}
}

// SIGKILL: what is left can be read, and is shown as what it is.
func TestKillAtRandomInstants(t *testing.T) {
	needsTime(t)
	whole := undisturbed(t, brief()...)
	rng := rand.New(rand.NewPCG(*drawn, 9))
	counts := tally{}
	for turn := range turns() {
		at := instant(rng, whole+whole/20)
		p := start(t, briefTurn(turn)...)
		p.pause(at)
		p.signal(syscall.SIGKILL)
		p.wait(t)
		run := p.check(t)
		counts[outcome(run, p.code())]++
		switch {
		case run == nil:
		case run.Status == reports.StatusComplete:
		case run.Status != reports.StatusKilled || !p.died():
			t.Fatalf("killed after %v: the run is %s", at, run.Status)
		}
		if run != nil {
			p.rendersAgain(t, run)
		}
	}
	counts.log(t, "killed", 0)
}

// rendersAgain wants raftbench report to make of a directory what run would have.
func (p *process) rendersAgain(t *testing.T, run *reports.Run) {
	t.Helper()
	again := start(t, "report", p.dir)
	again.wait(t)
	out := readFile(t, again.out)
	if again.code() != 0 || run.Status == reports.StatusKilled != strings.Contains(out, "KILLED") {
		t.Fatalf("report: exit code %d\n%s%s", again.code(), out, readFile(t, again.log))
	}
	for _, a := range run.Arms {
		for _, r := range a.Replicates {
			if r.Partial && !strings.Contains(out, "INVALID") {
				t.Fatalf("a partial replicate is not marked:\n%s", out)
			}
		}
	}
	stored, err := reports.Read(filepath.Join(p.dir, reports.FileName))
	if err != nil || stored.Status != run.Status {
		t.Fatalf("%v; want what report wrote to be %s", err, run.Status)
	}
}

// A run that goes on can be looked at, and nothing is written into its directory.
func TestReportOfARunThatGoesOn(t *testing.T) {
	p := start(t, strings.Fields("run --transport rawtcp -d 5m --warmup 0s --repeat 1 -c 4")...)
	p.untilJournal(t, `"kind":"partial"`)
	r := start(t, "report", p.dir)
	r.wait(t)
	out := readFile(t, r.out)
	if r.code() != 0 || !strings.Contains(out, "NOT FINISHED") || !strings.Contains(out, "rawtcp INVALID") {
		t.Fatalf("exit code %d\n%s%s", r.code(), out, readFile(t, r.log))
	}
	if names := p.files(t); !slices.Equal(names, []string{reports.JournalName}) {
		t.Fatalf("files %q, want the journal alone", names)
	}
	p.signal(syscall.SIGTERM)
	p.wait(t)
	if run := p.check(t); p.code() != 130 || run.Status != reports.StatusInterrupted || !run.Arms[0].Replicates[0].Partial {
		t.Fatalf("exit code %d, %s", p.code(), run.Status)
	}
}

// SIGKILL in the middle of a window loses at most the last seconds of it.
func TestKillLosesAtMostSecondsAtRandomInstants(t *testing.T) {
	rng := rand.New(rand.NewPCG(*drawn, 10))
	most := time.Duration(0)
	for range turns() {
		p := start(t, strings.Fields("run --transport rawtcp -d 30s --warmup 0s --repeat 1 -c 64")...)
		p.untilJournal(t, `"kind":"partial"`)
		p.pause(instant(rng, 3*time.Second))
		killed, _ := p.signal(syscall.SIGKILL)
		p.wait(t)
		run := p.check(t)
		if run == nil || len(run.Arms[0].Replicates) != 1 {
			t.Fatalf("the part is not there: %v", run)
		}
		r := run.Arms[0].Replicates[0]
		kept := run.Started.Add(r.After + r.Window)
		most = max(most, killed.Sub(kept))
		if lost := killed.Sub(kept); !r.Partial || r.Operations.Succeeded == 0 || late(lost, losesWithin) {
			t.Fatalf("partial %v, %d operations, and the last %v are missing", r.Partial, r.Operations.Succeeded, lost)
		}
		p.rendersAgain(t, run)
	}
	t.Logf("%d killed: at most the last %v were missing", turns(), most.Round(time.Millisecond))
}

// SIGKILL in the middle of a block whose arms take turns leaves a part of every arm.
func TestKillLeavesEveryArmAtRandomInstants(t *testing.T) {
	rng := rand.New(rand.NewPCG(*drawn, 13))
	for range turns() {
		p := start(t, strings.Fields("run --transport inproc,rawtcp -d 30s --slice 100ms --warmup 50ms --repeat 1 -c 4")...)
		p.untilJournal(t, `"data":[{"arm":0,`, `},{"arm":1,`)
		p.pause(instant(rng, time.Second))
		p.signal(syscall.SIGKILL)
		p.wait(t)
		run := p.check(t)
		for i := range run.Arms {
			list := run.Arms[i].Replicates
			if len(list) != 1 || !list[0].Partial || list[0].Operations.Succeeded == 0 {
				t.Fatalf("%s: %d replicates", run.Arms[i].Label, len(list))
			}
		}
		p.rendersAgain(t, run)
	}
}

// untilJournal waits until the journal of a run that goes on has all of some texts.
func (p *process) untilJournal(t *testing.T, texts ...string) {
	t.Helper()
	complete := func(journal string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(journal, text) })
	}
	for !complete(p.journal()) {
		select {
		case <-p.exited:
			t.Fatalf("it ended by itself:\n%s", readFile(t, p.log))
		default:
			p.pause(10 * time.Millisecond)
		}
	}
}

func (p *process) journal() string {
	b, _ := os.ReadFile(filepath.Join(p.dir, reports.JournalName)) // not yet there
	return string(b)
}

// A second signal ends the process within a second, exit code 130; the journal is whole and
// says that the run was interrupted.
func TestSecondSignalAtRandomInstants(t *testing.T) {
	whole := undisturbed(t, brief()...)
	rng := rand.New(rand.NewPCG(*drawn, 11))
	counts, slowest := tally{}, time.Duration(0)
	for turn := range turns() {
		first, second := instant(rng, whole), instant(rng, 400*time.Millisecond)
		p := start(t, briefTurn(turn)...)
		p.pause(first)
		p.signal(syscall.SIGINT)
		p.pause(second)
		p.signal(syscall.SIGTERM)
		p.forced = true
		took := p.wait(t)
		slowest = max(slowest, took)
		run := p.check(t)
		counts[outcome(run, p.code())]++
		switch {
		case late(took, leavesWithin):
			t.Fatalf("signals after %v and %v: it took %v to end", first, second, took)
		case p.died() && run == nil: // the program had not begun to run
		case run == nil && p.code() == 130: // the second came before anything was kept
		case run == nil:
			t.Fatalf("signals after %v and %v: exit code %d and no result", first, second, p.code())
		case p.code() == 130 && run.Status == reports.StatusInterrupted:
		case p.code() == 130 && run.Status == reports.StatusComplete: // all was measured, and files are missing
		case p.code() == 0 && run.Status == reports.StatusComplete:
		default:
			t.Fatalf("signals after %v and %v: exit code %d, and the run is %s", first, second, p.code(), run.Status)
		}
	}
	counts.log(t, "two signals", slowest)
}

// Commands that measure nothing end at a signal too, and what they were about to
// replace is whole.
func TestOtherCommandsAtRandomInstants(t *testing.T) {
	needsTime(t)
	p := start(t, brief()...)
	p.wait(t)
	for _, args := range [][]string{
		{"run", "--dry-run", "--repeat", "250", "--payload", "1,2,3,4,5,6,7,8"},
		{"report", p.dir},
	} {
		whole := undisturbed(t, args...)
		rng := rand.New(rand.NewPCG(*drawn, 12))
		counts, slowest := tally{}, time.Duration(0)
		for range turns() {
			at := instant(rng, whole)
			c := start(t, args...)
			c.pause(at)
			c.signal(os.Interrupt)
			slowest = max(slowest, c.wait(t))
			if _, err := os.Stat(c.dir); err == nil {
				t.Fatalf("%s %s made a result", args[0], args[1])
			}
			if run := p.check(t); run.Status != reports.StatusComplete {
				t.Fatalf("%s after %v: the result is %s", args[0], at, run.Status)
			}
			if code := c.code(); code != 0 && code != 130 && !c.died() {
				t.Fatalf("%s after %v: exit code %d\n%s", args[0], at, code, readFile(t, c.log))
			}
			counts[outcome(nil, c.code())]++
		}
		counts.log(t, args[0]+" "+args[1], slowest)
	}
}
