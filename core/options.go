package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are the settings of one transport, each with a value. Make them with
// NamedTransport.ParseOptions.
type Options struct {
	transport string
	list      []Setting
}

// Setting is one option with its effective value.
type Setting struct {
	Name  string
	Value string
}

// ProfileOption selects the defaults of a transport's other options.
const ProfileOption = "profile"

// The profiles: what a library's users write on the first day, and its fairest
// best configuration.
const (
	ProfileStock = "stock"
	ProfileTuned = "tuned"
)

// Profiles lists the profiles.
func Profiles() []string { return []string{ProfileStock, ProfileTuned} }

// ParseOptions reads settings of the form name=value; a bare profile name
// stands for profile=name. Options that are not given take the value of the
// profile. The error names the option, the value and what is allowed.
func (t NamedTransport) ParseOptions(settings []string) (Options, error) {
	given := map[string]string{}
	for _, s := range settings {
		name, value, ok := strings.Cut(s, "=")
		if !ok && slices.Contains(Profiles(), s) {
			name, value = ProfileOption, s
		} else if !ok {
			return Options{}, fmt.Errorf("transport %s: option %q has no value: want name=value", t.Name, s)
		}
		if _, twice := given[name]; twice {
			return Options{}, fmt.Errorf("transport %s: option %s is given twice", t.Name, name)
		}
		given[name] = value
	}

	profile, ok := given[ProfileOption]
	if !ok {
		profile = ProfileTuned
	}
	if !slices.Contains(Profiles(), profile) {
		return Options{}, fmt.Errorf("transport %s: profile %q: allowed are %s", t.Name, profile, strings.Join(Profiles(), ", "))
	}
	delete(given, ProfileOption)

	o := Options{transport: t.Name, list: []Setting{{ProfileOption, profile}}}
	for _, opt := range t.Options {
		value, ok := given[opt.Name]
		switch {
		case !ok && profile == ProfileStock:
			value = opt.Stock
		case !ok:
			value = opt.Tuned
		case opt.Allowed != nil && !slices.Contains(opt.Allowed, value):
			return Options{}, fmt.Errorf("transport %s: %s=%q: allowed are %s", t.Name, opt.Name, value, strings.Join(opt.Allowed, ", "))
		}
		delete(given, opt.Name)
		o.list = append(o.list, Setting{opt.Name, value})
	}
	for name := range given {
		return Options{}, fmt.Errorf("transport %s has no option %q: it has %s", t.Name, name, strings.Join(t.optionNames(), ", "))
	}
	return o, nil
}

func (t NamedTransport) optionNames() []string {
	names := []string{ProfileOption}
	for _, opt := range t.Options {
		names = append(names, opt.Name)
	}
	return names
}

// All returns the settings in the order of the transport's table, the profile first.
func (o Options) All() []Setting { return o.list }

// String returns the value of the named option.
func (o Options) String(name string) string {
	for _, s := range o.list {
		if s.Name == name {
			return s.Value
		}
	}
	panic(fmt.Sprintf("transport %s reads option %q, which its table does not have", o.transport, name))
}

// Bool returns whether the named option is "on"; list "on" and "off" as allowed.
func (o Options) Bool(name string) bool { return o.String(name) == "on" }

// Int returns the named option as a number between lo and hi.
func (o Options) Int(name string, lo, hi int) (int, error) {
	value := o.String(name)
	n, err := strconv.Atoi(value)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("transport %s: %s=%q: want a whole number from %d to %d", o.transport, name, value, lo, hi)
	}
	return n, nil
}

// Size returns the named option as a number of bytes between lo and hi.
func (o Options) Size(name string, lo, hi int) (int, error) {
	value := o.String(name)
	n, err := ParseSize(value)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("transport %s: %s=%q: want a size from %s to %s", o.transport, name, value, FormatSize(lo), FormatSize(hi))
	}
	return n, nil
}

// Duration returns the named option as a time between lo and hi.
func (o Options) Duration(name string, lo, hi time.Duration) (time.Duration, error) {
	value := o.String(name)
	d, err := time.ParseDuration(value)
	if err != nil || d < lo || d > hi {
		return 0, fmt.Errorf("transport %s: %s=%q: want a duration from %v to %v", o.transport, name, value, lo, hi)
	}
	return d, nil
}

var sizeUnits = []struct {
	suffix string
	bytes  int
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3},
	{"B", 1}, {"", 1},
}

// ParseSize reads a number of bytes: "128", "16KiB", "1MiB", "64kB".
func ParseSize(s string) (int, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(digits))
		if err != nil || n < 0 || n > (1<<62)/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("%q is not a size: want a number with B, KiB, MiB, GiB, kB, MB or GB", s)
}

// FormatSize writes a number of bytes in the largest binary unit that divides it.
func FormatSize(n int) string {
	for _, u := range sizeUnits[:3] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.Itoa(n/u.bytes) + u.suffix
		}
	}
	return strconv.Itoa(n) + "B"
}
