package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) Script {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		script string
		window time.Duration
		want   string
	}{
		{"at 3s: heal 2; at 2s: cut 2", 10 * time.Second, "2s cut 2, 3s heal 2"},
		{"at 1s: kill 1; at 1s: cut 2", 10 * time.Second, "1s kill 1, 1s cut 2"},
		{"every 1s for 4s: flap 2", 10 * time.Second, "0s cut 2, 1s heal 2, 2s cut 2, 3s heal 2"},
		{"every 1s for 3s: flap 2", 10 * time.Second, "0s cut 2, 1s heal 2, 2s cut 2, 3s heal 2"},
		{"every 1s for 2500ms: flap 2", 10 * time.Second, "0s cut 2, 1s heal 2, 2s cut 2, 2.5s heal 2"},
		{"every 1s from 2s: flap leader", 5 * time.Second, "2s cut leader, 3s heal all, 4s cut leader"},
		{"every 2s for 20s: transfer 1, transfer 2", 5 * time.Second, "0s transfer 1, 0s transfer 2, 2s transfer 1, 2s transfer 2, 4s transfer 1, 4s transfer 2"},
		{"every 1s for 2s: kill 1", 0, "0s kill 1, 1s kill 1"},
	} {
		var got []string
		for _, a := range parse(t, c.script).Schedule(c.window) {
			got = append(got, fmt.Sprintf("%v %v", a.At, a.Act))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%q in %v:\n got %s\nwant %s", c.script, c.window, text, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		script string
		nodes  int
		window time.Duration
		want   string
	}{
		{"at 2s: cut 3", 3, 10 * time.Second, ""},
		{"at 2s: cut leader; at 3s: heal all", 1, 0, ""},
		{"at 2s: cut 4", 3, 10 * time.Second, `"at 2s: cut 4": there is no node 4: the cluster has 3`},
		{"at 10s: cut 1", 3, 10 * time.Second, `"at 10s: cut 1": the window ends after 10s`},
		{"every 1s: flap 1", 3, 0, `"every 1s: flap 1": the window has no length of its own: want every 1s for DURATION`},
		{"at 1s: transfer 1", 1, 0, `"at 1s: transfer 1": a single node has nobody to transfer to`},
		{"every 10ms: flap 1", 3, time.Hour, `"every 10ms: flap 1": more than 10000 actions`},
	} {
		got := ""
		if err := parse(t, c.script).Check(c.nodes, c.window); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q with %d nodes in %v:\n got %s\nwant %s", c.script, c.nodes, c.window, got, c.want)
		}
	}
	if !parse(t, "every 1s: flap 1").Cuts() || parse(t, "at 1s: kill 1, transfer 2").Cuts() {
		t.Error("Cuts: what flaps is cut, what is killed is not")
	}
}

// cluster is a target that writes down what is done to it.
type cluster struct {
	leader int
	log    []string
	err    error
}

func (c *cluster) note(verb string, node int) error {
	c.log = append(c.log, fmt.Sprintf("%s %d", verb, node))
	return c.err
}

func (c *cluster) Cut(node int) error     { return c.note("cut", node) }
func (c *cluster) Heal(node int)          { _ = c.note("heal", node) }
func (c *cluster) Kill(node int) error    { return c.note("kill", node) }
func (c *cluster) Restart(node int) error { return c.note("restart", node) }
func (c *cluster) Transfer(node int)      { _ = c.note("transfer", node) }
func (c *cluster) Leader() int            { return c.leader }

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
		var done []string
		o := Operator{Target: target, Done: func(d Done) { done = append(done, fmt.Sprintf("%s %d", d.Verb, d.Node)) },
			Wait: func(at time.Duration) bool { waited = append(waited, at); return true }}
		if err := o.Run(parse(t, c.script).Schedule(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, target.log); diff != "" || !slices.Equal(done, target.log) || !slices.IsSorted(waited) {
			t.Errorf("%q (-want +got):\n%s\ntold of %q, waited for %v", c.script, diff, done, waited)
		}
	}
}

func TestOperatorEnds(t *testing.T) {
	actions := parse(t, "at 0s: cut 1; at 1s: heal 1").Schedule(time.Minute)
	target := new(cluster)
	o := Operator{Target: target, Done: func(Done) {}, Wait: func(at time.Duration) bool { return at < time.Second }}
	if err := o.Run(actions); err != nil || len(target.log) != 1 {
		t.Errorf("%v after %q: want the end after the first action", err, target.log)
	}
	broken := errors.New("no network")
	o = Operator{Target: &cluster{err: broken}, Done: func(Done) { t.Error("told of what was not done") }, Wait: func(time.Duration) bool { return true }}
	if err := o.Run(actions); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "cut 1: ") {
		t.Errorf("error %v", err)
	}
}
