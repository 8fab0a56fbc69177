// Package settings fills the flags of a command from where a user may have
// written them down: an experiment file, the environment and the command line,
// each going before the one named first (defaults < file < environment < flags).
// It knows flags and texts; what they mean is their owner's business.
//
// It starts no goroutine.
package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/pflag"
)

// Source says where the value of a setting came from.
type Source string

// The sources, from the weakest to the strongest.
const (
	Default     Source = "default"
	FromProfile Source = "profile" // a setting that stands for others
	FromFile    Source = "file"
	Environment Source = "environment"
	Flag        Source = "flag"
)

// Sources says of each flag, by its long name, where its value came from.
type Sources map[string]Source

// Of returns the source of a flag.
func (s Sources) Of(name string) Source {
	if source, ok := s[name]; ok {
		return source
	}
	return Default
}

// Stronger reports whether a came from a stronger source than b.
func (s Sources) Stronger(a, b string) bool {
	order := []Source{Default, FromProfile, FromFile, Environment, Flag}
	return slices.Index(order, s.Of(a)) > slices.Index(order, s.Of(b))
}

// Where is what set a flag, as whoever wrote it knows it: "--linger", "RAFTBENCH_LINGER" or
// "FILE:3: linger". The file may be nil.
func (s Sources) Where(name string, file *File) string {
	switch s.Of(name) {
	case Environment:
		return Variable(name)
	case FromFile:
		if file == nil {
			break
		}
		for _, v := range file.Values {
			if v.Name == name {
				return fmt.Sprintf("%s:%d: %s", file.Path, v.Line, name)
			}
		}
	}
	return "--" + name
}

// local names the flags that are about one call of the command and not about
// the experiment.
func local(name string) bool {
	return name == "help" || name == "file" || name == "dry-run"
}

// Names lists what may be set by a file or by the environment, in order.
func Names(fs *pflag.FlagSet) []string {
	var names []string
	fs.VisitAll(func(f *pflag.Flag) {
		if !local(f.Name) {
			names = append(names, f.Name)
		}
	})
	return names
}

// Apply sets the flags that the command line left alone: from the environment
// (entries "NAME=value", as os.Environ gives them), else from the file, which may be nil.
// The error names the file and the line, or the variable. Warnings are variables
// that look like misspelt settings.
func Apply(fs *pflag.FlagSet, file *File, environ []string) (Sources, []string, error) {
	sources := Sources{}
	fs.Visit(func(f *pflag.Flag) { sources[f.Name] = Flag })
	variables, warnings := variables(Names(fs), environ)
	if file != nil {
		for _, v := range file.Values {
			if sources.Of(v.Name) != Default {
				continue
			}
			if err := Set(fs, file.Path, v); err != nil {
				return nil, nil, err
			}
			sources[v.Name] = FromFile
		}
	}
	for _, v := range variables {
		if sources.Of(v.Name) == Flag {
			continue
		}
		if err := fs.Set(v.Name, v.Text); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", Variable(v.Name), reason(err))
		}
		sources[v.Name] = Environment
	}
	return sources, warnings, nil
}

// Set sets one flag to what stands in a file.
func Set(fs *pflag.FlagSet, path string, v Value) error {
	if err := fs.Set(v.Name, v.Text); err != nil {
		return fmt.Errorf("%s:%d: %s: %w", path, v.Line, v.Name, reason(err))
	}
	return nil
}

// reason takes what pflag adds to an error off it: it speaks of a flag that
// nobody has used.
func reason(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return invalid.Unwrap()
	}
	return err
}

// variablePrefix begins the name of every variable that is a setting.
const variablePrefix = "RAFTBENCH_"

// Variable is the name of the environment variable that sets a flag:
// RAFTBENCH_BATCH_SIZE for batch.size.
func Variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// variables picks the settings out of the environment.
func variables(names, environ []string) (values []Value, warnings []string) {
	byVariable := map[string]string{}
	var known []string
	for _, n := range names {
		byVariable[Variable(n)] = n
		known = append(known, Variable(n))
	}
	for _, entry := range environ {
		variable, text, _ := strings.Cut(entry, "=")
		if text == "" {
			continue // as good as unset
		}
		if name, ok := byVariable[variable]; ok {
			values = append(values, Value{Name: name, Text: text})
			continue
		}
		if !strings.HasPrefix(variable, variablePrefix) {
			continue
		}
		// Others may have variables of that prefix: only a near miss is worth a word.
		if near := Nearest(variable, known); levenshtein.ComputeDistance(variable, near) <= 2 {
			warnings = append(warnings, fmt.Sprintf("%s is not a setting: did you mean %s?", variable, near))
		}
	}
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return values, warnings
}

// Nearest returns the known name that takes the fewest edits to reach.
func Nearest(name string, known []string) string {
	best := ""
	for _, k := range known {
		if best == "" || levenshtein.ComputeDistance(name, k) < levenshtein.ComputeDistance(name, best) {
			best = k
		}
	}
	return best
}
