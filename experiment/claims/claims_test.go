package claims

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/transports"
)

// A reader finds in each claim what was claimed, where, how it is measured, and what the
// rule was.
func TestClaimsAreWhole(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range All() {
		if !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`).MatchString(c.ID) || ids[c.ID] {
			t.Errorf("id %q: want words with hyphens, once", c.ID)
		}
		ids[c.ID] = true
		for what, text := range map[string]string{"sentence": c.Sentence, "setup": c.Setup, "rule": c.Rule, "mechanism": c.Mechanism} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: its %s is %q: want sentences", c.ID, what, text)
			}
		}
		if !strings.Contains(c.Mechanism, "If it does not hold, the usual reason is") {
			t.Errorf("%s: its mechanism knows a result: %s", c.ID, c.Mechanism)
		}
		if !strings.Contains(c.Rule, "t holds if") || !strings.Contains(c.Rule, "oes not hold if") {
			t.Errorf("%s: its rule does not say when it holds and when not: %s", c.ID, c.Rule)
		}
		if len(c.Sources) == 0 || len(c.Arms) < minArms || c.Judge == nil {
			t.Errorf("%s: %d sources, %d arms", c.ID, len(c.Sources), len(c.Arms))
		}
		labels := map[string]bool{}
		for _, a := range c.Arms {
			if labels[a.Label()] {
				t.Errorf("%s: two arms are called %q", c.ID, a.Label())
			}
			labels[a.Label()] = true
		}
	}
}

func TestChoose(t *testing.T) {
	list := []Claim{{ID: "a-b"}, {ID: "c-d"}, {ID: "e-f"}}
	for names, want := range map[string][]string{"": {"a-b", "c-d", "e-f"}, "2": {"c-d"}, "e-f 1": {"a-b", "e-f"}, "3 e-f 3": {"e-f"}} {
		chosen, err := Choose(list, strings.Fields(names))
		var got []string
		for _, n := range chosen {
			got = append(got, n.ID)
			if list[n.Number-1].ID != n.ID {
				t.Errorf("%q: %s has number %d", names, n.ID, n.Number)
			}
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", names, err, diff)
		}
	}
	for _, name := range []string{"0", "4", "-1", "a", "a-b-c", ""} {
		var unknown *UnknownError
		if _, err := Choose(list, []string{name}); !errors.As(err, &unknown) || unknown.Name != name {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLabels(t *testing.T) {
	for want, a := range map[string]Arm{
		"grpc:stock c=1000":                    {Transport: "grpc:stock", Clients: 1000},
		"rawtcp c=8 linger=5ms pipeline=8":     {Transport: "rawtcp", Clients: 8, Linger: 5 * time.Millisecond, Pipeline: 8},
		"http c=1 payload=64KiB":               {Transport: "http", Clients: 1, Payload: 64 << 10},
		"rawtcp:conns=0 c=2 batch.policy=none": {Transport: "rawtcp:conns=0", Clients: 2, Policy: batch.None},
		"gob-warm":                             {Transport: "gob-warm"},
	} {
		if got := a.Label(); got != want {
			t.Errorf("label %q, want %q", got, want)
		}
	}
}

// base are the settings of the command without a flag.
func base() experiment.Settings {
	return experiment.Settings{Duration: 1500 * time.Millisecond, Warmup: 500 * time.Millisecond, Idle: experiment.DefaultIdle, Repeat: 8, Seed: 1}
}

// table is the transports of a build that has all options that claims ask for. Nothing is
// opened.
func table() []transports.Named {
	network := func(core.Options) (*core.Network, error) { return &core.Network{}, nil }
	option := func(names ...string) (list []core.Option) {
		for _, n := range names {
			list = append(list, core.Option{Name: n})
		}
		return list
	}
	return []transports.Named{
		{Name: "rawtcp", New: network, Options: option("conns", "io", "credits", "sock")},
		{Name: "grpc", New: network, Options: option("conns", "mode", "batch")},
		{Name: "netrpc", New: network, Options: option("conns")},
	}
}

// All claims together take no longer than a coffee.
func TestAllClaimsWithin25Minutes(t *testing.T) {
	total := time.Duration(0)
	for _, c := range All() {
		p, err := c.Plan(table(), base())
		if err != nil || p.Impossible != "" || len(p.LeftOut) > 0 {
			t.Fatalf("%s: %v, %+v", c.ID, err, p)
		}
		if p.Arms != len(c.Arms) {
			t.Errorf("%s: %d arms of %d", c.ID, p.Arms, len(c.Arms))
		}
		total += p.Estimate
	}
	if total > 25*time.Minute {
		t.Errorf("all claims take %v", total)
	}
	t.Log(total)
}

// The arms of the plan are those of the claim, under the labels that Judge looks for, and
// with the settings that the claim says.
func TestPlan(t *testing.T) {
	c := claimNamed(t, "batching-and-reuse")
	p, err := c.Plan(table(), base())
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range p.Run.Arms {
		if a.Label != c.Arms[i].Label() || a.Clients != 100 || a.Nodes != 3 || a.Payload != 128 || a.Pipeline != 4 {
			t.Errorf("arm %+v", a)
		}
	}
	none, linger := p.Run.Arms[0].Batch, p.Run.Arms[3].Batch
	if none.Policy != batch.None || linger.Policy != batch.Linger || linger.Linger != 5*time.Millisecond || linger.SizeBytes != 16384 {
		t.Errorf("batching: %+v and %+v", none, linger)
	}
	if len(p.Run.Blocks) != 8 || p.Settings.Idle != 0 || p.Settings.Layer != experiment.LayerRaft {
		t.Errorf("%d blocks, idle %v, layer %s", len(p.Run.Blocks), p.Settings.Idle, p.Settings.Layer)
	}
	loads := claimNamed(t, "longer-linger")
	if p, err = loads.Plan(table(), base()); err != nil {
		t.Fatal(err)
	}
	if a := p.Run.Arms[len(p.Run.Arms)-1]; a.Label != "rawtcp r=10000 linger=10ms" || a.Rate != 10000 || a.Batch.Linger != 10*time.Millisecond {
		t.Errorf("open loop: %+v", a)
	}
	costs := claimNamed(t, "grpc-streams-halve-unary")
	if p, err = costs.Plan(table(), base()); err != nil || p.Settings.Idle != experiment.DefaultIdle || p.Settings.Layer != experiment.LayerEcho {
		t.Errorf("costs: %v, %+v", err, p.Settings)
	}
}

// A build without a transport or an option cannot measure a claim about it, and one that
// refuses a value leaves that arm out.
func TestPlanWithoutAnOption(t *testing.T) {
	without := func(option string) []transports.Named {
		list := table()
		for i := range list {
			var kept []core.Option
			for _, o := range list[i].Options {
				if o.Name != option {
					kept = append(kept, o)
				}
			}
			list[i].Options = kept
		}
		return list
	}
	for id, want := range map[string]struct {
		list []transports.Named
		why  string
	}{
		"event-loop":                     {without("io"), "this build has no option io"},
		"no-flow-control-loses-the-tail": {without("credits"), "this build has no option credits"},
		"unix-sockets":                   {without("sock"), "this build has no option sock"},
		"reordering-costs-raft":          {table()[:2], "this build has no transport netrpc"},
	} {
		c := claimNamed(t, id)
		p, err := c.Plan(want.list, base())
		if err != nil || p.Impossible != want.why || p.Run != nil {
			t.Errorf("%s: %v, %+v", id, err, p)
		}
	}
	picky := table()
	picky[0].New = func(o core.Options) (*core.Network, error) {
		_, err := o.Int("conns", 1, 64)
		return &core.Network{}, err
	}
	c := claimNamed(t, "event-loop")
	p, err := c.Plan(picky, base())
	if err != nil || p.Arms != 4 || len(p.LeftOut) != 2 || p.Impossible != "" {
		t.Fatalf("%v, %+v", err, p)
	}
	last := p.Run.Warnings[len(p.Run.Warnings)-1]
	if want := `rawtcp:io=gnet:conns=1000 c=1000 is not measured: this build refuses it: `; !strings.HasPrefix(last, want) {
		t.Errorf("warning %q, want %q", last, want)
	}
	picky[0].New = func(core.Options) (*core.Network, error) { return nil, errors.New("nothing goes") }
	if p, err = c.Plan(picky, base()); err != nil || !strings.Contains(p.Impossible, "nothing goes") {
		t.Errorf("%v, %+v", err, p)
	}
	p, err = (&Claim{Layer: LayerCodec, Arms: []Arm{encoding("morse")}}).Plan(nil, base())
	if err != nil || p.Impossible != "this build has no codec morse" {
		t.Errorf("%v, %+v", err, p)
	}
}

// What makes no sense is one line that names the flag.
func TestPlanRefuses(t *testing.T) {
	for want, change := range map[string]func(*experiment.Settings){
		"--repeat 0: want 1 to 1000":                                 func(s *experiment.Settings) { s.Repeat = 0 },
		"-d 0s: want more than zero":                                 func(s *experiment.Settings) { s.Duration = 0 },
		"claim longer-linger: -d 25h0m0s, --warmup 500ms, --timeout": func(s *experiment.Settings) { s.Duration = 25 * time.Hour },
	} {
		s := base()
		change(&s)
		c := claimNamed(t, "longer-linger")
		if _, err := c.Plan(table(), s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error: %v, want %s", err, want)
		}
	}
}
