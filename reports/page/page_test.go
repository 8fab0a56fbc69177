package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
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
		if !strings.HasPrefix(m[2], "data:") && !strings.HasPrefix(m[2], "#") {
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
		content := regexp.MustCompile(`(?s)<`+tag+`(?: type="module")?>(.*?)</`+tag+`>`).FindAllStringSubmatch(text, -1)
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

// Of encodings no latency is known, so there is no plot of one.
func TestPageOfEncodings(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	for i := range run.Arms {
		run.Arms[i].Workload = reports.Workload{Load: reports.Load{Name: reports.NameCodec, Loop: reports.LoopClosed, Clients: 1, PayloadBytes: 128}}
	}
	text := written(t, run)
	if n := strings.Count(text, "<figure"); n != 1 || !strings.Contains(text, `data-kind="costs"`) || !strings.Contains(text, "encoding and decoding one message, payload 128 B") {
		t.Errorf("%d figures, want that of the costs", n)
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
	inOrder(t, written(t, reportstest.Run(nil, 0)), `<script type="module">`, "class Tip", "class View", "class Chart", "class Bars", "new Chart(", "new Group(")
}

func TestPlotData(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	m := regexp.MustCompile(`(?s)id="plots">(.*?)</script>`).FindStringSubmatch(written(t, run))
	var plots struct {
		Groups []struct {
			Arms []struct {
				Label, Colour               string
				Curve, ECDF, Rate, P50, P99 [][]float64
				Stages                      struct{ Means []float64 }
				Costs                       []*struct{ Text string }
			}
			Stages []struct{ Name, Colour string }
			Costs  []struct{ Title string }
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &plots); err != nil {
		t.Fatal(err)
	}
	if len(plots.Groups) != 1 || len(plots.Groups[0].Arms) != 6 {
		t.Fatalf("%d groups", len(plots.Groups))
	}
	g := plots.Groups[0]
	a := g.Arms[1]
	last := a.Curve[len(a.Curve)-1]
	if a.Label != "rawtcp" || a.Colour != "#d55e00" || len(a.Rate) != 30 || len(a.P50) != 30 || last[0] < 0.9999 || last[0] >= 1 {
		t.Errorf("%s in %s with %d points over time, the curve ends at %v", a.Label, a.Colour, len(a.Rate), last)
	}
	p99 := run.Arms[1].Response().Percentile(0.99)
	i := slices.IndexFunc(a.Curve, func(p []float64) bool { return p[0] == 0.99 })
	if got, want := a.Curve[i][1:], []float64{float64(p99.Value), float64(p99.Low), float64(p99.High)}; !near(got, want) {
		t.Errorf("p99 with its interval is %v, want %v", got, want)
	}
	if len(a.Stages.Means) != len(g.Stages) || g.Stages[1].Name != "queue" || len(a.Costs) != len(g.Costs) || a.Costs[0].Text != "4.15 µs" {
		t.Errorf("stages %v of %v, costs %v of %v", a.Stages.Means, g.Stages, a.Costs[0], g.Costs)
	}
}

// near allows for the four digits that the page keeps.
func near(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) <= 0.0006*math.Abs(b) })
}

// The share at a latency is counted, whatever the grid: here against all values.
func TestDistributionIsThatOfTheRun(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 1)
	m := regexp.MustCompile(`(?s)id="plots">(.*?)</script>`).FindStringSubmatch(written(t, run))
	var plots struct {
		Groups []struct{ Arms []struct{ ECDF [][]float64 } }
	}
	if err := json.Unmarshal([]byte(m[1]), &plots); err != nil {
		t.Fatal(err)
	}
	for i, a := range plots.Groups[0].Arms {
		h := run.Arms[i].Response()
		if first, last := a.ECDF[0], a.ECDF[len(a.ECDF)-1]; first[1] > 0.01 || last[1] != 1 {
			t.Errorf("from %v to %v", first, last)
		}
		for _, p := range a.ECDF {
			n := int64(math.Round(p[1] * float64(h.Count())))
			if n > 0 && float64(h.AtRank(n)) > p[0]*1.001 || n < h.Count() && float64(h.AtRank(n+1)) <= p[0]*0.999 {
				t.Fatalf("%v: the values next to it are %d and %d", p, h.AtRank(n), h.AtRank(n+1))
			}
		}
	}
}

// Loads differ, transport and tuning do not: that is one line.
func TestLatencyAgainstLoad(t *testing.T) {
	text := written(t, reportstest.Rates(reportstest.Shapes()[1:3], []float64{1e3, 100e3, 200e3}, 2))
	inOrder(t, text, "6 arms under 3 loads", "Latency against load", "open loop", "rawtcp", "1,000/s", "200,000/s", "http", "INVALID", "<h2>3 nodes")
	m := regexp.MustCompile(`(?s)id="plots">(.*?)</script>`).FindStringSubmatch(text)
	var plots struct {
		Load struct {
			Offers bool
			Arms   []struct {
				Label string
				P99   [][]float64
				Notes []string
			}
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &plots); err != nil {
		t.Fatal(err)
	}
	if len(plots.Load.Arms) != 2 || !plots.Load.Offers {
		t.Fatalf("%+v", plots.Load)
	}
	http := plots.Load.Arms[1]
	if http.Label != "http" || len(http.P99) != 3 || http.P99[2][0] != 200e3 || http.Notes[2] != "INVALID" || http.Notes[0] != "" {
		t.Fatalf("%+v", http)
	}
	steps := written(t, reportstest.Steps(reportstest.Shapes()[1:3], []float64{1e3, 100e3, 200e3}, 2))
	inOrder(t, steps, "<h1>", `<ol class="ranking">`, "<h2>Latency against load", "1,000/s", "http", "200,000/s", "not sustained")
	if strings.Contains(written(t, reportstest.Run(reportstest.Shapes(), 2)), "Latency against load") {
		t.Error("one load is drawn as several")
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
	run.Arms[1].Replicates[0].Events = []reports.Event{{Kind: evil, Text: evil}}
	run.Arms[1].Replicates[0].Distributions[0].Name = evil
	run.Arms[1].Replicates[0].Breakdown.Stages[0].Name = evil
	run.Calibration = &reports.Calibration{Machine: evil, NoiseFloor: map[string]float64{evil: 0.1}}
	text := written(t, run)
	if strings.Contains(text, "<img") || strings.Count(text, "</script>") != 2 {
		t.Fatal("what a run says became markup")
	}
}

func TestConclusionStandsFirst(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	text := written(t, run)
	inOrder(t, text, "<h1>rawtcp has the highest throughput", "VALID</span> Every check", `<ol class="ranking">`, "<figure", "<h3>Numbers", "<h2>Settings", "<h2>Environment", "<h2>Raw data")
	run.Arms[1].Replicates[0].Valid = false
	run.Arms[1].Replicates[0].Reasons = []string{"dispatch lag"}
	run.Status = reports.StatusInterrupted
	text = written(t, run)
	inOrder(t, text, "<h1>http has the highest", "INTERRUPTED", "<b>INVALID</b>: 1 of 6 arms", "rawtcp, replicate 1: dispatch lag", `<ol class="ranking">`)
	if strings.Contains(text, "Every check") {
		t.Error("an invalid run is called valid")
	}
	inOrder(t, written(t, reportstest.Run(nil, 0)), "Nothing was measured.")
}

// A label that turns the direction of the text behind it would make the page say
// what the run does not.
func TestLabelsDoNotTurnTheText(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 1)
	run.Arms[1].Label = "raw\u202etcp\u2066 \u05e9\u05dc\u05d5\u05dd"
	text := written(t, run)
	if strings.ContainsAny(text, "\u202e\u2066") {
		t.Error("a control of direction is in the page")
	}
	inOrder(t, text, "<h1>raw\ufffdtcp\ufffd \u05e9\u05dc\u05d5\u05dd")
}

// The first reason of every arm comes before the second of any.
func TestReasonsAreFoldedAway(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			run.Arms[i].Replicates[j].Valid = false
			run.Arms[i].Replicates[j].Reasons = []string{fmt.Sprintf("reason %d", j)}
		}
	}
	inOrder(t, written(t, run), "<li>inproc, replicate 1: reason 0", "<li>netrpc, replicate 1: reason 0", "12 more reasons", "<li>inproc, replicate 2: reason 1")
}

// With enough pairs each arm has a verdict with its interval; with fewer it says why not.
func TestRankingSaysHowSureItIs(t *testing.T) {
	text := written(t, reportstest.Run(reportstest.Shapes()[1:4], 10))
	inOrder(t, text, "against rawtcp (95 % interval)", ">base<", `<span class="chip bad">worse</span>`, "throughput</span> <b>x0.2")
	if strings.Contains(text, "no verdict</span>") {
		t.Error("ten pairs give no verdict")
	}
	inOrder(t, written(t, reportstest.Run(reportstest.Shapes()[1:4], 4)), "against rawtcp (87 % interval)", `<span class="chip open">no verdict</span>`, "4 pairs: an estimate")
	one := written(t, reportstest.Run(reportstest.Shapes()[1:4], 1))
	inOrder(t, one, "<span>against rawtcp</span>", "Differences: against rawtcp.")
	if strings.Contains(one, "0 % interval") {
		t.Error("one pair has an interval")
	}
}

func TestSettingsSayWhereTheyComeFrom(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 1)
	inOrder(t, written(t, run), "<h2>Settings", ">duration<", ">3s<", ">flag<", ">payload<", ">default<", "raftbench run --transport all", "Not calibrated")
	run.Calibration = &reports.Calibration{
		Measured: run.Started, Machine: "a machine of another make", Pairs: 20, NoiseFloor: map[string]float64{"latency_ns_p99": 0.083},
		DispatchLag: run.Arms[0].Response(),
	}
	inOrder(t, written(t, run), "<h3>Calibration", "on another machine: a machine of another make", "from 20 pairs", "p99", "8.30 %", "How late the open loop is", "p99.9")
}

// What is too large to carry is said to lie beside the page.
func TestLargeFilesStayOutside(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 1)
	run.Warnings = []string{strings.Repeat("w", 5<<20)}
	text := written(t, run)
	inOrder(t, text, "<h2>Raw data", `download="summary.csv"`, "beside it: result.json.")
	if strings.Contains(text, `download="result.json"`) {
		t.Error("it is in the page too")
	}
}

// Seven arms of ten replicates are a page that one can send by mail.
func TestPageStaysSmall(t *testing.T) {
	run := reportstest.Run(append(reportstest.Shapes(), labelled(" again")[1]), 10)
	if n := len(written(t, run)); n > 3<<20 {
		t.Errorf("%d bytes", n)
	}
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
