// Package junit writes verdicts as JUnit XML, which CI servers show as tests: a
// test case for the validity of each arm, and one for each gate.
//
// A gate that could not be decided is a skipped test: it has not passed, and
// nothing is known to be broken. It is not the exit code, which is what stops a
// build. It starts no goroutine.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Status is how a case ended.
type Status string

// The ways for a case to end.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Skipped Status = "skipped" // undecided
)

// Case is one question with its answer.
type Case struct {
	Suite  string // cases of one suite need not follow each other
	Name   string
	Status Status
	Text   string // one line or several: what the answer rests on; may be empty

	Duration time.Duration // of what was measured for it; zero: unknown
}

// Validity asks of every arm of a run whether its measurement may be trusted.
func Validity(run *reports.Run) []Case {
	var list []Case
	for _, g := range reports.Summarize(run) {
		for i := range g.Summaries {
			s := &g.Summaries[i]
			c := Case{Suite: "validity", Name: s.Arm.Label, Status: Pass}
			for j := range s.Arm.Replicates {
				c.Duration += s.Arm.Replicates[j].Window
			}
			if !s.Valid {
				c.Status, c.Text = Fail, strings.Join(s.Reasons, "\n")
			}
			list = append(list, c)
		}
	}
	return list
}

// Gates are the cases of gates that were checked.
func Gates(results []reports.GateResult) []Case {
	var list []Case
	for i := range results {
		r := &results[i]
		c := Case{Suite: "gates", Name: r.Gate.Text + ": " + r.Label, Status: Skipped}
		switch r.Verdict {
		case reports.GatePass:
			c.Status = Pass
		case reports.GateFail:
			c.Status = Fail
		case reports.GateUndecided:
		}
		c.Text = strings.TrimSuffix(fmt.Sprintf("observed %s; %s", r.Observed, r.Text), "; ")
		list = append(list, c)
	}
	return list
}

// Write writes the cases, in suites in order of first appearance. when is when the
// measurement was started.
func Write(w io.Writer, cases []Case, when time.Time) error {
	all := document{Name: "raftbench"}
	at := map[string]int{}
	for _, c := range cases {
		i, ok := at[c.Suite]
		if !ok {
			i = len(all.Suites)
			at[c.Suite] = i
			s := suite{Name: "raftbench." + clean(c.Suite)}
			if !when.IsZero() {
				s.Timestamp = when.UTC().Format("2006-01-02T15:04:05")
			}
			all.Suites = append(all.Suites, s)
		}
		all.Suites[i].add(c)
	}
	for i := range all.Suites {
		all.Tests += all.Suites[i].Tests
		all.Failures += all.Suites[i].Failures
		all.Skipped += all.Suites[i].Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}
