package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/codec"
	"github.com/raftbench/raftbench/transports/codecs"
)

// codecFlags is what `raftbench codec` can be told.
type codecFlags struct {
	codecs    string
	payloads  []int
	benchtime time.Duration
	repeat    int
	format    string
	seed      uint64
}

// The formats of codec.
const (
	formatText      = "text"
	formatBenchmark = "benchfmt"
)

func (a *app) codecCommand() *cobra.Command {
	f := &codecFlags{benchtime: 100 * time.Millisecond}
	cmd := &cobra.Command{
		Use:   "codec",
		Short: "Measure the encodings alone: time, bytes and allocations of each message",
		Long: `Measure the encodings alone: time, bytes and allocations of each message.

The results are in Go's benchmark format. To compare codecs with benchstat:

    raftbench codec --repeat 6 > codec.txt
    benchstat -col /codec codec.txt`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.codec(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.codecs, "codec", "all", "codecs: "+strings.Join(codecNames(), ", "))
	fs.Var(newList(&f.payloads, "list", "16B,128B,1KiB", parseSize), "payload", "bytes of each entry, command and result")
	fs.Var(durationValue{value: &f.benchtime}, "benchtime", "how long each operation is repeated")
	fs.IntVar(&f.repeat, "repeat", 1, "how often everything is measured; benchstat wants 6 or more")
	fs.StringVar(&f.format, "format", formatBenchmark, formatBenchmark+" or "+formatText)
	fs.Uint64Var(&f.seed, "seed", 1, "seed of the data")
	complete(cmd, "codec", listOf(append([]string{everything}, codecNames()...)...))
	complete(cmd, "format", fixed(codecFormats()...))
	return cmd
}

func codecFormats() []string { return []string{formatBenchmark, formatText} }

func codecNames() []string {
	var names []string
	for _, c := range codecs.All() {
		names = append(names, c.Name)
	}
	return names
}

func (f *codecFlags) validate() error {
	switch {
	case f.benchtime <= 0 || f.benchtime > time.Hour:
		return fmt.Errorf("--benchtime %v: want more than zero and at most 1h", f.benchtime)
	case f.repeat < 1 || f.repeat > 1000:
		return fmt.Errorf("--repeat %d: want 1 to 1000", f.repeat)
	case !slices.Contains(codecFormats(), f.format):
		return fmt.Errorf("--format %q: allowed are %s", f.format, strings.Join(codecFormats(), ", "))
	}
	for _, p := range f.payloads {
		if p < 0 || p > experiment.MaxPayloadBytes/64 {
			return fmt.Errorf("--payload %d: want 0 to %d bytes", p, experiment.MaxPayloadBytes/64)
		}
	}
	return nil
}

// chosen are the codecs that were asked for.
func (f *codecFlags) chosen() ([]codecs.Named, error) {
	if f.codecs == everything {
		return codecs.All(), nil
	}
	var list []codecs.Named
	for name := range strings.SplitSeq(f.codecs, ",") {
		i := slices.IndexFunc(codecs.All(), func(c codecs.Named) bool { return c.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("--codec %q: allowed are %s, or all", name, strings.Join(codecNames(), ", "))
		}
		if slices.ContainsFunc(list, func(c codecs.Named) bool { return c.Name == codecs.All()[i].Name }) {
			return nil, fmt.Errorf("--codec %q: %s is listed twice", f.codecs, codecs.All()[i].Name)
		}
		list = append(list, codecs.All()[i])
	}
	return list, nil
}

func (a *app) codec(ctx context.Context, f *codecFlags) error {
	chosen, err := f.chosen()
	if err == nil {
		err = f.validate()
	}
	if err != nil {
		return usageError{err}
	}
	if f.format == formatBenchmark {
		if err := codec.WriteHeader(a.stdout, experiment.CPUModel()); err != nil {
			return err
		}
	}
	// Codecs follow each other closely, so that what drifts on the machine meets
	// them alike.
	var all []codec.Result
	for range f.repeat {
		for _, m := range codec.Messages(f.payloads, f.seed) {
			for _, c := range chosen {
				results, err := codec.Measure(ctx, c, m, f.benchtime)
				if ctx.Err() != nil {
					return errInterrupted
				}
				if err != nil {
					return err
				}
				all = append(all, results...)
				if err := a.printCodec(f, results); err != nil {
					return err
				}
			}
		}
	}
	if f.format == formatText {
		return codec.WriteTable(a.stdout, all)
	}
	return nil
}

// printCodec writes results as they come, if the format can.
func (a *app) printCodec(f *codecFlags, results []codec.Result) error {
	if f.format != formatBenchmark {
		return nil
	}
	for _, r := range results {
		if err := codec.WriteBenchmark(a.stdout, r); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
	}
	return nil
}
