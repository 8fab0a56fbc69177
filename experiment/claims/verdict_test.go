package claims

import (
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

const (
	holds  = claimtable.Holds
	fails  = claimtable.DoesNotHold
	untold = claimtable.CannotBeTold
)

// verdictCase is one way for the results of a claim to come out.
type verdictCase struct {
	name  string
	noise float64 // zero: one per cent
	of    func(Arm) shape
	want  claimtable.Verdict
	sure  string // part of why
}

// Every claim comes to each of the three verdicts, and for the reason that its rule gives.
func TestVerdicts(t *testing.T) {
	for id, cases := range verdictCases() {
		c := claimNamed(t, id)
		seen := map[claimtable.Verdict]bool{}
		for _, v := range cases {
			t.Run(id+"/"+v.name, func(t *testing.T) {
				if v.noise == 0 {
					v.noise = 0.01
				}
				row := Numbered{1, c}.Measured(invented(c, 8, v.noise, v.of))
				if row.Verdict != v.want || !strings.Contains(row.Because, v.sure) {
					t.Errorf("%s because %s; want %s because of %q", row.Verdict, row.Because, v.want, v.sure)
				}
			})
			seen[v.want] = true
		}
		if len(seen) != 3 {
			t.Errorf("%s: the cases come to %v, want all three verdicts", id, seen)
		}
	}
	for _, c := range All() {
		if verdictCases()[c.ID] == nil {
			t.Errorf("claim %s has no cases", c.ID)
		}
	}
}

func claimNamed(t *testing.T, id string) Claim {
	t.Helper()
	for _, c := range All() {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no claim %s", id)
	return Claim{}
}

// What keeps any claim from being told keeps each, however clear the numbers are.
func TestCannotBeTold(t *testing.T) {
	clear := func(c Claim) *reports.Run { return invented(c, 8, 0.01, byLabel(10, nil)) }
	for name, v := range map[string]struct {
		make func(Claim) *reports.Run
		sure string
	}{
		"five blocks": {func(c Claim) *reports.Run { return invented(c, 5, 0.01, byLabel(10, nil)) }, "verdict needs 6 or more"},
		"an INVALID arm": {func(c Claim) *reports.Run {
			r := clear(c)
			for i := range r.Arms {
				r.Arms[i].Replicates[3].Valid, r.Arms[i].Replicates[3].Reasons = false, []string{"other-load: a compiler"}
			}
			return r
		}, "INVALID"},
		"an interruption": {func(c Claim) *reports.Run {
			r := clear(c)
			r.Status = reports.StatusInterrupted
			return r
		}, "is of a run that is interrupted"},
		"no arms": {func(c Claim) *reports.Run {
			r := clear(c)
			r.Arms = nil
			return r
		}, "the results have no arm"},
		"nothing measured": {func(c Claim) *reports.Run {
			r := clear(c)
			for i := range r.Arms {
				r.Arms[i].Replicates = nil
			}
			return r
		}, "was not measured"},
	} {
		for _, c := range All() {
			row := Numbered{1, c}.Measured(v.make(c))
			if row.Verdict != untold || !strings.Contains(row.Because, v.sure) {
				t.Errorf("%s, %s: %s because %s; want %q", name, c.ID, row.Verdict, row.Because, v.sure)
			}
		}
	}
}

// An arm that a build did not have is missed with the reason that was kept.
func TestLeftOutArm(t *testing.T) {
	c := claimNamed(t, "event-loop")
	r := invented(c, 8, 0.01, byIO(1.3, 1.3, 1.3))
	label := polling("gnet", 1000).Label()
	r.Arms = r.Arms[:5]
	r.Warnings = []string{label + leftOut + "this build refuses it: conns=1000"}
	row := Numbered{4, c}.Measured(r)
	if row.Verdict != untold || row.Because != "this build refuses it: conns=1000" {
		t.Errorf("%s because %s", row.Verdict, row.Because)
	}
	if row.Figures[0].Verdict != holds {
		t.Errorf("what was measured is %s, want that it holds", row.Figures[0].Verdict)
	}
}
