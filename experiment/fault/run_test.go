package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cluster is a target that writes down what is done to it.
type cluster struct {
	leader int
	err    error
	quorum chan struct{} // a change waits for it; nil: there is one

	mu   sync.Mutex
	log  []string
	last int
}

func (c *cluster) note(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, fmt.Sprintf(format, args...))
	return c.err
}

func (c *cluster) Cut(node int) error  { return c.note("cut %d", node) }
func (c *cluster) Heal(node int)       { _ = c.note("heal %d", node) }
func (c *cluster) Kill(node int) error { return c.note("kill %d", node) }
func (c *cluster) Transfer(node int)   { _ = c.note("transfer %d", node) }
func (c *cluster) Leader() int         { return c.leader }
func (c *cluster) Restart(node int) error {
	if c.quorum != nil {
		close(c.quorum)
	}
	return c.note("restart %d", node)
}

func (c *cluster) Add(ctx context.Context) (int, error) {
	c.last++
	return c.last, c.note("start %d", c.last)
}

func (c *cluster) Change(ctx context.Context, in, out int) error {
	if c.quorum != nil {
		select {
		case <-c.quorum:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.note("change +%d -%d", in, out)
}

// operator does what falls together in the order of the script, and writes down what it
// was told.
func operator(target *cluster, told *[]string) *Operator {
	var mu sync.Mutex
	target.last = 3
	return &Operator{Target: target, Nodes: 3, Wait: func(time.Duration) bool { return true }, Done: func(d Done) {
		mu.Lock()
		defer mu.Unlock()
		*told = append(*told, fmt.Sprintf("%s %d", d.Verb, d.Whom()))
	}}
}

// What is pointless is not done: a node that is down is not killed again.
func TestOperator(t *testing.T) {
	for _, c := range []struct {
		script string
		leader int
		want   []string
	}{
		{"at 0s: cut 2, cut 2, heal 1; at 1s: heal 2, heal 2", 1, []string{"cut 2", "heal 2"}},
		{"at 0s: kill leader; at 1s: restart 1; at 2s: restart all, restart all", 3, []string{"kill 3", "restart 3"}},
		{"at 0s: cut 1, cut 2, kill 3; at 1s: heal all, restart all", 1, []string{"cut 1", "cut 2", "kill 3", "heal 1", "heal 2", "restart 3"}},
		{"at 0s: cut leader, transfer 2", 0, []string{"transfer 2"}},
		{"every 1s for 3s: flap leader", 2, []string{"cut 2", "heal 2", "cut 2", "heal 2"}},
	} {
		target, waited := &cluster{leader: c.leader}, []time.Duration(nil)
		var told []string
		o := operator(target, &told)
		o.Wait = func(at time.Duration) bool { waited = append(waited, at); return true }
		if err := o.Run(t.Context(), parse(t, c.script).Schedule(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, target.log); diff != "" || !slices.Equal(told, target.log) || !slices.IsSorted(waited) {
			t.Errorf("%q (-want +got):\n%s\ntold of %q, waited for %v", c.script, diff, told, waited)
		}
	}
}

// A member that is removed or replaced is stopped afterwards; who is gone already, or has
// a voice already, is left alone.
func TestOperatorChangesMembers(t *testing.T) {
	for _, c := range []struct {
		script     string
		want, told []string
	}{
		{"at 0s: add voter", []string{"start 4", "change +4 -0"}, []string{"add 4"}},
		{"at 0s: add learner, promote 4, promote 4, promote 1", []string{"start 4", "change +4 -0"}, []string{"add 4", "promote 4"}},
		{"at 0s: add learner, add learner, promote all", []string{"start 4", "start 5", "change +4 -0", "change +5 -0"},
			[]string{"add 4", "add 5", "promote 4", "promote 5"}},
		{"at 0s: remove 2, remove 2, replace 2", []string{"change +0 -2", "kill 2"}, []string{"remove 2"}},
		{"at 0s: replace leader, remove 3", []string{"start 4", "change +4 -3", "kill 3"}, []string{"replace 3"}},
	} {
		target, told := &cluster{leader: 3}, []string(nil)
		if err := operator(target, &told).Run(t.Context(), parse(t, c.script).Schedule(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, target.log); diff != "" || !slices.Equal(told, c.told) {
			t.Errorf("%q (-want +got):\n%s\ntold of %q, want %q", c.script, diff, told, c.told)
		}
	}
}

// While a change waits for a quorum, the rest goes on and brings the quorum back.
func TestOperatorRepairsBesideAChange(t *testing.T) {
	target, told := &cluster{quorum: make(chan struct{})}, []string(nil)
	actions := parse(t, "at 0s: kill 2; at 1s: replace 2; at 2s: restart all").Schedule(time.Minute)
	if err := operator(target, &told).Run(t.Context(), actions); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(target.log, "change +4 -2") || !slices.Contains(told, "restart 2") {
		t.Errorf("done %q, told of %q", target.log, told)
	}
}

// A change that the end of the window interrupts was not done.
func TestOperatorIsCutShort(t *testing.T) {
	target, told := &cluster{quorum: make(chan struct{})}, []string(nil)
	window, end := context.WithCancel(t.Context())
	end()
	err := operator(target, &told).Run(window, parse(t, "at 0s: remove 2").Schedule(time.Minute))
	if err == nil || err.Error() != "remove 2: the window ended before it was done" || len(told) > 0 {
		t.Errorf("error %v, told of %q", err, told)
	}
}

func TestOperatorEnds(t *testing.T) {
	actions := parse(t, "at 0s: cut 1; at 1s: heal 1").Schedule(time.Minute)
	target, told := new(cluster), []string(nil)
	o := operator(target, &told)
	o.Wait = func(at time.Duration) bool { return at < time.Second }
	if err := o.Run(t.Context(), actions); err != nil || len(target.log) != 1 {
		t.Errorf("%v after %q: want the end after the first action", err, target.log)
	}
	broken := errors.New("no network")
	for _, script := range []string{"at 0s: cut 1, cut 2", "at 0s: remove 1, remove 2"} {
		target, told := &cluster{err: broken}, []string(nil)
		err := operator(target, &told).Run(t.Context(), parse(t, script).Schedule(time.Minute))
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), " 1: ") || len(told) > 0 {
			t.Errorf("error %v, told of %q", err, told)
		}
	}
}
