package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/claims"
	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/render"
)

// claimsFlags is what `raftbench claims` can be told.
type claimsFlags struct {
	runFlags
	list   bool
	from   string
	format string
}

func (a *app) claimsCommand() *cobra.Command {
	f := new(claimsFlags)
	cmd := &cobra.Command{
		Use:   "claims [NUMBER|ID...]",
		Short: "Put published claims to the test on this machine",
		Long: `Put published claims to the test on this machine: that gRPC is three times as fast
as net/rpc, that a longer linger raises throughput, and others; all of them or those that
are named. Each has a rule that was written before anything was measured, and one of
three verdicts: it holds here, it does not hold here, it cannot be told. The last is
what INVALID measurements, fewer than six blocks, and intervals that reach over the line
of the rule come to.

The result directory has the table (claims.md, claims.html, claims.json) and a folder for
each claim with its results, as raftbench run writes them. --from works the table out
again from these results alone:

    raftbench claims -o out
    raftbench claims --from out
    raftbench claims 3 grpc-streams-halve-unary`,
		RunE: func(cmd *cobra.Command, names []string) error { return a.claims(cmd, f, names) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return claims.IDs(claims.All()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	a.claimsFlags(cmd.Flags(), f)
	a.completeRun(cmd)
	complete(cmd, "format", fixed(render.ClaimFormats()...))
	return cmd
}

func (a *app) claimsFlags(fs *pflag.FlagSet, f *claimsFlags) {
	names := append(callNames(), "repeat")
	a.someRunFlags(fs, &f.runFlags, names, map[string]string{"duration": "1500ms", "warmup": "500ms", "repeat": "8"})
	fs.Lookup("repeat").Usage = "blocks: each measures every arm of a claim once, in random order; a verdict needs 6 or more"
	fs.Lookup("allow-invalid").Usage = "end with exit code 0 although a measurement is INVALID, rather than 4; its claim cannot be told all the same"
	fs.BoolVar(&f.list, "list", false, "list the claims, and measure nothing")
	fs.StringVar(&f.from, "from", "", "measure nothing, and work the table out again from a directory that -o wrote; what is asked for by name is only printed")
	fs.StringVar(&f.format, "format", "", "print this instead of the text: "+strings.Join(render.ClaimFormats(), ", ")+"; with --from, write no file")
}

func (a *app) claims(cmd *cobra.Command, f *claimsFlags, names []string) error {
	if err := f.onlyModes(cmd.Flags()); err != nil {
		return err
	}
	sources, err := a.claimSettings(cmd.Flags(), f)
	if err != nil {
		return usageError{err}
	}
	chosen, err := chooseClaims(names)
	switch {
	case err != nil:
		return usageError{err}
	case f.list:
		return a.listClaims(chosen)
	case f.from != "":
		return a.claimsFrom(f, chosen, len(names) > 0)
	}
	header := experiment.Header{Argv: a.argv, Settings: effective(cmd.Flags(), sources)}
	t, err := a.prepareClaims(f, header, chosen)
	if err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return t.printPlan(cmd.Context())
	}
	if t.dir, err = resultDir(f.out); err != nil {
		return err
	}
	return t.all(cmd.Context())
}

// onlyModes refuses what goes with a measurement where there is none.
func (f *claimsFlags) onlyModes(fs *pflag.FlagSet) error {
	switch {
	case f.list:
		return onlyWith(fs, "list", "quiet")
	case f.from != "":
		return onlyWith(fs, "from", "quiet", "format", "out") // claimSettings has a word of its own about -o
	}
	return nil
}

// claimSettings resolves environment and flags.
func (a *app) claimSettings(fs *pflag.FlagSet, f *claimsFlags) (settings.Sources, error) {
	sources, warnings, err := settings.Apply(fs, nil, os.Environ())
	for _, w := range warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
	switch {
	case err != nil:
		return nil, err
	case f.format != "" && !slices.Contains(render.ClaimFormats(), f.format):
		return nil, fmt.Errorf("--format %q: allowed are %s", f.format, strings.Join(render.ClaimFormats(), ", "))
	case f.from != "" && f.out != "":
		return nil, fmt.Errorf("-o %s: the results are in the directory of --from", f.out)
	}
	return sources, nil
}

// chooseClaims names the nearest claim where there is none of a name.
func chooseClaims(names []string) ([]claims.Numbered, error) {
	list := claims.All()
	chosen, err := claims.Choose(list, names)
	var unknown *claims.UnknownError
	if errors.As(err, &unknown) {
		return nil, fmt.Errorf("%w; the nearest is %q", err, settings.Nearest(unknown.Name, claims.IDs(list)))
	}
	return chosen, err
}

func (a *app) listClaims(chosen []claims.Numbered) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, n := range chosen {
		fmt.Fprintf(w, "%d\t%s\t%s\n", n.Number, n.ID, n.Sentence)
	}
	return w.Flush()
}

// claimsFrom works the table out again. Without a format it writes it anew as well.
func (a *app) claimsFrom(f *claimsFlags, chosen []claims.Numbered, named bool) error {
	if _, err := os.Stat(f.from); err != nil {
		return usagef("--from %s: %w", f.from, err)
	}
	t, missing, err := claims.Load(f.from, chosen)
	switch {
	case err != nil:
		return usagef("--from %s: %w", f.from, err)
	case named && len(missing) > 0:
		return usagef("--from %s: it has no results of claim %s", f.from, missing[0].ID)
	case len(t.Claims) == 0:
		return usagef("--from %s: it has no results of a claim: want a directory that raftbench claims -o wrote", f.from)
	}
	if f.format == "" && !named { // the files are about all that is there
		if err := render.ClaimsDir(a.disk, f.from, t); err != nil {
			return err
		}
	}
	return a.printClaims(f.format, t)
}

func (a *app) printClaims(format string, t *claimtable.Table) error {
	if format == "" {
		format = "text"
	}
	return a.output("", false, func(w io.Writer) error { return render.Claims(w, format, t, a.colour()) })
}

// prepareClaims resolves everything that can be wrong before anything is measured.
func (a *app) prepareClaims(f *claimsFlags, header experiment.Header, chosen []claims.Numbered) (*trialOfClaims, error) {
	t := &trialOfClaims{a: a, flags: f, header: header}
	for _, n := range chosen {
		p, err := n.Plan(a.transports, f.Settings)
		if err != nil {
			return nil, err
		}
		t.claims = append(t.claims, plannedClaim{n, p})
		t.estimate += p.Estimate
	}
	return t, nil
}

// trialOfClaims is one execution of the command.
type trialOfClaims struct {
	a        *app
	flags    *claimsFlags
	header   experiment.Header
	claims   []plannedClaim
	estimate time.Duration
	dir      string

	invalid []string // "2 of 6 arms of CLAIM", of claims with arms that are INVALID
}

type plannedClaim struct {
	claims.Numbered
	plan *claims.Plan
}
