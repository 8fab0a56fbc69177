package claims

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// onlooker is an Observer that cancels, or counts.
type onlooker struct {
	ended  int
	after  int // cancel after so many; zero: never
	cancel context.CancelFunc
	last   experiment.Position
}

func (o *onlooker) ReplicateStarts(experiment.Position)              {}
func (o *onlooker) Progress(experiment.Position, workloads.Progress) {}
func (o *onlooker) Partial(experiment.Position, *reports.Replicate)  {}
func (o *onlooker) ReplicateEnds(p experiment.Position, _ *reports.Replicate) {
	o.ended++
	o.last = p
	if o.ended == o.after {
		o.cancel()
	}
}

// notebook is a Keeper that keeps in memory, and fails at the call of a number.
type notebook struct {
	mu         sync.Mutex
	calls      int
	failAt     int
	replicates int
	status     reports.Status
}

func (n *notebook) call(do func()) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.calls++; n.calls == n.failAt {
		return errors.New("the disk is full")
	}
	do()
	return nil
}

func (n *notebook) Begin(*reports.Run) error         { return n.call(func() {}) }
func (n *notebook) Partial([]reports.Measured) error { return nil }
func (n *notebook) Replicate(reports.Measured) error {
	return n.call(func() { n.replicates++ })
}

func (n *notebook) End(s reports.Status, _ time.Time, _ ...string) error {
	return n.call(func() { n.status = s })
}

func codecPlan(t *testing.T, blocks int) (*Claim, *Plan) {
	t.Helper()
	c := claimNamed(t, "protobuf-beats-gob")
	s := base()
	s.Duration, s.Repeat = 10*time.Microsecond, blocks
	p, err := c.Plan(nil, s)
	if err != nil || p.Arms != 3 {
		t.Fatalf("%v, %+v", err, p)
	}
	return &c, p
}

// Encodings are measured in blocks, and their results are those of a run: they are stored,
// compared and shown by what does that for a run.
func TestCodecsAreARun(t *testing.T) {
	c, p := codecPlan(t, 6)
	k, o := new(notebook), new(onlooker)
	run, err := c.Measure(t.Context(), p, experiment.Header{Argv: []string{"raftbench"}}, o, k)
	if err != nil || run.Status != reports.StatusComplete || k.status != run.Status || k.replicates != 18 || o.ended != 18 || o.last.Done != o.last.Total {
		t.Fatalf("%v, %s, kept %d, %s, seen %d, %+v", err, run.Status, k.replicates, k.status, o.ended, o.last)
	}
	if err := run.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := run.Arms[0].Workload.Load.String(); got != "encoding and decoding one message, payload 128 B" {
		t.Errorf("load: %s", got)
	}
	e := NewEvidence(run)
	cold := e.ratio(reports.AllocsPerOp(), encoding("gob-cold"), encoding("protobuf"))
	if took := e.ratio(timePerMessage(), encoding("gob-cold"), encoding("protobuf")); took.n != 6 || cold.n != 6 || cold.value < 5 {
		t.Errorf("a gob with a new encoder has x%v of protobuf's allocations, over %d blocks, and takes %+v", cold.value, cold.n, took)
	}
	if race := len(experiment.BuildFaults()) > 0; race == (cold.why == "") {
		t.Errorf("doubt: %q", cold.why)
	}
	if a := e.spread(bytesPerMessage(), encoding("protobuf")); a.value < 128 || a.value > 200 {
		t.Errorf("a message with 128 bytes has %v", a.value)
	}
}

func TestCodecsAreInterrupted(t *testing.T) {
	c, p := codecPlan(t, 6)
	ctx, cancel := context.WithCancel(t.Context())
	k, o := new(notebook), &onlooker{after: 5, cancel: cancel}
	run, err := c.Measure(ctx, p, experiment.Header{}, o, k)
	if err != nil || run.Status != reports.StatusInterrupted || k.status != run.Status || k.replicates != 5 {
		t.Errorf("%v, %s, kept %d, %s", err, run.Status, k.replicates, k.status)
	}
}

// What cannot be kept ends the run with an error, at whichever call.
func TestCodecsNeedADisk(t *testing.T) {
	for call := 1; call <= 5; call++ { // begin, three replicates, end
		c, p := codecPlan(t, 1)
		run, err := c.Measure(t.Context(), p, experiment.Header{}, new(onlooker), &notebook{failAt: call})
		if err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("call %d: %v", call, err)
		}
		if want := reports.StatusInterrupted; call < 5 && run.Status != want {
			t.Errorf("call %d: the run is %s, want %s", call, run.Status, want)
		}
	}
}
