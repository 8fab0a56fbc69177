package plots_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
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

func sizeOf(t *testing.T, picture []byte) image.Point {
	t.Helper()
	c, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(c.Width, c.Height)
}

// colours counts the pixels of each colour at the left and at the right of column x.
func colours(t *testing.T, picture []byte, x int) (left, right map[color.NRGBA]int) {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	img, ok := decoded.(*image.RGBA)
	if !ok {
		t.Fatalf("the picture decodes to %T, want opaque RGBA", decoded)
	}
	left, right = map[color.NRGBA]int{}, map[color.NRGBA]int{}
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] > 0xf0 && img.Pix[i+1] > 0xf0 {
			continue // paper
		}
		c := color.NRGBA{img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3]}
		if i/4%img.Rect.Dx() < x {
			left[c]++
		} else {
			right[c]++
		}
	}
	return left, right
}

func pictures(run *reports.Run) map[string]func(io.Writer) error {
	base := reports.Baseline(run)
	return map[string]func(io.Writer) error{
		"latency":    func(w io.Writer) error { return plots.Latency(w, run) },
		"throughput": func(w io.Writer) error { return plots.Throughput(w, run) },
		"compare":    func(w io.Writer) error { return plots.Compare(w, reports.CompareArms(run, base)) },
	}
}

// Every arm is drawn in its colour, among the data and in the legend at the right.
func TestEveryArmIsDrawnAndNamed(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	for name, write := range pictures(run) {
		picture := drawn(t, write)
		if size := sizeOf(t, picture); size.X != 1600 || size.Y < 700 || size.Y > 2000 {
			t.Errorf("%s is %v, want 1600 wide", name, size)
		}
		data, legend := colours(t, picture, 1290)
		for i, s := range palette.Of(run) {
			if name == "compare" && &run.Arms[i] == reports.Baseline(run) {
				continue // it is the line that the others are compared with
			}
			if data[s.Colour] < 60 || legend[s.Colour] < 20 {
				t.Errorf("%s: %s has %d pixels among the data and %d in the legend", name, run.Arms[i].Label, data[s.Colour], legend[s.Colour])
			}
		}
	}
}

func TestLoadsHavePanelsOfTheirOwn(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:4], 2)
	one := sizeOf(t, drawn(t, pictures(run)["latency"])).Y
	run.Arms[2].Workload.PayloadBytes = 1024
	two := sizeOf(t, drawn(t, pictures(run)["latency"])).Y
	if two < one*17/10 {
		t.Fatalf("height %d for one load and %d for two", one, two)
	}
}

func TestTheSameRunGivesTheSamePicture(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 2)
	latency := pictures(run)["latency"]
	if !bytes.Equal(drawn(t, latency), drawn(t, latency)) {
		t.Fatal("two pictures of one run differ")
	}
	if err := plots.Compare(io.Discard, nil); err == nil {
		t.Error("a comparison of nothing was drawn")
	}
}
