package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is an error in what was asked for.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// args checks arguments with one of cobra's functions, as a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		err := check(cmd, list)
		switch {
		case err == nil:
			return nil
		case strings.Contains(err.Error(), " arg(s)"): // cobra knows how many, and not of what
			return usagef("%d arguments: want %s", len(list), strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		}
		return usageError{err}
	}
}

// plainly says what is allowed where a flag only knows what strconv did not like.
func plainly(err error) error {
	var invalid *pflag.InvalidValueError
	var parsing *strconv.NumError
	if !errors.As(err, &invalid) || !errors.As(err, &parsing) {
		return err
	}
	want := map[string]string{
		"bool": "true or false", "int": "a whole number", "uint64": "a whole number from 0", "float64": "a number",
	}[invalid.GetFlag().Value.Type()]
	return fmt.Errorf("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
}

// notEmpty is a list of texts that does not take none for one: an unset variable in a
// script would else switch a gate off.
type notEmpty struct{ pflag.Value }

// Set implements pflag.Value.
func (n notEmpty) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is empty: want a value, or no such flag")
	}
	return n.Value.Set(text)
}

func refuseEmpty(fs *pflag.FlagSet, names ...string) {
	for _, name := range names {
		flag := fs.Lookup(name)
		flag.Value = notEmpty{flag.Value}
	}
}

// unusable tells an error of a path that was asked for from one of the machine's, such as
// a disk that is full or read-only.
func unusable(err error) bool {
	for _, kind := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// makeDir makes the directory that a flag names.
func makeDir(flag, dir string, mode os.FileMode) error {
	err := os.MkdirAll(dir, mode)
	switch {
	case err != nil && unusable(err):
		return usagef("%s %s: %w", flag, dir, err)
	case err != nil:
		return fmt.Errorf("%s %s: %w", flag, dir, err)
	}
	return nil
}

// checkFile looks at the path of a file that -o names, before anything is made.
func checkFile(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usagef("-o %s: that is a directory: want a file", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usagef("-o %s: there is no directory %s", path, filepath.Dir(path))
	}
	return nil
}

// strictBuiltIns has cobra's own commands refuse what they do not know.
func strictBuiltIns(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args = args(cobra.NoArgs)
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		case "help":
			cmd.Run, cmd.RunE = nil, help
		}
	}
}

func help(cmd *cobra.Command, path []string) error {
	found, rest, err := cmd.Root().Find(path)
	if err != nil || len(rest) > 0 {
		return usagef("help %s: there is no such command", strings.Join(path, " "))
	}
	found.InitDefaultHelpFlag()
	return found.Help()
}
