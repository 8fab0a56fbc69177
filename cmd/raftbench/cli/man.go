package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Write a manual page for each command",
		Long: `Write a manual page for each command into a directory.

    raftbench man -o ~/.local/share/man/man1`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return writeManual(cmd.Root(), out) },
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "directory to write to; it is made if it is not there")
	return cmd
}

func writeManual(root *cobra.Command, dir string) error {
	if dir == "" {
		return usagef("-o: name a directory for the manual pages")
	}
	if err := makeDir("-o", dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true // the same commands make the same pages
	header := doc.GenManHeader{Title: "RAFTBENCH", Section: "1", Source: "raftbench", Manual: "raftbench", Date: &time.Time{}}
	if err := doc.GenManTree(root, &header, dir); err != nil {
		return fmt.Errorf("-o %s: %w", dir, err)
	}
	return nil
}
