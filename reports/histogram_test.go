package reports

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
)

func recorded(values ...int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, int64(3600e9), 3)
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			panic(err)
		}
	}
	return h
}

func TestMergedHistogramIsThatOfAllValues(t *testing.T) {
	merged := MergeHistograms(NewHistogram(recorded(10, 200, 3000)), NewHistogram(recorded(200, 40000)), NewHistogram(nil))
	together := MergeHistograms(NewHistogram(recorded(10, 200, 200, 3000, 40000)))
	if diff := cmp.Diff(encode(t, together), encode(t, merged)); diff != "" {
		t.Fatalf("merged differs (-want +got):\n%s", diff)
	}
	if merged.Count() != 5 || merged.AtRank(2) != 200 || merged.AtRank(3) != 200 || merged.AtRank(0) != 0 || merged.AtRank(6) != 0 {
		t.Fatalf("count %d, ranks 2 and 3 are %d and %d", merged.Count(), merged.AtRank(2), merged.AtRank(3))
	}
}

func TestMergeLosesNoValue(t *testing.T) {
	merged := MergeHistograms(NewHistogram(recorded(5, int64(3000e9))))
	if merged.Count() != 2 {
		t.Fatalf("%d values left of 2", merged.Count())
	}
	if got := float64(merged.Max()); math.Abs(got-600e9) > 1e9 {
		t.Fatalf("max is %g, want ten minutes", got)
	}
}

func TestHistogramKeepsNothingOfTheRecorder(t *testing.T) {
	r := recorded(100)
	h := NewHistogram(r)
	if err := r.RecordValues(7, 1000); err != nil {
		t.Fatal(err)
	}
	if h.Count() != 1 {
		t.Fatalf("a later recording changed the histogram: %d values", h.Count())
	}
}

// What is stored can be read again, also of a recorder with more digits.
func TestFiveDigitsBecomeThree(t *testing.T) {
	r := hdrhistogram.New(1, 1e9, 5)
	for _, v := range []int64{123456, 123457, 700000000} {
		if err := r.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	back := decode(t, encode(t, NewHistogram(r)))
	if back.Count() != 3 || math.Abs(float64(back.AtRank(1))/123456-1) > 0.001 {
		t.Fatalf("%d values, the first %d", back.Count(), back.AtRank(1))
	}
}

func TestEmptyHistogram(t *testing.T) {
	h := NewHistogram(nil)
	if h.Count() != 0 || h.Max() != 0 || h.Mean() != 0 || h.Curve() != nil || h.Percentile(0.5).Carried {
		t.Fatalf("an empty histogram has values: max %d, mean %g", h.Max(), h.Mean())
	}
	if back := decode(t, encode(t, h)); back.Count() != 0 {
		t.Fatalf("%d values came back of none", back.Count())
	}
}

func TestHistogramJSONRoundTrip(t *testing.T) {
	h := NewHistogram(recorded(1, 118000, 118000, 2500000, 59e9))
	text := encode(t, h)
	if !strings.HasPrefix(text, `"HISTFAAAA`) {
		t.Fatalf("not the V2 compressed encoding: %.20s", text)
	}
	if diff := cmp.Diff(text, encode(t, decode(t, text))); diff != "" {
		t.Fatalf("changed on the way:\n%s", diff)
	}
	// Another reader of the format, the library's dense one, sees the same.
	dense, err := hdrhistogram.Decode([]byte(strings.Trim(text, `"`)))
	if err != nil {
		t.Fatal(err)
	}
	if dense.TotalCount() != h.Count() || dense.Max() != h.Max() {
		t.Fatalf("dense has %d values up to %d, want %d up to %d", dense.TotalCount(), dense.Max(), h.Count(), h.Max())
	}
}

func TestHistogramRefusesBadJSON(t *testing.T) {
	fine, err := hdrhistogram.NewPacked(1, 1<<40, 5).EncodeV2()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"number": `12`, "not base64": `"HIST!"`, "empty": `""`, "short": `"HISTFAAA"`, "five digits": `"` + string(fine) + `"`,
	} {
		var h Histogram
		if err := json.Unmarshal([]byte(text), &h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := json.Marshal(&Histogram{}); err == nil {
		t.Error("a histogram that was never made was written")
	}
}

func TestCurve(t *testing.T) {
	h := hdrhistogram.New(1, 1e6, 3)
	for v := range int64(1000) {
		if err := h.RecordValue(v + 1); err != nil {
			t.Fatal(err)
		}
	}
	at := map[float64]CurvePoint{}
	last := CurvePoint{Quantile: -1}
	for _, p := range NewHistogram(h).Curve() {
		if p.Quantile <= last.Quantile || p.Value < last.Value {
			t.Fatalf("the curve turns back: %+v after %+v", p, last)
		}
		at[p.Quantile], last = p, p
	}
	want := map[float64]CurvePoint{
		0: {0, 1, false, 0, 0}, 0.5: {0.5, 500, true, 469, 532}, 0.9: {0.9, 900, true, 881, 919}, 0.95: {0.95, 950, true, 936, 964},
		0.99: {0.99, 990, true, 983, 997}, 0.995: {0.995, 995, true, 990, 1000}, 0.998: {0.998, 998, false, 0, 0}, 1: {1, 1000, false, 0, 0},
	}
	for q, p := range want {
		if at[q] != p {
			t.Errorf("at %g: %+v, want %+v", q, at[q], p)
		}
	}
}

// The value at a rank and the share at that value are inverse to each other.
func TestCumulative(t *testing.T) {
	h := hdrhistogram.New(1, 1e9, 3)
	for v := range int64(500) {
		if err := h.RecordValues(v*v*v, 3); err != nil {
			t.Fatal(err)
		}
	}
	ours := NewHistogram(h)
	list := ours.Cumulative()
	for i, s := range list {
		if rank := int64(math.Round(s.Share * 1500)); math.Abs(float64(ours.AtRank(rank)-s.Value)) > 0.001*float64(s.Value)+1 {
			t.Fatalf("%d is the value of rank %d, but a share of %g lies up to %d", ours.AtRank(rank), rank, s.Share, s.Value)
		}
		if i > 0 && (s.Value <= list[i-1].Value || s.Share <= list[i-1].Share) {
			t.Fatalf("%+v follows %+v", s, list[i-1])
		}
	}
	if list[len(list)-1].Share != 1 || len(NewHistogram(nil).Cumulative()) != 0 {
		t.Fatal("want all of the values in the end, and nothing of nothing")
	}
}

func encode(t *testing.T, h *Histogram) string {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t *testing.T, text string) *Histogram {
	t.Helper()
	var h Histogram
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		t.Fatal(err)
	}
	return &h
}
