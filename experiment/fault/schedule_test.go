package fault

import (
	"fmt"
	"strings"
	"testing"
	"time"
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
		{"at 2s: cut 4", 3, 10 * time.Second, `"cut 4" after 2s: there is no node 4: the cluster has 3`},
		{"at 10s: cut 1", 3, 10 * time.Second, `"at 10s: cut 1": the window ends after 10s`},
		{"every 1s: flap 1", 3, 0, `"every 1s: flap 1": the window has no length of its own: want every 1s for DURATION`},
		{"at 1s: transfer 1", 1, 0, `"transfer 1" after 1s: a single node has nobody to transfer to`},
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
