package plots

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// gallery is where go test -gallery DIR writes every picture of every specimen, to
// be looked at: no test sees whether a picture is ugly.
var gallery = flag.String("gallery", "", "write the pictures of all specimens into this directory")

// specimens are runs that a picture must stand.
func specimens() map[string]*reports.Run {
	shapes := reportstest.Shapes()
	return map[string]*reports.Run{
		"one arm, one replicate": reportstest.Run(shapes[1:2], 1),
		"two arms":               reportstest.Run(shapes[1:3], 3),
		"six arms":               reportstest.Run(shapes, 10),
		"twelve arms":            reportstest.Run(twelve(), 3),
		"twelve long labels":     reportstest.Run(twelveLong(), 3),
		"long labels":            reportstest.Run(longLabels(), 2),
		"tiny and huge":          reportstest.Run(extremes(), 2),
		"few operations":         fewOperations(),
		"billions":               billions(),
		"faults":                 reportstest.Faulty(shapes[1:], 3),
		"many events":            manyEvents(),
		"stages off":             stagesOff(),
		"troubled":               troubled(),
		"long window":            longWindow(),
		"rates":                  reportstest.Rates(shapes[1:4], []float64{5e3, 20e3, 40e3, 60e3, 80e3, 90e3, 110e3}, 3),
		"wide rates":             reportstest.Rates(shapes[1:3], []float64{100, 1e3, 10e3, 100e3, 400e3}, 1),
		"steps":                  reportstest.Steps(shapes[1:4], []float64{5e3, 20e3, 60e3, 90e3, 110e3}, 3),
		"clients":                reportstest.Clients(shapes[1:], []int{1, 4, 16, 64, 256}, 3),
		"four loads":             fourLoads(),
	}
}

func twelve() []reportstest.Shape {
	var list []reportstest.Shape
	for _, s := range reportstest.Shapes()[1:5] {
		for i, size := range []string{"16KiB", "64KiB", "256KiB"} {
			t := s
			t.Label += " batch.size=" + size
			t.Rate *= 1 + 0.1*float64(i)
			t.Median += t.Median * time.Duration(i) / 10
			list = append(list, t)
		}
	}
	return list
}

func twelveLong() []reportstest.Shape {
	list := twelve()
	for i := range list {
		list[i].Label = strings.Replace(list[i].Label, " ", ":conns=4:flow=off:profile=stock nodes=5 payload=1KiB ", 1)
	}
	return list
}

func longLabels() []reportstest.Shape {
	list := reportstest.Shapes()[1:4]
	for i := range list {
		list[i].Label += ":conns=4,profile=tuned,flow=off nodes=5 payload=1KiB batch.size=256KiB linger=500µs pipeline=16"
	}
	list[2].Label = strings.Repeat("unbreakable", 8)
	return list
}

func extremes() []reportstest.Shape {
	return []reportstest.Shape{
		{Label: "quick", Transport: "quick", Rate: 9.7e6, Median: 180 * time.Nanosecond, CPU: 0.004, Wire: 0.3},
		{Label: "rawtcp", Transport: "rawtcp", Rate: 451e3, Median: 138 * time.Microsecond, CPU: 4, Wire: 148},
		{Label: "slow", Transport: "slow", Rate: 1.2e3, Median: 8 * time.Second, CPU: 5e6, Wire: 9e9},
	}
}

func fewOperations() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:4], 1)
	for i, n := range []int64{3, 30, 400} {
		h := hdrhistogram.New(1, 1e9, 3)
		for v := range n {
			_ = h.RecordValue((v + 40) * (v + 40) * 100)
		}
		r := &run.Arms[i].Replicates[0]
		r.Histograms = []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}}
	}
	return run
}

func billions() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:3], 1)
	for i := range run.Arms {
		h := hdrhistogram.New(1, 60e9, 3)
		for j, n := range []int64{2e9, 2e8, 2e7, 2e6, 2e5, 2e4, 2e3, 200, 20, 2} {
			_ = h.RecordValues(int64(1e5*float64(1+i)*(1+0.7*float64(j))), n)
		}
		run.Arms[i].Replicates[0].Histograms[0].Histogram = reports.NewHistogram(h)
	}
	return run
}

func manyEvents() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			r := &run.Arms[i].Replicates[j]
			r.Events = nil
			for k := range 16 {
				at := time.Duration(k)*150*time.Millisecond + time.Duration(j)*5*time.Millisecond
				r.Events = append(r.Events,
					reports.Event{At: at, Kind: "fault", Text: "node 1 was cut off from nodes 2 and 3 for 100 ms"},
					reports.Event{At: at + 2*time.Millisecond, Kind: "election", Text: fmt.Sprintf("node %d leads in term %d", 1+k%3, k)})
			}
		}
	}
	return run
}

func stagesOff() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:], 2)
	for i := range run.Arms[:2] {
		for j := range run.Arms[i].Replicates {
			run.Arms[i].Replicates[j].Breakdown.Response *= 1.2 - 0.5*float64(i)
		}
	}
	return run
}

func troubled() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:4], 2)
	run.Status = reports.StatusInterrupted
	run.Arms[0].Replicates[1].Valid = false
	run.Arms[1].Replicates[0].Operations.Refused = 12
	run.Arms[1].Replicates[0].Cost, run.Arms[1].Replicates[1].Cost = reports.Cost{}, reports.Cost{}
	run.Arms[2].Workload.Loop, run.Arms[2].Workload.Rate, run.Arms[2].Workload.Arrivals = reports.LoopOpen, 5000, "poisson"
	run.Arms[2].Replicates = nil
	return run
}

func longWindow() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			r := &run.Arms[i].Replicates[j]
			s := &r.Series
			r.Window = 100 * r.Window
			for range 99 {
				s.Completed, s.Errors = append(s.Completed, s.Completed[:30]...), append(s.Errors, s.Errors[:30]...)
				s.P50, s.P99, s.Max = append(s.P50, s.P50[:30]...), append(s.P99, s.P99[:30]...), append(s.Max, s.Max[:30]...)
			}
		}
	}
	return run
}

func fourLoads() *reports.Run {
	run := reportstest.Run(nil, 2)
	for _, size := range []int{16, 128, 1024, 65536} {
		part := reportstest.Run(reportstest.Shapes()[1:3], 2)
		for j := range part.Arms {
			part.Arms[j].Label += fmt.Sprintf(" payload=%d", size)
			part.Arms[j].Workload.PayloadBytes = size
		}
		run.Arms = append(run.Arms, part.Arms...)
	}
	return run
}

// all is every picture of a run, with the comparison of its arms.
func all(run *reports.Run) []Picture {
	list := Of(run)
	if c := reports.CompareArms(run, reports.Baseline(run)); len(c) > 0 {
		list = append(list, Picture{"compare", compareFigure(c)})
	}
	return list
}

func TestGallery(t *testing.T) {
	if *gallery == "" {
		t.Skip("only with -gallery DIR")
	}
	for name, run := range specimens() {
		dir := filepath.Join(*gallery, strings.ReplaceAll(name, " ", "-"))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range all(run) {
			for ending, write := range map[string]func(*os.File) error{
				".png": func(f *os.File) error { return p.WritePNG(f) },
				".svg": func(f *os.File) error { return p.WriteSVG(f) },
			} {
				f, err := os.Create(filepath.Join(dir, p.Name+ending))
				if err != nil {
					t.Fatal(err)
				}
				if err := write(f); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
