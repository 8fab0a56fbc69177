package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
)

func (a *app) compareCommand() *cobra.Command {
	var format, base, out string
	cmd := &cobra.Command{
		Use:   "compare DIR [DIR...]",
		Short: "Say what differs between results, or between the arms of one, and by how much",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error {
			return a.compare(dirs, base, format, out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(render.ComparisonFormats(), ", "))
	cmd.Flags().StringVar(&base, "base", "", "one DIR: the arm that the others are compared with; default: the first that is not inproc")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write instead of standard output")
	return cmd
}

func (a *app) compare(dirs []string, base, format, out string) error {
	if !slices.Contains(render.ComparisonFormats(), format) {
		return usagef("--format %q: allowed are %s", format, strings.Join(render.ComparisonFormats(), ", "))
	}
	list, err := comparisons(dirs, base)
	if err != nil {
		return usageError{err}
	}
	return a.output(out, format == "png", func(w io.Writer) error {
		return render.Comparison(w, format, list, out == "" && a.colour())
	})
}

// comparisons reads the results and pairs their arms.
func comparisons(dirs []string, base string) ([]reports.Comparison, error) {
	var runs []*reports.Run
	for _, dir := range dirs {
		r, err := reports.Read(dir)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	if len(runs) > 1 {
		if base != "" {
			return nil, fmt.Errorf("--base %q: only for the arms of one result; of several, the first is the base", base)
		}
		return reports.CompareRuns(runs, dirs)
	}
	run := runs[0]
	arm := reports.Baseline(run)
	if base != "" {
		arm = run.FindArm(base)
	}
	if arm == nil {
		return nil, fmt.Errorf("--base %q: %s has the arms %s", base, dirs[0], strings.Join(labels(run), ", "))
	}
	list := reports.CompareArms(run, arm)
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has a single arm, %s: name a second result to compare it with", dirs[0], arm.Label)
	}
	return list, nil
}

func labels(run *reports.Run) []string {
	var list []string
	for _, a := range run.Arms {
		list = append(list, a.Label)
	}
	return list
}
