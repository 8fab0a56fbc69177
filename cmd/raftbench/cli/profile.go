package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
)

// profile is a flag that stands for several timeouts.
type profile string

// timeouts are those of a profile.
type timeouts struct {
	profile              profile
	connect, read, write time.Duration
}

// profiles lists them: for somebody who waits, and for what runs at night.
func profiles() []timeouts {
	return []timeouts{
		{"interactive", 3 * time.Second, 5 * time.Second, 5 * time.Second},
		{"bulk", 10 * time.Second, 30 * time.Second, 30 * time.Second},
	}
}

func profileHelp() string {
	var texts []string
	for _, p := range profiles() {
		texts = append(texts, fmt.Sprintf("%s (connect %v, read %v, write %v)", p.profile, p.connect, p.read, p.write))
	}
	return strings.Join(texts, " or ")
}

func profileNames() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, string(p.profile))
	}
	return names
}

// Set implements pflag.Value.
func (p *profile) Set(s string) error {
	if s != "" && !slices.Contains(profileNames(), s) {
		return fmt.Errorf("%q is not a profile: allowed are %s", s, profileHelp())
	}
	*p = profile(s)
	return nil
}

// String implements pflag.Value.
func (p *profile) String() string { return string(*p) }

// Type implements pflag.Value.
func (p *profile) Type() string { return "profile" }

// The names of the flags.
const (
	timeoutFlag        = "timeout"
	timeoutConnectFlag = "timeout.connect"
	timeoutReadFlag    = "timeout.read"
	timeoutWriteFlag   = "timeout.write"
)

// resolveTimeouts gives the timeouts that nobody has set those of the profile, and
// reads and writes that of operations; in this order, but that --timeout goes before
// the profile. The sources say where each came from.
func (f *runFlags) resolveTimeouts(sources settings.Sources) error {
	for _, t := range []struct {
		name  string
		value time.Duration
	}{{timeoutReadFlag, f.ReadTimeout}, {timeoutWriteFlag, f.WriteTimeout}} {
		if sources.Of(t.name) != settings.Default && t.value == 0 {
			return fmt.Errorf("--%s 0s: want more than zero", t.name)
		}
	}
	take := func(name string, to *time.Duration, value time.Duration, from settings.Source) {
		if sources.Of(name) == settings.Default {
			*to, sources[name] = value, from
		}
	}
	for _, p := range profiles() {
		if p.profile != f.profile {
			continue
		}
		take(timeoutConnectFlag, &f.Timeouts.Connect, p.connect, settings.FromProfile)
		if sources.Of(timeoutFlag) == settings.Default {
			take(timeoutReadFlag, &f.ReadTimeout, p.read, settings.FromProfile)
			take(timeoutWriteFlag, &f.WriteTimeout, p.write, settings.FromProfile)
		}
	}
	take(timeoutReadFlag, &f.ReadTimeout, f.Timeout, sources.Of(timeoutFlag))
	take(timeoutWriteFlag, &f.WriteTimeout, f.Timeout, sources.Of(timeoutFlag))
	return nil
}
