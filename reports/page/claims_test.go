package page_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/page"
)

// claimsTable has a claim of each verdict, with what a page may choke on: a label as long as
// they get, and texts that are no markup.
func claimsTable() *claimtable.Table {
	ratio := func(value, low, high, limit float64, line string, v claimtable.Verdict) claimtable.Figure {
		return claimtable.Figure{
			Title: "throughput", Arm: "grpc:stock:mode=stream:window=64KiB:readbuf=32KiB c=1000 payload=64KiB", Against: "netrpc:stock c=1000",
			Claimed: "x2.3 to x4", Line: line, Measured: "x0.41 [x0.39, x0.44]", Value: value, Low: low, High: high, N: 8, Confidence: 0.95, Limit: limit, Verdict: v, Counts: true,
		}
	}
	text := "A sentence that is long enough to be broken on a phone, with <b>no markup</b> & a `quote`."
	claim := func(number int, id string, v claimtable.Verdict, figures ...claimtable.Figure) claimtable.Claim {
		return claimtable.Claim{
			Number: number, ID: id, Sentence: text, Setup: text, Rule: text, Mechanism: text, Verdict: v, Because: text, Figures: figures,
			Sources: []claimtable.Source{{Text: text, URL: "https://example.org/a/very/long/path/to/an/issue/that/somebody/filed/1234567"}, {Text: "Folklore."}},
			Results: id, Measured: "8 replicates of 1.5s each, interleaved",
		}
	}
	beside := ratio(0.9, 0.2, 40, 1.03, "at least x1.03", claimtable.CannotBeTold)
	beside.Counts, beside.Why = false, "<script>window.broken = 1</script> \u202ereversed"
	alone := claimtable.Figure{Title: "reorders/op", Arm: "grpc c=1", Measured: "0 [0, 0]", N: 8, Counts: false}
	return &claimtable.Table{
		Machine: "AMD EPYC, 2 CPUs", Started: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), Finished: time.Date(2026, 11, 28, 9, 20, 0, 0, time.UTC),
		Warnings: []string{"claim three was measured on another machine"},
		Claims: []claimtable.Claim{
			claim(1, "one-holds", claimtable.Holds, ratio(3, 2.9, 3.1, 2, "at least x2", claimtable.Holds)),
			claim(2, "two-does-not", claimtable.DoesNotHold, ratio(0.4, 0.39, 0.44, 0.1, "at most x0.1", claimtable.DoesNotHold), beside, alone),
			claim(3, "three-is-open", claimtable.CannotBeTold),
		},
	}
}

func claimsPage(t *testing.T, table *claimtable.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.WriteClaims(&b, table); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page of claims fetches nothing and runs nothing; its links are for readers to follow.
func TestClaimsPageIsAlone(t *testing.T) {
	text := claimsPage(t, claimsTable())
	if strings.Contains(text, "<script") || strings.Contains(text, "\u202e") || strings.Contains(text, "no markup</b>") {
		t.Error("a text became a part of the page")
	}
	if m := regexp.MustCompile(`(?i)<[^>]*\bsrc=|@import|url\(`).FindString(text); m != "" {
		t.Errorf("the page fetches: %s", m)
	}
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)[1])
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(text)[1]
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy != want {
		t.Errorf("policy %q, want %q", policy, want)
	}
	raw := regexp.MustCompile(`download="claims.json" href="data:application/json;base64,([^"]*)"`).FindStringSubmatch(text)
	data, err := base64.StdEncoding.DecodeString(html.UnescapeString(raw[1]))
	if err != nil || !bytes.Contains(data, []byte(`"schema": "raftbench/claims"`)) {
		t.Errorf("%v, raw data %.60s", err, data)
	}
}

// The picture of a figure has its interval on the side of the line where it is, and within
// the frame.
func TestClaimsPicture(t *testing.T) {
	text := claimsPage(t, claimsTable())
	pictures := regexp.MustCompile(`<rect class="side" x="([^"]*)".*?<rect class="range" x="([\d.]+)%" width="([\d.]+)%".*?<circle cx="([\d.]+)%"`).FindAllStringSubmatch(text, -1)
	if len(pictures) != 3 {
		t.Fatalf("%d pictures, want one for each figure with a line", len(pictures))
	}
	// 50 and 46 times the logarithm of the distance from the line, in that of the farthest:
	// a factor of two, and of 40/1.03.
	for i, want := range []string{"50% 74.66 4.43 76.91", "0 67.11 1.52 67.43", "50% 29.40 66.60 48.30"} {
		if got := strings.Join(pictures[i][1:], " "); got != want {
			t.Errorf("picture %d: %s, want %s", i+1, got, want)
		}
	}
}

// What the page of claims looks like, as pageLooksRight does.
func claimsLookRight(browser context.Context, t *testing.T) {
	for _, s := range []screen{desk(), desk().dark(), phone(), phone().dark()} {
		s.noScript = true
		p := openText(browser, t, s, []byte(claimsPage(t, claimsTable())))
		for _, finding := range ask[[]string](p, checks) {
			t.Errorf("%s: %s", s.name, finding)
		}
		if ask[bool](p, `"broken" in window`) {
			t.Errorf("%s: a text was run as a script", s.name)
		}
	}
}
