// Package cli is the command line of raftbench: flags, wiring and printing. One
// file a subcommand; what needs a test of its own lives elsewhere.
//
// It is a package so that someone with a transport of their own can have the
// whole tool without a fork:
//
//	func main() { os.Exit(cli.Main(append(transports.All(), quic.Transport()))) }
//
// Standard output is data, standard error is progress and complaints.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/core"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1   // the environment or a defect: a full disk, a port in use
	exitUsage       = 2   // something asked for cannot be done
	exitInterrupted = 130 // as shells report SIGINT
)

// Main runs the command line in os.Args with the transports given and returns
// the exit code.
func Main(list []core.NamedTransport) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	return run(ctx, list, os.Args[1:], os.Stdout, os.Stderr)
}

// run is Main with everything that a test wants to set.
func run(ctx context.Context, list []core.NamedTransport, args []string, stdout, stderr io.Writer) int {
	a := &app{transports: list, stdout: stdout, stderr: stderr, argv: append([]string{"raftbench"}, args...)}
	root := a.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.exitCode(root.ExecuteContext(ctx))
}

// app is what the subcommands share.
type app struct {
	transports     []core.NamedTransport
	stdout, stderr io.Writer
	argv           []string
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "raftbench",
		Short:         "Which transport should carry my Raft, and how do I set batch.size and linger?",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          args(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.runCommand(), a.compareCommand(), a.reportCommand(), a.listCommand(), a.manCommand())
	return root
}

// usageError is an error in what was asked for.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errInterrupted ends a command that was interrupted and has saved what it had.
var errInterrupted = errors.New("interrupted")

func (a *app) exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "raftbench: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(a.stderr, "raftbench: %v\n", err)
		return exitError
	}
}

// args checks arguments with one of cobra's functions, as a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if err := check(cmd, list); err != nil {
			return usageError{err}
		}
		return nil
	}
}
