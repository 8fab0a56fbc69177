package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/page"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func written(t *testing.T, run *reports.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageFetchesNothing(t *testing.T) {
	text := written(t, reportstest.Run(reportstest.Shapes(), 3))
	for _, url := range regexp.MustCompile(`(?i)https?://[^\s"'<]+`).FindAllString(text, -1) {
		if url != "http://www.w3.org/2000/svg" { // a name, not an address
			t.Errorf("the page names %s", url)
		}
	}
	for _, m := range regexp.MustCompile(`(?i)\b(src|href|action)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[2], "data:") {
			t.Errorf("%s leads out of the page", m[0][:min(len(m[0]), 80)])
		}
	}
	if !strings.Contains(text, "default-src &#39;none&#39;") {
		t.Error("no content security policy forbids fetching")
	}
}

// If a hash were wrong, the browser would run nothing.
func TestPolicyAllowsExactlyTheScriptAndTheStyle(t *testing.T) {
	text := written(t, reportstest.Run(reportstest.Shapes()[:1], 1))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)[1]
	policy = html.UnescapeString(policy)
	for tag, directive := range map[string]string{"script": "script-src", "style": "style-src"} {
		content := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(text, -1)
		if len(content) != 1 {
			t.Fatalf("%d elements %s, want 1", len(content), tag)
		}
		sum := sha256.Sum256([]byte(content[0][1]))
		want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(policy, want) {
			t.Errorf("policy %s\nlacks %s", policy, want)
		}
	}
}

func TestPageCarriesTheRawResult(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 2)
	m := regexp.MustCompile(`download="result.json" href="data:application/json;base64,([^"]*)"`).FindStringSubmatch(written(t, run))
	if m == nil {
		t.Fatal("no result.json to download")
	}
	data, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	back, err := reports.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Arms) != 2 || back.Arms[1].Response().Count() != run.Arms[1].Response().Count() {
		t.Fatal("another result came out")
	}
}

// A class must be declared before it is used.
func TestScriptsStandInOrder(t *testing.T) {
	inOrder(t, written(t, reportstest.Run(nil, 0)), `"use strict"`, "class Chart", "new Chart(")
}

func TestPlotData(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	m := regexp.MustCompile(`(?s)id="plots">(.*?)</script>`).FindStringSubmatch(written(t, run))
	var groups []struct {
		Arms []struct {
			Label, Colour string
			Curve, Rate   [][]float64
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups) != 1 || len(groups[0].Arms) != 6 {
		t.Fatalf("%d groups", len(groups))
	}
	a := groups[0].Arms[1]
	last := a.Curve[len(a.Curve)-1]
	if a.Label != "rawtcp" || a.Colour != "#d55e00" || len(a.Rate) != 30 || last[0] < 0.9999 || last[0] >= 1 {
		t.Fatalf("%s in %s with %d points over time, the curve ends at %v", a.Label, a.Colour, len(a.Rate), last)
	}
}

func TestNothingInARunBecomesMarkup(t *testing.T) {
	const evil = `</script><img src=x onerror=alert(1)>"'` + "`${x}"
	run := reportstest.Run(reportstest.Shapes()[:2], 1)
	run.Arms[0].Label = evil
	run.Arms[1].Options[0].Value = evil
	run.Arms[1].Replicates[0].Valid = false
	run.Arms[1].Replicates[0].Reasons = []string{evil}
	run.Arms[1].Workload.Storage = evil
	run.Warnings = []string{evil}
	run.Settings[0].Value = evil
	run.Argv = []string{evil}
	run.Environment.CPUModel = evil
	text := written(t, run)
	if strings.Contains(text, "<img") || strings.Count(text, "</script>") != 2 {
		t.Fatal("what a run says became markup")
	}
}

func TestConclusionStandsFirst(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	text := written(t, run)
	inOrder(t, text, "VALID: every check", "rawtcp has the highest throughput", "<figure>", "<table>", "<h2>Settings", "<h2>Environment", "<h2>Raw data")
	run.Arms[1].Replicates[0].Valid = false
	run.Arms[1].Replicates[0].Reasons = []string{"dispatch lag"}
	run.Status = reports.StatusInterrupted
	text = written(t, run)
	inOrder(t, text, "INTERRUPTED", "1 of 6 arms: the measurement is INVALID", "http has the highest", "replicate 1: dispatch lag")
	if strings.Contains(text, "VALID: every check") {
		t.Error("an invalid run is called valid")
	}
	inOrder(t, written(t, reportstest.Run(nil, 0)), "Nothing was measured.")
}

func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		_, after, found := strings.Cut(text, p)
		if !found {
			t.Fatalf("no %q where it should be", p)
		}
		text = after
	}
}
