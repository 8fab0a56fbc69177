// Package transporttest is the conformance suite and the benchmark that every
// transport runs. A test for a transport is
//
//	func TestTransport(t *testing.T) { transporttest.Run(t, quic.Transport()) }
//
// Each check quotes the sentence of the contract (core/transport.go) that it
// checks, and opens its own nodes on its own network, so checks share nothing
// but the process. A check waits for things to happen, with much patience, and
// looks at a clock only where the contract speaks of time; it says nothing about
// speed.
//
// Where the contract leaves room, the suite reads it so: nil and empty byte
// slices are equal, but an empty item of a list is an item. A call is canceled
// after the Send that started it has returned. A call sent after Close is
// completed before Send returns, as nobody is left who could do it later.
// Timeouts may fire a millisecond early, as clocks are read at different places.
//
// Goroutines that a check starts end with the check.
package transporttest

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
)

// T is what a check needs of *testing.T.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Failed() bool
}

// check is one claim about transports.
type check struct {
	name     string
	contract string // the sentence that is checked
	run      func(T, *env)

	wire  bool // needs connections: skipped for Network.InProcess
	mem   bool // needs the switches of the network in memory
	wraps bool // wraps connections: skipped for Network.TakesSockets
	alone bool // measures the process: runs while no other check does
}

// Run checks that nt keeps the contract of core.Transport: in profiles stock
// and tuned, with each value of its options and with those named in more ("conns=0",
// or several, separated by colons), over a network in memory and over loopback TCP.
// With -short it checks the profiles in memory only. A transport that wants other
// sockets, or takes them, is checked over those.
func Run(t *testing.T, nt core.NamedTransport, more ...string) {
	t.Run("table", func(t *testing.T) { checkTable(t, nt) })
	warmUp(t, nt)
	for _, settings := range configurations(nt, more) {
		for _, network := range networks(t, nt, settings) {
			t.Run(name(settings)+"/"+network, func(t *testing.T) {
				runChecks(t, nt, settings, network)
			})
		}
	}
}

// runChecks runs all checks in one configuration and looks for what they left.
func runChecks(t *testing.T, nt core.NamedTransport, settings []string, network string) {
	before := goleak.IgnoreCurrent()
	t.Run("checks", func(t *testing.T) {
		for _, c := range checks() {
			t.Run(c.name, func(t *testing.T) {
				if !c.alone {
					t.Parallel()
				}
				runCheck(t, newEnv(t, nt, settings, network), c)
			})
		}
	})
	if err := goleak.Find(before); err != nil && !t.Failed() {
		t.Errorf("contract: %q: %v", contractClose, err)
	}
}

// runCheck runs one check in a world of its own.
func runCheck(t T, e *env, c check) {
	t.Helper()
	switch {
	case c.wire && e.network.InProcess:
		t.Skipf("no wire: the transport works within the process")
	case c.wraps && e.network.TakesSockets:
		t.Skipf("a connection that is wrapped is no socket")
	case c.mem && e.mem == nil:
		t.Skipf("needs the switches of the network in memory")
	}
	e.contract = c.contract
	defer e.close()
	c.run(t, e)
}

// The networks that the suite runs over.
const (
	networkMem  = "mem"
	networkTCP  = core.SocketTCP
	networkUnix = core.SocketUnix
)

// networks returns those for a configuration: both for the profiles as they are.
func networks(t *testing.T, nt core.NamedTransport, settings []string) []string {
	t.Helper()
	network := configure(t, nt, settings)
	switch {
	case network.Socket == core.SocketUnix:
		return []string{networkUnix}
	case network.TakesSockets:
		return []string{networkTCP}
	case len(settings) > 1 || testing.Short():
		return []string{networkMem}
	}
	return []string{networkMem, networkTCP}
}

// configure makes the network of a configuration.
func configure(t T, nt core.NamedTransport, settings []string) *core.Network {
	t.Helper()
	options, err := nt.ParseOptions(settings)
	if err != nil {
		t.Fatalf("options %v: %v", settings, err)
	}
	network, err := nt.New(options)
	if err != nil {
		t.Fatalf("New with %v: %v", settings, err)
	}
	return network
}

// configurations returns the profiles, tuned with each value of each option that
// neither of them has, and tuned with more.
func configurations(nt core.NamedTransport, more []string) [][]string {
	list := [][]string{{core.ProfileTuned}, {core.ProfileStock}}
	if testing.Short() {
		return list
	}
	for _, o := range nt.Options {
		for _, value := range o.Allowed {
			if value != o.Tuned {
				list = append(list, []string{core.ProfileTuned, o.Name + "=" + value})
			}
		}
	}
	for _, settings := range more {
		list = append(list, append([]string{core.ProfileTuned}, strings.Split(settings, ":")...))
	}
	return list
}

func name(settings []string) string { return strings.Join(settings, ",") }

// warmUp opens nodes once, so that what a library starts once in a process is
// there before goroutines are counted.
func warmUp(t *testing.T, nt core.NamedTransport) {
	t.Helper()
	e := newEnv(t, nt, nil, networkTCP)
	defer e.close()
	a, b := e.open(1), e.open(2)
	a.call(b, appendEntries(1, 1)).done(t)
}

// checkTable checks the row itself.
func checkTable(t *testing.T, nt core.NamedTransport) {
	if nt.Name == "" || strings.ContainsAny(nt.Name, " ,:=") || nt.Name != strings.ToLower(nt.Name) {
		t.Errorf("name %q: want lower-case letters that can stand in a list on the command line", nt.Name)
	}
	if nt.Summary == "" {
		t.Errorf("transport %s has no summary", nt.Name)
	}
	for _, o := range nt.Options {
		if o.Name == "" || o.Usage == "" {
			t.Errorf("option %q: wants a name and a usage, has %+v", o.Name, o)
		}
	}
	for _, profile := range []string{core.ProfileStock, core.ProfileTuned} {
		settings := []string{profile}
		for _, o := range nt.Options { // given one by one, so that Allowed is asked
			value := o.Tuned
			if profile == core.ProfileStock {
				value = o.Stock
			}
			settings = append(settings, o.Name+"="+value)
		}
		o, err := nt.ParseOptions(settings)
		if err != nil {
			t.Errorf("profile %s: %v", profile, err)
			continue
		}
		if _, err := nt.New(o); err != nil {
			t.Errorf("profile %s: New: %v", profile, err)
		}
	}
	for _, o := range nt.Options {
		if o.Allowed == nil {
			checkRefusesNonsense(t, nt, o.Name)
		}
	}
}

// checkRefusesNonsense checks an option whose values New must check.
func checkRefusesNonsense(t *testing.T, nt core.NamedTransport, option string) {
	t.Helper()
	for _, value := range []string{"", "-1", "nonsense"} {
		o, err := nt.ParseOptions([]string{option + "=" + value})
		if err != nil {
			continue
		}
		if _, err := nt.New(o); err == nil || !strings.Contains(err.Error(), option) {
			t.Errorf("contract: %q: %s=%q: New returned %v", "The error names the option, the value and what is allowed.", option, value, err)
		}
	}
}
