package experiment

import (
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

func TestBuildFlags(t *testing.T) {
	b := build{info: debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "-buildmode", Value: "exe"}, {Key: "-gcflags", Value: "all=-N -l"}, {Key: "GOAMD64", Value: "v3"}, {Key: "vcs.revision", Value: "abc"},
	}}}
	if got := b.flags(); got != "-gcflags=all=-N -l GOAMD64=v3" {
		t.Fatalf("flags %q", got)
	}
	if got := b.slow(); len(got) != 2 {
		t.Fatalf("slow by %q, want -N and -l", got)
	}
	for _, flags := range []string{"'all=-N' '-l'", `"all=-N -l"`, "-m=2 -N -l"} {
		if got := builtWith("-gcflags", flags).slow(); len(got) != 2 {
			t.Errorf("-gcflags=%s: slow by %q, want -N and -l", flags, got)
		}
	}
	for _, flags := range []string{"", "-B", "-d=checkptr", "-lang=go1.26", "pkg=-Nothing"} {
		if got := builtWith("-gcflags", flags).slow(); len(got) != 0 {
			t.Errorf("-gcflags=%s: slow by %q", flags, got)
		}
	}
}

func TestThisBuild(t *testing.T) {
	if got := slices.Contains(thisBuild().slow(), "the race detector"); got != raceEnabled {
		t.Fatalf("race detector: %v, want %v", got, raceEnabled)
	}
	if tool := tool(); tool.GoVersion != runtime.Version() || tool.Version == "" {
		t.Fatalf("%+v", tool)
	}
}
