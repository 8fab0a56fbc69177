package plots_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/plots"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func drawn(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func namesOf(list []plots.Picture) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

// A picture without data is not made.
func TestARunHasThePicturesThatItHasDataFor(t *testing.T) {
	bare := reportstest.Run(reportstest.Shapes()[:2], 1)
	for i := range bare.Arms {
		r := &bare.Arms[i].Replicates[0]
		r.Histograms, r.Series, r.Breakdown, r.Cost = nil, reports.Series{}, nil, reports.Cost{}
	}
	idle := reportstest.Run(reportstest.Shapes()[:2], 1)
	for i := range idle.Arms {
		r := &idle.Arms[i].Replicates[0]
		r.Operations, r.Window = reports.Operations{}, time.Millisecond
		r.Histograms, r.Breakdown = nil, nil
	}
	whole := []string{"latency", "throughput", "latency-over-time", "stages", "cost", "ecdf"}
	for name, c := range map[string]struct {
		run  *reports.Run
		want []string
	}{
		"no arm":          {reportstest.Run(nil, 0), nil},
		"no replicate":    {reportstest.Run(reportstest.Shapes(), 0), nil},
		"nothing counted": {bare, nil},
		"no operation":    {idle, nil},
		"whole":           {reportstest.Run(reportstest.Shapes(), 2), whole},
		"rates":           {reportstest.Rates(reportstest.Shapes()[1:3], []float64{1e3, 2e3}, 2), slices.Insert(slices.Clone(whole), 3, "load")},
		"faults":          {reportstest.Faulty(reportstest.Shapes()[1:3], 2), append(slices.Clone(whole), "breakers")},
	} {
		if got := namesOf(plots.Of(c.run)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTheSameRunGivesTheSameBytes(t *testing.T) {
	first, second := plots.Of(reportstest.Faulty(reportstest.Shapes()[1:3], 2)), plots.Of(reportstest.Faulty(reportstest.Shapes()[1:3], 2))
	for i := range first {
		if !bytes.Equal(drawn(t, first[i].WritePNG), drawn(t, second[i].WritePNG)) {
			t.Errorf("two PNGs of %s differ", first[i].Name)
		}
		if !bytes.Equal(drawn(t, first[i].WriteSVG), drawn(t, second[i].WriteSVG)) {
			t.Errorf("two SVGs of %s differ", first[i].Name)
		}
	}
}

func TestForms(t *testing.T) {
	for _, p := range plots.Of(reportstest.Rates(reportstest.Shapes()[1:3], []float64{1e3, 2e5}, 2)) {
		c, err := png.DecodeConfig(bytes.NewReader(drawn(t, p.WritePNG)))
		if err != nil || c.Width != 1600 {
			t.Errorf("%s: %d wide, %v; want 1600", p.Name, c.Width, err)
		}
		svg := drawn(t, p.WriteSVG)
		if text := string(svg); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || !strings.Contains(text, ">rawtcp") {
			t.Errorf("%s.svg holds a number that is none, or not the words", p.Name)
		}
		if n := strings.Count(string(svg), "<text"); n < 10 || strings.Count(string(svg), "Arial,Helvetica,sans-serif") != n {
			t.Errorf("%s.svg: %d texts and %d with a family to fall back to", p.Name, n, strings.Count(string(svg), "Arial,Helvetica,sans-serif"))
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s.svg: %v", p.Name, err)
			}
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 1)
	p := plots.Of(run)[0]
	list := reports.CompareArms(run, reports.Baseline(run))
	for name, err := range map[string]error{
		"PNG": p.WritePNG(failing{}), "SVG": p.WriteSVG(failing{}),
		"comparison": plots.Compare(failing{}, list), "comparison SVG": plots.CompareSVG(failing{}, list),
		"no comparison": plots.Compare(io.Discard, nil), "no comparison SVG": plots.CompareSVG(io.Discard, nil),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkPictures(b *testing.B) {
	run := reportstest.Run(reportstest.Shapes(), 10)
	for b.Loop() {
		for _, p := range plots.Of(run) {
			if err := errors.Join(p.WritePNG(io.Discard), p.WriteSVG(io.Discard)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
