package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/render"
)

func (a *app) reportCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Render a stored result again, without running anything",
		Long: `Render a stored result again, without running anything.

Without --format, print the table and write all files of the result directory anew.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error { return a.report(dirs[0], format, out) },
	}
	cmd.Flags().StringVar(&format, "format", "", "print only this: "+strings.Join(render.RunFormats(), ", "))
	cmd.Flags().StringVarP(&out, "out", "o", "", "with --format: file to write instead of standard output")
	return cmd
}

func (a *app) report(dir, format, out string) error {
	if format != "" && !slices.Contains(render.RunFormats(), format) {
		return usagef("--format %q: allowed are %s", format, strings.Join(render.RunFormats(), ", "))
	}
	if format == "" && out != "" {
		return usagef("-o %s: needs --format", out)
	}
	run, err := reports.Read(dir)
	if err != nil {
		return usageError{err}
	}
	if format == "" {
		return errors.Join(a.print("text", run), render.Dir(dir, run))
	}
	return a.output(out, strings.HasSuffix(format, "png"), func(w io.Writer) error {
		return render.Run(w, format, run, out == "" && a.colour())
	})
}

// print renders a run to standard output.
func (a *app) print(format string, run *reports.Run) error {
	return a.output("", false, func(w io.Writer) error { return render.Run(w, format, run, a.colour()) })
}

// output writes to a file, whole or not at all, or to standard output.
func (a *app) output(path string, binary bool, write func(io.Writer) error) error {
	if path != "" {
		return atomicfile.Write(path, write)
	}
	if binary && isTerminal(a.stdout) {
		return usageError{errors.New("this format is binary: redirect standard output, or name a file with -o")}
	}
	if err := write(a.stdout); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
