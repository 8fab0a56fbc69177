package cli

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/transports"
)

// The shell completes elements of lists, and of each transport the option after those that
// it has.
func TestCompleteTransport(t *testing.T) {
	a := &app{transports: transports.All(), stdout: io.Discard, stderr: io.Discard}
	for typed, c := range map[string]struct {
		want  string   // offered
		never []string // beginnings that are not
	}{
		"":                         {want: "all"},
		"raw":                      {want: "rawtcp"},
		"rawtcp,":                  {"rawtcp,grpc", []string{"rawtcp,all"}},
		"grpc:":                    {want: "grpc:mode=unary"},
		"all:":                     {want: "all:stock"},
		"rawtcp,grpc:mode=":        {want: "rawtcp,grpc:mode=stream"},
		"rawtcp:":                  {want: "rawtcp:conns="},
		"grpc:stock:mode=unary:":   {"grpc:stock:mode=unary:batch=on", []string{"grpc:stock:mode=unary:mode", "grpc:stock:mode=unary:tuned"}},
		"inproc,grpc:mode=unary:c": {want: "inproc,grpc:mode=unary:conns="},
	} {
		list, _ := a.completeTransport(typed)
		if !slices.Contains(list, c.want) {
			t.Errorf("after %q, %q is not offered: %v", typed, c.want, list)
		}
		for _, offered := range list {
			for _, never := range c.never {
				if strings.HasPrefix(offered, never) {
					t.Errorf("after %q, %q is offered", typed, offered)
				}
			}
		}
	}
}

// offered is what the shell is told may stand for the last argument.
func offered(t *testing.T, args ...string) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), transports.All(), append([]string{"__complete"}, args...), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	return lines[:len(lines)-1] // the last one says what the shell adds
}

func TestCompleteLists(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"run --batch.policy natural,", []string{"natural,none", "natural,linger", "natural,adaptive"}},
		{"run --batch.policy natural,linger,a", []string{"natural,linger,adaptive"}},
		{"codec --codec wire,g", []string{"wire,gob-warm", "wire,gob-cold"}},
		{"codec --codec a", []string{"all"}},
		{"codec --codec wire,a", []string{}},
	} {
		if d := cmp.Diff(c.want, offered(t, strings.Fields(c.args)...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.args, d)
		}
	}
}

// What is offered for a flag is what it takes, and what the complaint about nonsense lists.
func TestWhatIsOfferedIsAllowed(t *testing.T) {
	for _, c := range []struct {
		command, flag, rest string
		runs                bool // with a value that is allowed; else it fails over something else
	}{
		{"run", "read-mode", "--dry-run --reads 1", true},
		{"run", "arrivals", "--dry-run -r 1k", true},
		{"run", "batch.policy", "--dry-run --linger 0,1ms", true},
		{"run", "transport", "--dry-run", true},
		{"echo", "arrivals", "--dry-run -r 1k", true},
		{"tune", "arrivals", "--dry-run -r 1k --goal p99", true},
		{"tune", "read-mode", "--dry-run --reads 1", true},
		{"capacity", "batch.policy", "--dry-run --linger 1ms --max 2k", false},
		{"codec", "codec", "--benchtime 1ns --payload 1", true},
		{"codec", "format", "--benchtime 1ns --payload 1", true},
		{"report", "format", "no-such-result", false},
		{"compare", "format", "no-such-result", false},
	} {
		t.Run(c.command+" "+c.flag, func(t *testing.T) {
			with := func(value string) (int, string) {
				var stderr bytes.Buffer
				args := append([]string{c.command, "--" + c.flag, value}, strings.Fields(c.rest)...)
				code := run(context.Background(), transports.All(), args, io.Discard, &stderr)
				return code, stderr.String()
			}
			code, complaint := with("nonsense")
			if code != exitUsage || strings.Count(complaint, "\n") != 1 || !strings.Contains(complaint, "--"+c.flag) && !strings.Contains(complaint, c.flag) {
				t.Fatalf("exit code %d for nonsense: %s", code, complaint)
			}
			values := offered(t, c.command, "--"+c.flag, "")
			if len(values) < 2 {
				t.Fatalf("offered are %v", values)
			}
			for _, value := range values {
				if value != everything && !strings.Contains(complaint, value) {
					t.Errorf("%s is offered, and the complaint does not name it: %s", value, complaint)
				}
				if code, text := with(value); c.runs && code != exitOK || strings.Contains(text, "allowed are") {
					t.Errorf("%s is offered and refused, exit code %d: %s", value, code, text)
				}
			}
		})
	}
}
