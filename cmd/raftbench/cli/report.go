package cli

import (
	"context"
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
	gates := new(gateFlags)
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Render a stored result again, without running anything",
		Long: `Render a stored result again, without running anything.

Without --format, print the table and write all files of the result directory anew.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			return a.report(cmd.Context(), dirs[0], format, out, gates)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "print only this: "+strings.Join(render.RunFormats(), ", "))
	cmd.Flags().StringVarP(&out, "out", "o", "", "with --format: file to write instead of standard output")
	gates.addThresholds(cmd.Flags())
	complete(cmd, "format", fixed(render.RunFormats()...))
	cmd.ValidArgsFunction = directories
	return cmd
}

func (a *app) report(ctx context.Context, dir, format, out string, gates *gateFlags) error {
	if _, _, err := gates.parse(); err != nil {
		return usageError{err}
	}
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
		err = a.reportDir(ctx, dir, run)
	} else {
		err = a.form(out, format, run)
	}
	if err != nil {
		return err
	}
	return a.checkThresholds(run, gates)
}

// form renders a run in one form to a file or to standard output.
func (a *app) form(out, format string, run *reports.Run) error {
	var rendering error
	err := a.output(out, strings.HasSuffix(format, "png"), func(w io.Writer) error {
		rendering = render.Run(w, format, run, out == "" && a.colour())
		return rendering
	})
	if errors.Is(rendering, render.ErrUnfit) {
		return usagef("--format %s: %w", format, rendering)
	}
	return err
}

// print renders a run to standard output.
func (a *app) print(format string, run *reports.Run) error {
	return a.output("", false, func(w io.Writer) error { return render.Run(w, format, run, a.colour()) })
}

// output writes to a file, whole or not at all, or to standard output.
func (a *app) output(path string, binary bool, write func(io.Writer) error) error {
	if path != "" {
		if err := checkFile(path); err != nil {
			return err
		}
		return atomicfile.WriteOn(a.disk, path, write)
	}
	if binary && isTerminal(a.stdout) {
		return usageError{errors.New("this format is binary: redirect standard output, or name a file with -o")}
	}
	if err := write(a.stdout); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
