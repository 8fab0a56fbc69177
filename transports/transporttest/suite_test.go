package transporttest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/netrpc"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// recorder is a T that takes notes.
type recorder struct {
	mu      sync.Mutex
	errors  []string
	skipped bool
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.errors) > 0
}

// probe runs one check without the test that runs it failing.
func probe(nt core.NamedTransport, c check, patience time.Duration) *recorder {
	r := new(recorder)
	var done sync.WaitGroup
	done.Go(func() {
		e := newEnv(r, nt, nil, networkMem)
		e.patience = patience
		runCheck(r, e, c)
	})
	done.Wait()
	return r
}

// expect runs the checks that must find a defect.
func expect(t *testing.T, good core.NamedTransport, d defect, found map[string]bool) {
	patience := 300 * time.Millisecond
	if strings.Contains(d.name, slow) {
		patience *= 20
	}
	for _, c := range checks() {
		if !slices.Contains(d.found, c.name) {
			continue
		}
		if raceDetector && strings.Contains(d.name, races) {
			found[c.name] = true
			continue
		}
		r := spoiledProbe(good, d, c, patience)
		for again := 0; !r.Failed() && again < 4; again++ {
			// What is late on a busy machine may hide a defect that is about time.
			r = spoiledProbe(good, d, c, patience)
		}
		if !r.Failed() {
			t.Errorf("%s does not find it", c.name)
			continue
		}
		found[c.name] = true
		t.Logf("%s: %s", c.name, r.errors[0])
	}
}

// spoiledProbe runs one check on a transport with a defect.
func spoiledProbe(good core.NamedTransport, d defect, c check, patience time.Duration) *recorder {
	nt, release := spoiled(good, d.spoils)
	defer release()
	return probe(nt, c, patience)
}

// TestSuiteFindsDefects runs the suite on transports that are spoiled, one
// defect each, and asks that every check finds at least one.
func TestSuiteFindsDefects(t *testing.T) {
	found := map[string]bool{}
	ran := 0
	run := func(good core.NamedTransport, list []defect) {
		for _, d := range list {
			t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) {
				expect(t, good, d, found)
				ran++
			})
		}
	}
	run(inproc.Transport(), defects)
	run(rawtcp.Transport(), wireDefects)
	if ran < len(defects)+len(wireDefects) {
		return // -run asked for some only
	}
	for _, c := range checks() {
		if !found[c.name] {
			t.Errorf("no defect fails %s: a check that cannot fail is a defect itself", c.name)
		}
	}
}

// TestSuitePassesHooks checks that it is the defects that are found, and not the
// hooks.
func TestSuitePassesHooks(t *testing.T) {
	nt, release := spoiled(inproc.Transport(), func(*hooks) {})
	defer release()
	for _, c := range checks() {
		if r := probe(nt, c, patience); r.Failed() {
			t.Errorf("%s fails a good transport: %s", c.name, r.errors[0])
		}
	}
}

// TestTimeoutPassesASlowCaller checks that who calls on a busy machine does not find
// the circuit breaker open: the callers of this transport are held up after each Send.
func TestTimeoutPassesASlowCaller(t *testing.T) {
	nt, release := spoiled(netrpc.Transport(), func(h *hooks) {
		h.send = func(calls []*core.Call) {
			h.inner.Send(calls)
			for began := time.Now(); time.Since(began) < 5*time.Millisecond; {
				runtime.Gosched()
			}
		}
	})
	defer release()
	for _, c := range checks() {
		if c.name != "Timeout" {
			continue
		}
		if r := probe(nt, c, patience); r.Failed() {
			t.Error(r.errors[0])
		}
	}
}
