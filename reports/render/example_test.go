package render_test

import (
	"fmt"
	"os"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// A result directory is read, compared and shown again without measuring.
func Example() {
	dir, err := os.MkdirTemp("", "raftbench")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// The numbers of reportstest are invented.
	if err := render.Dir(dir, reportstest.Run(reportstest.Shapes()[1:3], 3)); err != nil {
		fmt.Println(err)
		return
	}

	run, err := reports.Read(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range reports.Summarize(run) {
		fmt.Println(g.Headline().Text)
	}
	for _, c := range reports.CompareArms(run, reports.Baseline(run)) {
		d := c.Differences[0]
		fmt.Println(c.Other.Label, d.Metric.Title, reports.FormatRatio(d.Ratio.Median), d.Verdict)
	}
	// Output:
	// rawtcp has the highest throughput: 457,166 operations per second, 3.78 times http.
	// http throughput x0.28 no verdict
}
