// Package transports is the table of the transports that raftbench comes with,
// and the language in which a command line chooses among them. It opens no
// connection and starts no goroutine.
//
// To add a transport, write its package and add a line to All. A program outside
// this module appends its own to what All returns.
package transports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc"
	"github.com/raftbench/raftbench/transports/http"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/netrpc"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// Named is one row of the table.
type Named = core.NamedTransport

// All returns the table, in the order in which it is shown.
func All() []Named {
	return []Named{
		inproc.Transport(),
		rawtcp.Transport(),
		grpc.Transport(),
		http.Transport(),
		netrpc.Transport(),
	}
}

// Find returns the transport called name. The error says which there are.
func Find(list []Named, name string) (Named, error) {
	for _, nt := range list {
		if nt.Name == name {
			return nt, nil
		}
	}
	return Named{}, fmt.Errorf("no transport %q: there are %s", name, strings.Join(names(list), ", "))
}

func names(list []Named) []string {
	all := make([]string, len(list))
	for i, nt := range list {
		all[i] = nt.Name
	}
	return all
}

// allTransports stands for every transport of the table in a list.
const allTransports = "all"

// Spec is a transport with settings, as chosen on a command line.
type Spec struct {
	Named   Named
	Options core.Options

	// Label is the short name of the choice: the transport and what differs from
	// its defaults, in the order of its table, as in "grpc" or "grpc:stock:mode=stream".
	// ParseList reads it back, and two Specs have one label if and only if they
	// have the same options.
	Label string
}

// ParseList reads a list of transports, such as
//
//	grpc,grpc:mode=unary,rawtcp:stock:conns=4
//
// with commas between transports and colons between a transport and its
// settings. A bare profile stands for profile=…, and "all" for every transport of
// the table, with the settings that follow it. Space around a name is ignored.
// The error is one line that names what is wrong and what is allowed.
func ParseList(all []Named, spec string) ([]Spec, error) {
	var list []Spec
	for part := range strings.SplitSeq(spec, ",") {
		settings := strings.Split(part, ":")
		for i := range settings {
			settings[i] = strings.TrimSpace(settings[i])
		}
		chosen, err := choose(all, settings[0])
		if err != nil {
			return nil, err
		}
		for _, nt := range chosen {
			s, err := newSpec(nt, settings[1:])
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(list, func(other Spec) bool { return other.Label == s.Label }) {
				return nil, fmt.Errorf("transport %s is listed twice", s.Label)
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// choose returns the transports that name stands for.
func choose(all []Named, name string) ([]Named, error) {
	switch name {
	case allTransports:
		return all, nil
	case "":
		return nil, fmt.Errorf("a transport is missing in the list: there are %s, and %s for every one", strings.Join(names(all), ", "), allTransports)
	}
	nt, err := Find(all, name)
	return []Named{nt}, err
}

// newSpec checks settings as far as that is possible without a cluster: it makes
// a network, which holds nothing open, and drops it.
func newSpec(nt Named, settings []string) (Spec, error) {
	options, err := nt.ParseOptions(settings)
	if err != nil {
		return Spec{}, err
	}
	if _, err := nt.New(options); err != nil {
		return Spec{}, err
	}
	return Spec{Named: nt, Options: options, Label: label(nt, options)}, nil
}

// label writes what differs from the transport as it is by default.
func label(nt Named, options core.Options) string {
	text := nt.Name
	stock := options.String(core.ProfileOption) == core.ProfileStock
	if stock {
		text += ":" + core.ProfileStock
	}
	for _, o := range nt.Options {
		usual := o.Tuned
		if stock {
			usual = o.Stock
		}
		if value := options.String(o.Name); value != usual {
			text += ":" + o.Name + "=" + value
		}
	}
	return text
}
