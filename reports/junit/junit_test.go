package junit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/junit"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// updateGolden is set by go test -update: write the golden file anew.
var updateGolden = flag.Bool("update", false, "write the golden file")

func written(t *testing.T, cases []junit.Case, when time.Time) string {
	t.Helper()
	var b bytes.Buffer
	if err := junit.Write(&b, cases, when); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// read is what a CI server takes from the file.
type read struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suites   []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []struct {
			Class   string `xml:"classname,attr"`
			Name    string `xml:"name,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
				Body    string `xml:",chardata"`
			} `xml:"failure"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func parsed(t *testing.T, text string) read {
	t.Helper()
	var r read
	if err := xml.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return r
}

func gates() []reports.GateResult {
	return []reports.GateResult{
		{Gate: reports.Gate{Text: "p99<2ms"}, Label: "rawtcp", Observed: "304 µs", Verdict: reports.GatePass},
		{Gate: reports.Gate{Text: "p99<2ms"}, Label: "netrpc", Observed: "3.61 ms", Verdict: reports.GateFail, Text: "2 of 3 replicates meet it"},
		{Gate: reports.Gate{Text: "p99>+5%"}, Label: "http against rawtcp", Observed: "-", Verdict: reports.GateUndecided, Text: "3 pairs: a verdict needs 6"},
	}
}

func troubled() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	run.Arms[1].Label = `http "<&>'`
	run.Arms[1].Replicates[0].Valid, run.Arms[1].Replicates[1].Valid = false, false
	run.Arms[1].Replicates[0].Reasons = []string{"achieved 4,100/s of 5,000/s offered", "the clock source changed"}
	return run
}

func TestArmsAndGatesAreTestCases(t *testing.T) {
	run := troubled()
	r := parsed(t, written(t, append(junit.Validity(run), junit.Gates(gates())...), run.Started))
	if r.Tests != 5 || r.Failures != 2 || r.Skipped != 1 || len(r.Suites) != 2 {
		t.Fatalf("%d tests, %d failures, %d skipped in %d suites; want 5, 2, 1 in 2", r.Tests, r.Failures, r.Skipped, len(r.Suites))
	}
	validity, gates := r.Suites[0], r.Suites[1]
	if validity.Name != "raftbench.validity" || validity.Tests != 2 || validity.Failures != 1 || gates.Tests != 3 || gates.Failures != 1 || gates.Skipped != 1 {
		t.Errorf("suites %+v", r.Suites)
	}
	if c := validity.Cases[0]; c.Name != "rawtcp" || c.Failure != nil || c.Class != "raftbench.validity" {
		t.Errorf("the valid arm is %+v", c)
	}
	if c := validity.Cases[1]; c.Name != run.Arms[1].Label || c.Failure == nil || c.Failure.Message != "replicate 1: achieved 4,100/s of 5,000/s offered" ||
		!strings.Contains(c.Failure.Body, "the clock source changed") || !strings.Contains(c.Failure.Body, "replicate 2") {
		t.Errorf("the invalid arm is %+v", c.Failure)
	}
	if c := gates.Cases[1]; c.Name != "p99<2ms: netrpc" || c.Failure == nil || c.Failure.Message != "observed 3.61 ms; 2 of 3 replicates meet it" {
		t.Errorf("the gate that failed is %+v", c)
	}
	if c := gates.Cases[2]; c.Skipped == nil || c.Failure != nil || !strings.Contains(c.Skipped.Message, "a verdict needs 6") {
		t.Errorf("the gate that was not decided is %+v", c)
	}
}

func TestGolden(t *testing.T) {
	run := troubled()
	text := written(t, append(junit.Validity(run), junit.Gates(gates())...), run.Started)
	reportstest.Golden(t, "junit.xml", text, *updateGolden)
}

// Whatever a name or a reason holds, the file is XML.
func FuzzText(f *testing.F) {
	f.Add("rawtcp", "]]> <failure/>")
	f.Add("\x1b[31m\x00\xff", "a\r\nb\ufffe")
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, status := range []junit.Status{junit.Pass, junit.Fail, junit.Skipped} {
			r := parsed(t, written(t, []junit.Case{{Suite: name, Name: name, Status: status, Text: text}}, time.Time{}))
			if len(r.Suites) != 1 || len(r.Suites[0].Cases) != 1 {
				t.Fatalf("%+v, want one case", r)
			}
		}
	})
}

type failing int

// Write takes so many writes and then no more.
func (f *failing) Write(p []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	for n := range failing(3) {
		if junit.Write(&n, junit.Gates(gates()), time.Time{}) == nil {
			t.Errorf("no error after %d writes", n)
		}
	}
}
