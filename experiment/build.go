package experiment

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// build is what the program says of how it was built.
type build struct {
	info debug.BuildInfo
	race bool // the info does not say so for every way to build
}

func thisBuild() build {
	b := build{race: raceEnabled}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.info = *info
	}
	return b
}

func (b build) setting(key string) string {
	for _, s := range b.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// slow lists what makes every number from this program wrong: instrumentation,
// and compilation without the optimisations that users have.
func (b build) slow() []string {
	var list []string
	if b.race {
		list = append(list, "the race detector")
	}
	for _, f := range []struct{ flag, text string }{{"-msan", "the memory sanitizer"}, {"-asan", "the address sanitizer"}, {"-cover", "coverage counters"}} {
		if b.setting(f.flag) == "true" {
			list = append(list, f.text)
		}
	}
	// "-N -l", or for each pattern of packages "all=-N -l".
	words := strings.FieldsFunc(b.setting("-gcflags"), func(r rune) bool { return strings.ContainsRune(" \t='\"", r) })
	if slices.Contains(words, "-N") {
		list = append(list, "no optimisation (-gcflags=-N)")
	}
	if slices.Contains(words, "-l") {
		list = append(list, "no inlining (-gcflags=-l)")
	}
	return list
}

// flags are those that change what the program does.
func (b build) flags() string {
	var list []string
	for _, key := range []string{"-race", "-msan", "-asan", "-cover", "-gcflags", "-ldflags", "-tags", "-pgo", "-trimpath", "GOEXPERIMENT", "GOAMD64", "GOARM64", "CGO_ENABLED"} {
		if v := b.setting(key); v != "" {
			list = append(list, key+"="+v)
		}
	}
	return strings.Join(list, " ")
}

// tool names this program.
func tool() reports.Tool {
	b := thisBuild()
	t := reports.Tool{Version: "devel", GoVersion: runtime.Version(), BuildFlags: b.flags()}
	if v := b.info.Main.Version; v != "" && v != "(devel)" {
		t.Version = v
	}
	t.Revision = b.setting("vcs.revision")
	t.Modified = b.setting("vcs.modified") == "true"
	return t
}

// setGo notes the variables that change the Go runtime.
func setGo(env *reports.Environment) {
	env.GOGC, env.GOMEMLIMIT, env.GODEBUG = os.Getenv("GOGC"), os.Getenv("GOMEMLIMIT"), os.Getenv("GODEBUG")
}
