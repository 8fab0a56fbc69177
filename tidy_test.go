package raftbench_test

import (
	"os"
	"testing"
)

// The house rules, as a test. Each rule says why it is there; the rules
// themselves are in tidy_code_test.go (Go) and tidy_docs_test.go (the rest), and
// tidy_rules_test.go proves that each of them can fail.
//
// The two tables below are what a change may have to touch: importRules grows
// with the packages, exceptions may only shrink.

const module = "github.com/raftbench/raftbench"

// importRule says what one package may import beyond the standard library.
type importRule struct {
	pkg   string   // folder; "x/..." is x and everything below it
	may   []string // folders of this module, or paths of other modules, each with everything below it if it ends in /...
	never []string // packages of the standard library it may not import
	why   string
}

// importRules is searched from the top; the first row that matches a package
// counts. Tests are free to import what they need.
func importRules() []importRule {
	var (
		// What makes core/raft the same function of its inputs on every machine.
		impure = []string{"context", "net/...", "os/...", "sync/...", "time", "log/...", "math/rand"}
		// What a transport may use besides its own library.
		toolbox = []string{"core", "transports/dial", "transports/unary", "transports/wire"}
	)
	const (
		contracts = "core is the page of contracts that everybody imports: it can import nobody"
		pure      = "core/raft is a pure state machine: no clock, goroutine, socket, disk or global PRNG, or a seed no longer replays a failure"
		blind     = "the core never learns which transport carries it, or a comparison of transports would compare more than transports"
		alone     = "a transport knows the contracts, its own library and the shared toolbox: never another transport, never the Raft core"
		upwards   = "reports reads results and nothing that makes them: a stored result renders without running anything"
		wiring    = "cmd wires what is there: it takes transports from the table, and adds no library of its own"
	)
	with := func(more ...string) []string { return append(more, toolbox...) }
	return []importRule{
		{pkg: ".", why: "the root holds no code"},
		{pkg: "core", why: contracts},
		{pkg: "core/raft/...", may: []string{"core", "core/raft/..."}, never: impure, why: pure},
		{pkg: "core/batch", may: []string{"core"}, why: blind},
		{pkg: "core/session/...", may: []string{"core", "core/session/...", "github.com/google/go-cmp/..."}, why: "sessions wrap any state machine: they know the contract, and neither Raft nor who sends"},
		{pkg: "core/client", may: []string{"core", "core/batch", "core/session", "core/timer"}, why: blind},
		{pkg: "core/memlog", may: []string{"core"}, why: "a storage knows the contract only"},
		{pkg: "core/wal", may: []string{"core", "core/batch", "core/memlog", "transports/wire", "golang.org/x/sys/..."}, why: "a storage knows the contract, a log in memory, the codec of its records, and how to count"},
		{pkg: "core/snapshot", may: []string{"core"}, why: "a snapshot's header and its keys: what carries and keeps it is others' business"},
		{pkg: "core/storagetest", may: []string{"core", "github.com/google/go-cmp/..."}, why: "a suite knows the contract and not who meets it"},
		{pkg: "core/node/...", may: []string{"core", "core/batch", "core/node/...", "core/raft", "core/snapshot", "core/timer"}, why: blind},
		{pkg: "core/rafttest/...", may: []string{"core", "core/memlog", "core/raft", "core/rafttest/...", "core/session"}, why: "the simulator drives the pure core: no real node, transport or clock"},
		{pkg: "core/raftlab", may: []string{"core", "core/memlog", "core/raft", "transports/wire"}, why: "the adapter puts the suites of others on the pure core, by way of real bytes: no real node or transport"},
		{pkg: "core/timer", may: []string{"golang.org/x/sys/..."}, why: "a timer knows the clock only"},
		{pkg: "core/cluster/...", may: []string{"core/...", "golang.org/x/sys/..."}, why: blind},
		{pkg: "transports", may: []string{"core", "transports/..."}, why: "the table of transports names them and nothing else"},
		{pkg: "transports/codecs", may: []string{"core", "transports/grpc", "transports/netrpc", "transports/wire"}, why: "the table of encodings, for those who measure them without a transport"},
		{pkg: "transports/wire", may: []string{"core"}, why: "the codec knows the messages only"},
		{pkg: "transports/dial", may: []string{"core", "github.com/sony/gobreaker/v2"}, why: alone},
		{pkg: "transports/unary", may: []string{"core", "transports/dial"}, why: alone},
		{pkg: "transports/transporttest/...", may: []string{"core", "transports/transporttest/...", "github.com/google/go-cmp/...", "go.uber.org/goleak"}, why: "a suite knows the contract and not who meets it"},
		{pkg: "transports/grpc/...", may: with("transports/grpc/...", "google.golang.org/grpc/...", "google.golang.org/protobuf/..."), why: alone},
		{pkg: "transports/http/...", may: with("transports/http/...", "github.com/valyala/fasthttp/..."), why: alone},
		{pkg: "transports/netrpc/...", may: with("transports/netrpc/..."), why: alone},
		{pkg: "transports/rawtcp/...", may: with("transports/rawtcp/...", "golang.org/x/sys/...", "github.com/panjf2000/gnet/v2/..."), why: alone},
		{pkg: "transports/inproc", may: with(), why: alone},
		{pkg: "workloads/...", may: []string{"core", "core/client", "core/timer", "workloads/...", "github.com/HdrHistogram/hdrhistogram-go", "github.com/anishathalye/porcupine"}, why: "a workload sees a cluster as its users do, through core/client"},
		{pkg: "reports/stats", why: "statistics are functions of numbers: they know no run and no metric"},
		{pkg: "reports/...", may: []string{"reports/...", "github.com/HdrHistogram/hdrhistogram-go", "gonum.org/v1/plot/...", "golang.org/x/image/..."}, why: upwards},
		{pkg: "experiment/codec", may: []string{"core", "reports", "transports/codecs", "transports/wire"}, why: "it measures encodings, and nothing that carries them"},
		{pkg: "experiment/calibration/...", may: []string{"core/client", "experiment", "experiment/calibration/...", "reports/...", "workloads", "github.com/HdrHistogram/hdrhistogram-go"}, why: "a calibration runs an experiment as any other, and drives a target that does nothing"},
		{pkg: "experiment/search/...", may: []string{"core", "core/batch", "experiment", "experiment/search/...", "reports/...", "transports"}, why: "a search decides what is measured next: it sees experiments, and no cluster, clock or load"},
		{pkg: "experiment/claims", may: []string{"core", "core/batch", "experiment", "experiment/codec", "reports/...", "transports", "transports/codecs", "workloads"}, why: "a claim says what is measured and how it is judged: it runs experiments as anybody does, and has no cluster, clock or load of its own"},
		{pkg: "experiment/...", may: []string{"core/...", "experiment/...", "reports/...", "transports", "workloads/...", "github.com/HdrHistogram/hdrhistogram-go", "golang.org/x/sys/..."}, why: "an experiment takes its transports from the table and knows none of them"},
		{pkg: "scripts/engines/etcdraft", may: []string{"core/client", "go.etcd.io/..."}, why: "a driver for another Raft knows that one, and the operations of a driver of ours"},
		{pkg: "scripts/engines", may: []string{
			"core", "core/batch", "core/client", "core/cluster", "core/node", "core/wal", "scripts/engines/...", "transports/inproc", "transports/rawtcp", "workloads",
			"github.com/hashicorp/...", "github.com/lni/...", "go.etcd.io/raft/v3/...",
		}, why: "a comparison of engines sees ours as any user of the packages would, and measures with workloads"},
		{pkg: "cmd/raftbench/settings", may: []string{"github.com/agnivade/levenshtein", "github.com/spf13/pflag", "go.yaml.in/yaml/v3"}, why: "settings know flags and texts, not what they mean"},
		{pkg: "cmd/raftbench/metrics", may: []string{"experiment", "reports", "workloads", "github.com/prometheus/client_golang/..."}, why: "an observer of runs, and the one place that knows Prometheus"},
		{pkg: "cmd/...", may: []string{"core/...", "transports", "transports/codecs", "workloads/...", "experiment/...", "reports/...", "cmd/...", "github.com/spf13/cobra/...", "github.com/spf13/pflag", "golang.org/x/sys/...", "golang.org/x/term"}, why: wiring},
	}
}

const (
	maxFileLines     = 600
	maxFunctionLines = 70
)

// exception lets one thing break one rule. key is the file, and after a colon
// the function or variable if the rule is about those.
type exception struct {
	rule, key, reason string
}

// exceptions may shrink and never grow. One that is no longer needed is found.
func exceptions() []exception {
	return []exception{
		{ruleSleep, "transports/transporttest/calls.go:checkRequestMemory", "plays a handler that takes its time"},
		{ruleSleep, "transports/transporttest/closing.go:checkCloseFlood", "gives what Close forgot to wait for the time to show itself"},
		{ruleSleep, "workloads/driver_test.go:TestLittlesLawHolds", "plays a server that takes 2 ms"},
		{ruleSleep, "workloads/target_test.go:stall", "plays a server that stalls"},
	}
}

func TestTidy(t *testing.T) {
	tree, err := loadTree(os.DirFS("."), projectFiles("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules() {
		findings := r.check(tree) // also with -run: an exception is needed or not whoever asks
		t.Run(r.name, func(t *testing.T) {
			for _, finding := range findings {
				t.Errorf("%s\n    why: %s", finding, r.why)
			}
		})
	}
	for _, e := range exceptions() {
		if e.reason == "" {
			t.Errorf("%s has no reason to be an exception to %q", e.key, e.rule)
		}
		if !tree.excused[e] {
			t.Errorf("%s is not needed any more as an exception to %q: take it out", e.key, e.rule)
		}
	}
}
