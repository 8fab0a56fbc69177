// Package cli is the command line of raftbench: flags, wiring and printing. One
// file a subcommand; what needs a test of its own lives elsewhere.
//
// It is a package so that someone with a transport of their own can have the
// whole tool without a fork:
//
//	func main() { os.Exit(cli.Main(append(transports.All(), quic.Transport()))) }
//
// Standard output is data, standard error is progress and complaints.
//
// Main does the command on a goroutine, and awaits it unless a second signal says not
// to; another waits for signals and ends with Main.
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
	"github.com/raftbench/raftbench/reports/disk"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1   // the environment or a defect: a full disk, a port in use
	exitUsage       = 2   // something asked for cannot be done
	exitGate        = 3   // a regression or a threshold: what --fail-if or --threshold asks for
	exitInvalid     = 4   // what was measured may not be trusted, and is kept; an interruption and an error come first
	exitInterrupted = 130 // as shells report SIGINT
)

// Main runs the command line in os.Args with the transports given and returns
// the exit code. It returns before the command has ended if a second signal comes.
func Main(list []core.NamedTransport) int {
	// Without this, a write to a closed pipe would end the process in the middle of a
	// run. So it is an error as any other.
	signal.Ignore(syscall.SIGPIPE)
	signals := listen()
	defer signals.close()
	ended := make(chan int, 1)
	go func() { ended <- run(signals.ctx, list, os.Args[1:], os.Stdout, os.Stderr) }()
	select {
	case code := <-ended:
		return code
	case <-signals.leave:
		return exitInterrupted
	}
}

// run is Main without what is the process's.
func run(ctx context.Context, list []core.NamedTransport, args []string, stdout, stderr io.Writer) int {
	return runOn(ctx, disk.OS(), list, args, stdout, stderr)
}

// runOn is run with results on a disk of the caller's.
func runOn(ctx context.Context, fs disk.FS, list []core.NamedTransport, args []string, stdout, stderr io.Writer) int {
	out, complaints := &stream{w: stdout}, &stream{w: stderr}
	a := &app{transports: list, stdout: out, stderr: complaints, disk: fs, argv: append([]string{"raftbench"}, args...)}
	root := a.command()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(complaints)
	code := a.exitCode(root.ExecuteContext(ctx))
	if code != exitOK {
		return code
	}
	// Not everything that writes looks at what becomes of it.
	if err := out.failure(); err != nil {
		return a.exitCode(fmt.Errorf("standard output: %w", err))
	}
	if complaints.failure() != nil {
		return exitError
	}
	return exitOK
}

// app is what the subcommands share.
type app struct {
	transports     []core.NamedTransport
	stdout, stderr io.Writer
	disk           disk.FS // of results
	argv           []string
	quiet          bool // no word on stderr but errors
}

// notes is standard error for what is no error: progress, warnings, where things are.
func (a *app) notes() io.Writer {
	if a.quiet {
		return io.Discard
	}
	return a.stderr
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{plainly(err)} })
	root.AddCommand(a.runCommand(), a.echoCommand(), a.compareCommand(), a.reportCommand(), a.calibrateCommand(), a.tuneCommand(), a.capacityCommand(), a.claimsCommand(), a.listCommand(), a.codecCommand(), a.manCommand())
	strictBuiltIns(root)
	return root
}

// explainedError is one that standard output has explained: whoever wants to be left alone
// needs the exit code alone.
type explainedError struct{ error }

func (e explainedError) Unwrap() error { return e.error }

// errInterrupted ends a command that was interrupted and has saved what it had.
var errInterrupted = errors.New("interrupted")

func (a *app) exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case !a.quiet || !errors.As(err, new(explainedError)):
		fmt.Fprintf(a.stderr, "raftbench: %v\n", err)
	}
	switch {
	case errors.Is(err, errGate):
		return exitGate
	case errors.Is(err, errInvalid):
		return exitInvalid
	case errors.As(err, new(usageError)):
		return exitUsage
	}
	return exitError
}
