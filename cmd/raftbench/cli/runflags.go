package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/fault"
	"github.com/raftbench/raftbench/workloads"
)

// runFlags is what `raftbench run`, and those that measure like it, can be told.
type runFlags struct {
	experiment.Settings

	// register adds the command's flags to a set that writes to another runFlags, for
	// arms of an experiment file.
	register func(*pflag.FlagSet, *runFlags)
	names    []string // flags in which those arms may differ

	events     fault.Script // --event; resolveEvents makes it Faults
	transports string
	profile    profile
	file       string
	arrivals   string
	out        string
	dryRun     bool
	quiet      bool

	allowInvalid bool
	gates        gateFlags
	metrics      string
}

// runFlags adds all flags to a set that writes to f.
func (a *app) runFlags(fs *pflag.FlagSet, f *runFlags) {
	f.register, f.names = a.runFlags, append([]string{"nodes", "batch.size", "batch.ops", "linger", "batch.policy", "pipeline", "storage", "fsync", "state-machine", "sessions"}, loadNames()...)
	a.loadFlags(fs, f)
	a.clusterFlags(fs, f)
	a.tuningFlags(fs, f)
	a.timesFlags(fs, f)
	a.timeoutFlags(fs, f)
	a.errorFlags(fs, f)
	a.snapshotFlags(fs, f)
	a.planFlags(fs, f)
	refuseEmpty(fs, "data", "snapshot.sign-key", "snapshot.trust")
}

// loadFlags are about what the clients ask for.
func (a *app) loadFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.StringVar(&f.transports, "transport", "all", "transports, each with options: "+a.transportNames()+"; such as grpc,grpc:mode=unary,rawtcp:conns=4")
	fs.VarP(newList(&f.Clients, "list", "64", parseCount), "clients", "c", "closed loop: clients, each with one operation under way")
	fs.VarP(newList(&f.Rates, "list", "", parseRate), "rate", "r", "open loop instead: operations per second, such as 5k; latency counts from the intended start")
	fs.Var(stagesValue{&f.Stages}, "stages", "open loop whose rate changes: steps such as 10s:1k,20s:5k and ramps such as 10s:1k..5k; instead of -r and -d")
	fs.StringVar(&f.arrivals, "arrivals", "poisson", "open loop: poisson or constant")
	fs.Var(newList(&f.Payloads, "list", "128B", parseSize), "payload", "bytes of a value")
	fs.IntVar(&f.BasePort, "port", 0, "port of node 1, the others follow; 0: any free ports")
	fs.IntVar(&f.MaxOutstanding, "max-outstanding", 1<<16, "open loop: operations under way at most; more are refused and counted")
	f.MaxOutstandingBytes = workloads.DefaultMaxOutstandingBytes
	fs.Var(sizeValue{value: &f.MaxOutstandingBytes}, "max-outstanding.bytes", "open loop: bytes of what is under way at most, commands and the values that reads bring; 0: 64MiB")
}

// loadNames are the flags of loadFlags in which arms may differ.
func loadNames() []string { return []string{"transport", "clients", "rate", "stages", "payload"} }

// clusterFlags are about what only a cluster has.
func (a *app) clusterFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.Var(newList(&f.Nodes, "list", "3", parseCount), "nodes", "members of the cluster: 1, 3, 5 or 7")
	fs.Float64Var(&f.Reads, "reads", 0, "share of the operations that read, 0 to 1")
	fs.StringVar((*string)(&f.ReadMode), "read-mode", string(experiment.ReadIndex), "how reads are linearizable: readindex, lease (see --lease.drift) or log")
	fs.StringVar((*string)(&f.ReadFrom), "read-from", string(client.ReadFromLeader), "which nodes clients ask for reads: leader; followers, which ask the leader how far their state has to be; or any")
	fs.Var(newList(&f.Storages, "list", string(experiment.StorageMem), parseStorage), "storage", "where nodes keep their log: mem (in memory) or wal (on disk)")
	fs.Var(newList(&f.Fsyncs, "list", string(experiment.FsyncAlways), parseFsync), "fsync", "of a log on disk: always, before anything is acknowledged, or none")
	fs.StringVar(&f.Data, "data", "", "new or empty directory for logs on disk, one below it for each replicate, which stay; default: temporary ones")
	fs.Var(newList(&f.Machines, "list", string(experiment.MachineKV), parseMachine), "state-machine", "what is replicated: kv, or null, which applies nothing: replication alone")
	fs.Var(newList(&f.Sessions, "list", off, parseSessions), "sessions", "sessions of clients that nodes remember, such as 1024, so that a write which is sent again is executed once, also with --retry all; off: none; see docs/faults.md")
	fs.IntVar(&f.Keys, "keys", workloads.DefaultKeys, "number of distinct keys")
	fs.Float64Var(&f.Zipf, "zipf", 0, "skew of the keys: Zipf's exponent; 0: all equally likely")
}

// snapshotFlags are about the snapshots that keep logs short.
func (a *app) snapshotFlags(fs *pflag.FlagSet, f *runFlags) {
	s := &f.Snapshots
	s.BytesPerSecond = node.DefaultSnapshotRate
	fs.IntVar(&s.Entries, "snapshot.entries", 0, "take a snapshot after so many entries; 0, and --snapshot.bytes 0: after 131072, but not before a quarter of the state's size was applied")
	fs.Var(sizeValue{value: &s.Bytes}, "snapshot.bytes", "take a snapshot after so many bytes of entries, such as 64MiB; 0: 128MiB or a quarter of the state's size, whichever is more")
	fs.Var(sizeValue{value: &s.BytesPerSecond, off: true}, "snapshot.rate", "bytes of snapshots that a node writes and sends in a second at most; off: no bound")
	fs.StringVar(&s.SignKey, "snapshot.sign-key", "", "file with an Ed25519 private key (PEM, PKCS 8) with which nodes sign their snapshots: openssl genpkey -algorithm ed25519")
	fs.StringVar(&s.Trust, "snapshot.trust", "", "file with Ed25519 public keys (PEM): nodes refuse snapshots that are signed by none of them: openssl pkey -pubout")
}

// tuningFlags are about how the cluster carries it.
func (a *app) tuningFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.Var(newList(&f.BatchSizes, "list", core16KiB, parseSize), "batch.size", "a batch closes when it holds so many bytes (as in Kafka)")
	fs.Var(newList(&f.BatchOps, "list", "0", parseLimit), "batch.ops", "a batch closes when it holds so many operations; 0: no such limit")
	fs.Var(newList(&f.Lingers, "list", "0s", parseDuration), "linger", "a batch closes so long after its first item (as in Kafka); 0: what gathers while the last one is under way")
	fs.Var(newList(&f.Policies, "list", "", parsePolicy), "batch.policy", "none, natural, linger or adaptive, which learns what to wait for, --linger at most; default: linger where --linger is above 0, else natural")
	fs.Var(newList(&f.Pipelines, "list", "4", parseCount), "pipeline", "batches under way at once: AppendEntries to each follower, and on each client link")
}

// timesFlags are about elections and leases.
func (a *app) timesFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Times = experiment.DefaultTimes()
	fs.Var(durationValue{value: &f.Times.Heartbeat}, "heartbeat", "from one heartbeat of a leader to the next")
	fs.Var(durationValue{value: &f.Times.Election}, "election", "shortest election timeout, a multiple of --heartbeat; each is drawn from it to twice as much")
	fs.Var(percentValue{&f.Times.LeaseDriftPercent}, "lease.drift", "the most by which the clock of a node may run faster than another's, with --read-mode lease; a leader that finds more goes on without leases")
	fs.Var(durationValue{value: &f.Times.LeaseLength}, "lease.length", "how long a lease lasts, in whole heartbeats; 0: as long as (--election - --heartbeat) / (1 + --lease.drift)")
}

// timeoutFlags are about when to give up.
func (a *app) timeoutFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Timeout, f.Timeouts = 5*time.Second, core.Timeouts{}.WithDefaults()
	fs.Var(durationValue{value: &f.Timeout}, "timeout", "time that an operation has, with redirects and retries")
	fs.Var(durationValue{value: &f.Timeouts.Connect}, "timeout.connect", "of one attempt to connect")
	fs.Var(durationValue{value: &f.Timeouts.Control}, "timeout.control", "of a vote or a heartbeat")
	fs.Var(durationValue{value: &f.Timeouts.Append}, "timeout.append", "of an AppendEntries with entries")
	fs.Var(durationValue{value: &f.Timeouts.Snapshot}, "timeout.snapshot", "of one piece of a snapshot")
	fs.Var(durationValue{value: &f.Timeouts.ReconnectMax}, "timeout.reconnect", "longest pause between attempts to connect: full-jitter exponential back-off up to here")
}

// errorFlags are about what is done when something goes wrong, and about what is to.
func (a *app) errorFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Retry = client.Retry{Mode: client.RetrySafe, Budget: client.DefaultBudget()}
	fs.Var(durationValue{value: &f.ReadTimeout}, "timeout.read", "time that a read has; default: --timeout")
	fs.Var(durationValue{value: &f.WriteTimeout}, "timeout.write", "time that a write has; default: --timeout")
	fs.Var(&f.profile, "profile", "defaults of timeouts: "+profileHelp())
	fs.Var(retryValue{&f.Retry.Mode}, "retry", "what to send again: none; safe, which is reads and what certainly was not executed; or all, which may execute a write twice unless --sessions is on")
	fs.Var(budgetValue{&f.Retry.Budget}, "retry.budget", "calls sent again or hedged, as a share of those that succeed, besides 10 a second and 100 at once; off: no bound")
	fs.IntVar(&f.Retry.Attempts, "retry.attempts", 0, "times that an operation is sent at most; 0: as often as its time allows")
	fs.Var(hedgeValue{&f.Hedge}, "hedge", "send a read a second time when it has taken so long: a duration such as 5ms, a quantile of recent reads such as p95, or off")
	fs.Var(faultValue{&f.Faults}, faultFlag, "what to do to the cluster while it is measured, such as 'at 2s: cut 2; at 3s: heal 2', 'every 500ms for 5s: flap 2' or 'at 5s: replace leader'; see docs/faults.md")
	fs.Var(faultValue{&f.events}, eventFlag, "the same as --fault: not all that is done is a fault")
}

const core16KiB = "16KiB"

// planFlags are about how long and how often.
func (a *app) planFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Duration, f.Warmup, f.Idle, f.Slice = 3*time.Second, experiment.WarmupAuto, experiment.DefaultIdle, experiment.SliceAuto
	fs.VarP(durationValue{value: &f.Duration}, "duration", "d", "length of the window that is measured")
	fs.Uint64VarP(&f.Operations, "ops", "n", 0, "end the window after so many operations instead")
	fs.Var(durationValue{value: &f.Slice, auto: true}, "slice", "arms take turns in slices of their windows, so long, a multiple of 100ms, in a closed loop; 0: each has its window in one piece; auto: 300ms where it is possible, less in short windows")
	fs.Var(durationValue{value: &f.Warmup, auto: true}, "warmup", "what to leave out before the window; auto: until throughput is steady")
	fs.Var(durationValue{value: &f.Idle}, "idle", "how long to watch the idle cluster before, to subtract its cost; shorter runs do without")
	fs.IntVar(&f.Repeat, "repeat", 3, "replicates of every arm, each on a fresh cluster, interleaved")
	fs.Uint64Var(&f.Seed, "seed", 1, "seed of the workload and of the order of arms")
	fs.StringVarP(&f.file, "file", "f", "", "experiment file: YAML with the long names of these flags as keys; see experiments/")
	fs.StringVarP(&f.out, "out", "o", "", "result directory, new or empty; default raftbench-results/TIME")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print the plan and the time it will take")
	fs.BoolVar(&f.allowInvalid, "allow-invalid", false, "end with exit code 0 although a measurement is INVALID, rather than 4")
	f.gates.addThresholds(fs)
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "nothing on standard error but errors; what is INVALID is in the table")
	fs.StringVar(&f.metrics, "metrics", "", "address to serve Prometheus metrics at while running, such as :9464")
	refuseEmpty(fs, "file", "metrics")
}

func parseStorage(s string) (experiment.StorageKind, error) {
	return oneOf(s, experiment.StorageKinds())
}

func parseFsync(s string) (experiment.Fsync, error) {
	return oneOf(s, experiment.Fsyncs())
}

func parseMachine(s string) (experiment.MachineKind, error) {
	return oneOf(s, experiment.MachineKinds())
}

// oneOf is the value that s names.
func oneOf[T ~string](s string, allowed []T) (T, error) {
	if !slices.Contains(allowed, T(s)) {
		return "", fmt.Errorf("%q: allowed are %s", s, strings.Join(texts(allowed), ", "))
	}
	return T(s), nil
}

func parsePolicy(s string) (batch.Policy, error) {
	p := batch.Policy(s)
	for _, known := range batch.Policies() {
		if p == known {
			return p, nil
		}
	}
	return "", fmt.Errorf("%q is not a policy: allowed are %s", s, batch.PolicyNames())
}
