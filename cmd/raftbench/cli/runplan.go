package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// plan resolves file, environment and flags, in this order of strength.
func (a *app) plan(fs *pflag.FlagSet, f *runFlags) (*experiment.Plan, settings.Sources, error) {
	var file *settings.File
	if f.file != "" {
		var err error
		if file, err = settings.Read(f.file, settings.Names(fs), f.names); err != nil {
			return nil, nil, err
		}
	}
	sources, warnings, err := settings.Apply(fs, file, os.Environ())
	if err != nil {
		return nil, nil, err
	}
	a.quiet = f.quiet
	if err := a.resolve(f, sources); err != nil {
		return nil, nil, err
	}
	if file != nil {
		if err := a.nameArms(fs, f, file, sources); err != nil {
			return nil, nil, err
		}
	}
	plan, err := f.Plan()
	if err == nil {
		err = unmet(fs, sources, file, f.arms()...)
	}
	if err != nil {
		return nil, nil, err
	}
	plan.Warnings = append(warnings, plan.Warnings...)
	return plan, sources, nil
}

// arms are the settings whose lists count.
func (f *runFlags) arms() []*experiment.Settings {
	if len(f.Named) == 0 {
		return []*experiment.Settings{&f.Settings}
	}
	var arms []*experiment.Settings
	for _, n := range f.Named {
		arms = append(arms, n.Settings)
	}
	return arms
}

// resolve gives texts their meaning.
func (a *app) resolve(f *runFlags, sources settings.Sources) error {
	var err error
	if f.Transports, err = transports.ParseList(a.transports, f.transports); err != nil {
		return err
	}
	if f.Arrivals, err = workloads.ParseArrivals(f.arrivals); err != nil {
		return fmt.Errorf("--arrivals %w", err)
	}
	if f.out == "" && sources.Of("out") != settings.Default {
		return errors.New("-o: it is empty: want a directory, new or empty")
	}
	if f.Operations == 0 && sources.Of("ops") != settings.Default {
		return errors.New("-n 0: want at least 1 operation")
	}
	if f.Keys < 1 {
		return fmt.Errorf("--keys %d: want at least 1", f.Keys)
	}
	if err := f.resolveEvents(sources); err != nil {
		return err
	}
	if err := f.resolveTimeouts(sources); err != nil {
		return err
	}
	if err := chooseEnd(f, sources); err != nil {
		return err
	}
	return chooseLoop(f, sources)
}

// chooseEnd lets the stronger of duration and ops decide how a window ends.
func chooseEnd(f *runFlags, sources settings.Sources) error {
	switch {
	case f.Operations == 0 || sources.Of("duration") == settings.Default:
		return nil
	case sources.Stronger("duration", "ops"):
		f.Operations = 0
	case !sources.Stronger("ops", "duration"):
		return errors.New("-d and -n exclude each other: a window ends after a time, or after so many operations")
	}
	return nil
}

// chooseLoop lets the strongest of clients, rate and stages decide which loop it is.
func chooseLoop(f *runFlags, sources settings.Sources) error {
	for _, other := range []string{"clients", "rate", "duration"} {
		switch {
		case len(f.Stages) == 0 || sources.Of(other) == settings.Default:
		case sources.Stronger(other, "stages"):
			f.Stages = nil
		case !sources.Stronger("stages", other):
			return fmt.Errorf("--stages and --%s exclude each other: stages say how many operations there are, and for how long", other)
		}
	}
	if len(f.Stages) > 0 {
		return nil
	}
	if len(f.Rates) == 0 || sources.Of("clients") == settings.Default {
		return nil
	}
	switch {
	case sources.Stronger("clients", "rate"):
		f.Rates = nil
	case !sources.Stronger("rate", "clients"):
		return errors.New("-c and -r exclude each other: clients make a closed loop, a rate an open one")
	}
	return nil
}

// nameArms makes settings of their own for the file's arms.
func (a *app) nameArms(fs *pflag.FlagSet, f *runFlags, file *settings.File, sources settings.Sources) error {
	for _, arm := range file.Arms {
		own := new(runFlags)
		ownFlags := pflag.NewFlagSet(arm.Name, pflag.ContinueOnError)
		f.register(ownFlags, own)
		ownSources, err := armValues(ownFlags, fs, file.Path, arm, sources)
		if err != nil {
			return err
		}
		if err := a.resolve(own, ownSources); err != nil {
			return fmt.Errorf("%s:%d: arm %q: %w", file.Path, arm.Line, arm.Name, err)
		}
		if err := unmetOf(arm, ownFlags, sources, file.Path, &own.Settings); err != nil {
			return err
		}
		own.FaultsFlag = f.FaultsFlag
		f.Named = append(f.Named, experiment.NamedArm{Name: arm.Name, Settings: &own.Settings})
	}
	return nil
}

// armValues sets an arm's flags to those of the whole experiment, changed by what
// stands with the arm, unless the environment or a flag has decided that. In the
// sources that it returns, what the arm says is stronger than what it was given.
func armValues(own, experiment *pflag.FlagSet, path string, arm settings.Arm, sources settings.Sources) (settings.Sources, error) {
	var err error
	ownSources := settings.Sources{}
	set := func(v settings.Value, source settings.Source) {
		if err == nil {
			err = settings.Set(own, path, v)
			ownSources[v.Name] = source
		}
	}
	for _, name := range settings.Names(experiment) {
		if sources.Of(name) != settings.Default {
			set(settings.Value{Name: name, Text: experiment.Lookup(name).Value.String()}, settings.FromFile)
		}
	}
	for _, v := range arm.Values {
		if source := sources.Of(v.Name); source == settings.Default || source == settings.FromFile {
			set(v, settings.Flag)
		}
	}
	return ownSources, err
}

// effective are the flags with where their values came from.
func effective(fs *pflag.FlagSet, sources settings.Sources) []reports.Setting {
	var out []reports.Setting
	fs.VisitAll(func(f *pflag.Flag) {
		switch f.Name {
		case "help", "dry-run", "quiet", "out", "allow-invalid", eventFlag: // which is --fault
			return
		}
		out = append(out, reports.Setting{Name: f.Name, Value: f.Value.String(), Source: string(sources.Of(f.Name))})
	})
	return out
}
