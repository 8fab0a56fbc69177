package experiment

import (
	"fmt"
	"math"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/workloads"
)

const (
	// minAchieved is the share of the offered rate that must have been achieved.
	minAchieved = 0.95
	// maxErrors is the share of operations that may end without success: what is
	// left out of the latencies must be too little to matter.
	maxErrors = 0.01
	// minOperations is how many make a throughput: the n-th part of a rate is known to
	// one in the square root of n, which is 10 % here.
	minOperations = 100
	// maxLag is how much of p99 of the response p99 of the driver's lateness may be,
	// and noteLag from when it is said.
	maxLag  = 0.5
	noteLag = 0.2
	// maxDrift is by how much of its level throughput or latency may move within the
	// window. Replicates of one arm differ by as much on a virtual machine whose cores
	// are shared; less is said (workloads.SteadyShare) and left to the comparison of
	// replicates.
	maxDrift = 0.25
)

// driverChecks are about the load that was asked for and what became of it.
func driverChecks() []Check {
	return []Check{
		{Name: "driver", Why: "operations that were started must have ended, or be under way: otherwise the counters are wrong, and so is all that is made of them", run: checkDriver},
		{Name: "interrupted", Why: "a part of a window was not planned to be one", run: checkInterrupted},
		{Name: "faults", Why: "a script that was not done to its end is another experiment", run: checkFaults},
		{Name: "storage", Why: "a node whose storage failed serves nobody any more: what was measured is a smaller cluster", run: checkStorage},
		{Name: "connections", Why: "an arm with fewer connections than it was to have is another arm than its label says", run: checkConnections},
		{Name: "success", Why: "there is nothing to measure", run: checkSuccess},
		{Name: "samples", Why: "from a handful of operations no rate is known", run: checkSamples},
		{Name: "errors", Why: "latencies are those of successes, so what failed is missing from them", Faultless: true, run: checkErrors},
		{Name: "elections", Why: "a cluster without a leader serves nobody: what was measured is the election", Faultless: true, run: checkElections},
		{Name: "rate", Why: "latencies at a rate that was not reached are those of a queue that grows, and depend on how long one waits", Faultless: true, run: checkRate},
		{Name: "refused", Why: "operations that were never started would have been the slowest: percentiles leave them out", Faultless: true, run: checkRefused},
		{Name: "clipped", Why: "latencies beyond the histograms' range are counted as shorter than they were", run: checkClipped},
		{Name: "lag", Why: "the tail is how late the driver was, not how slow the cluster", run: checkLag},
		{Name: "lag", Why: "a part of the tail is how late the driver was", Warns: true, run: noteLagShare},
		{Name: "little", Why: "throughput, latency and operations under way are counted independently; where they contradict each other, one of them is wrong", run: checkLittle},
		{Name: "stationarity", Why: "a window in which the level moved measures two things at once, and another window would have measured others", Faultless: true, run: checkStationarity},
		{Name: "stationarity", Why: "the level moved a little within the window, as it does on a machine that is shared", Warns: true, Faultless: true, run: noteStationarity},
		{Name: "warm-up", Why: "the window began although throughput was not steady yet", Warns: true, run: noteWarmup},
		{Name: "stages", Why: "a breakdown that does not add up explains something else than the response time", Warns: true, run: noteStages},
	}
}

func checkDriver(e *evidence) string {
	if e.runErr != nil {
		return oneLine(e.runErr)
	}
	return ""
}

func checkInterrupted(e *evidence) string {
	if e.measured.Interrupted {
		return fmt.Sprintf("the window was cut after %v", e.measured.Window.Duration().Round(time.Millisecond))
	}
	return ""
}

func checkFaults(e *evidence) string {
	if e.faultErr != nil {
		return oneLine(e.faultErr)
	}
	return ""
}

func checkStorage(e *evidence) string {
	if e.diskErr != nil {
		return oneLine(e.diskErr)
	}
	return ""
}

// keepsConnections reports whether the arm's transport keeps the connections that it
// makes.
func (a *Arm) keepsConnections() bool {
	for _, s := range a.Transport.Options.All() {
		if s.Name == "conns" {
			return s.Value != "0"
		}
	}
	return true
}

// checkConnections leaves arms alone that dial for each call: there, a dial that failed is a
// call that did, and is among the errors or was repeated.
func checkConnections(e *evidence) string {
	if e.kept && e.exhausted > 0 {
		return fmt.Sprintf("%d connections were not made because this machine was out of local ports or file descriptors: the arm had fewer than it was to have (raise ulimit -n)", e.exhausted)
	}
	return ""
}

func checkSuccess(e *evidence) string {
	switch w := &e.window; {
	case w.Succeeded > 0:
		return ""
	case w.Completed > 0:
		return fmt.Sprintf("no operation that was due in the window succeeded; the %d that did had been due before, so far behind were driver and cluster: %s", w.Completed, overloadAdvice)
	}
	return "no operation succeeded"
}

func checkSamples(e *evidence) string {
	if n := e.window.Succeeded; n > 0 && n < minOperations {
		return fmt.Sprintf("%d operations succeeded: want at least %d", n, minOperations)
	}
	return ""
}

func checkErrors(e *evidence) string {
	w := &e.window
	if failed := w.Failed + w.Unknown + w.InFlight; w.Succeeded > 0 && float64(failed) > maxErrors*float64(w.Started) {
		return fmt.Sprintf("%d of %d operations did not succeed (%d failed, %d unknown, %d never came back): at most %s is accepted",
			failed, w.Started, w.Failed, w.Unknown, w.InFlight, percent(maxErrors))
	}
	return ""
}

func checkElections(e *evidence) string {
	if e.elections > 0 {
		return fmt.Sprintf("the leader changed %d times within the window", e.elections)
	}
	return ""
}

// checkRate compares what was done in the window with what was due in it, not with
// the mean of a Poisson process, which at low rates is something else.
func checkRate(e *evidence) string {
	m := e.measured
	if m.Loop != workloads.Open || e.window.Succeeded == 0 {
		return ""
	}
	length := m.Window.Duration()
	if text := shortfall(&e.window, m.OfferedOpsPerS*length.Seconds(), length); text != "" {
		return text
	}
	for i := range m.Stages {
		g := &m.Stages[i]
		if text := shortfall(&g.OpRecord, g.Offered, g.To-g.From); text != "" {
			return fmt.Sprintf("stage %d (%v): %s", i+1, g.Stage, text)
		}
	}
	return ""
}

// shortfall says that less was completed than was due. The mean of the schedule
// is the least that was due, give or take four standard deviations of a Poisson
// process.
func shortfall(o *workloads.OpRecord, mean float64, length time.Duration) string {
	due := max(float64(o.Started+o.Refused), mean-4*math.Sqrt(mean))
	if length <= 0 || !unsustained(float64(o.Completed), due) {
		return ""
	}
	return fmt.Sprintf("%.0f of %.0f offered operations per second were achieved: at least %s is wanted",
		float64(o.Completed)/length.Seconds(), due/length.Seconds(), percent(minAchieved))
}

// unsustained reports whether what was completed is too little for what was due.
// Completed counts by when operations ended, so a few that were due are missing,
// and a few of before are in: no more, in a queue that does not grow, than the
// square root of what went through it.
func unsustained(completed, due float64) bool {
	return completed < minAchieved*due-math.Sqrt(due)
}

// overloadAdvice is what to do where more is asked than the cluster can do.
const overloadAdvice = "offer less (raftbench capacity finds how much can be done), or measure a closed loop (-c)"

func checkRefused(e *evidence) string {
	if n := e.window.Refused; n > 0 {
		return fmt.Sprintf("%d operations were refused because %d, or %s of them, were outstanding: the true percentiles are higher; %s, or let more wait while a cluster stands still (--max-outstanding, --max-outstanding.bytes)",
			n, e.measured.MaxOutstanding, core.FormatSize(e.measured.MaxOutstandingBytes), overloadAdvice)
	}
	return ""
}

func checkClipped(e *evidence) string {
	if n := e.window.Beyond; n > 0 {
		return fmt.Sprintf("%d latencies were longer than %v and count as that", n, workloads.MaxLatency)
	}
	return ""
}

// lagShare is p99 of the driver's lateness as a share of p99 of the response; zero
// in a closed loop.
func (e *evidence) lagShare() (share float64, lag, response time.Duration) {
	lag, response = quantile(e.window.Lag, 99), quantile(e.window.Response, 99)
	if response == 0 {
		return 0, lag, response
	}
	return float64(lag) / float64(response), lag, response
}

// lagAdvice is what to do about a driver that is late. Where responses take as long as it
// takes to be woken, no rule about lateness can be kept: the tail is that of the wake-up.
// A spinning driver is late by less (workloads, maySpin).
const lagAdvice = "want more than two CPUs (GOMAXPROCS), with which the driver spins until an operation is due, a quieter machine, another rate, or a closed loop (-c)"

func checkLag(e *evidence) string {
	if share, lag, response := e.lagShare(); share > maxLag {
		return fmt.Sprintf("p99 of the driver's lateness is %v, %s of p99 of the response, %v: at most %s is accepted; %s",
			latency(lag), percent(share), latency(response), percent(maxLag), lagAdvice)
	}
	return ""
}

func noteLagShare(e *evidence) string {
	if share, lag, response := e.lagShare(); share > noteLag && share <= maxLag {
		return fmt.Sprintf("p99 of the driver's lateness is %v, %s of p99 of the response, %v",
			latency(lag), percent(share), latency(response))
	}
	return ""
}

// checkLittle compares the operations under way, counted as they cross the line
// between driver and cluster, with what the latencies make of them.
func checkLittle(e *evidence) string {
	if e.window.Succeeded == 0 {
		return ""
	}
	if expected, observed, ok := workloads.LittlesLaw(e.measured); !ok {
		return fmt.Sprintf("throughput and latency make %.2f operations under way, and by count there were %.2f: at most %s apart is accepted",
			expected, observed, percent(workloads.LittleTolerance))
	}
	return ""
}

// drifted says by how much the level moved, if by more than a share of it, and
// whether that of the arms that took turns with this one did not.
func (e *evidence) drifted(share float64) (why string, alone bool) {
	ok, why := e.measured.Stationary(share)
	if ok {
		return "", false
	}
	return why, e.alongside == nil || !e.alongside.steady(share)
}

func checkStationarity(e *evidence) string {
	if why, alone := e.drifted(maxDrift); alone {
		return why
	}
	return ""
}

func noteStationarity(e *evidence) string {
	if checkStationarity(e) != "" {
		return ""
	}
	if why, alone := e.drifted(workloads.SteadyShare); alone {
		return why
	}
	if why, _ := e.drifted(maxDrift); why != "" {
		return why + "; the arms that took turns with it went the same way"
	}
	return ""
}

func noteWarmup(e *evidence) string {
	if e.measured.WarmupEnd == workloads.WarmupLimit {
		return fmt.Sprintf("throughput was not steady after %v", e.measured.Warmup.Duration().Round(time.Millisecond))
	}
	return ""
}

func noteStages(e *evidence) string {
	if b := e.breakdown; b != nil && b.Samples > 0 && !b.AddsUp() {
		return fmt.Sprintf("the means of the stages add up to %v, and the mean response is %v: they are %s apart (%d samples)",
			latency(time.Duration(b.Sum())), latency(time.Duration(b.Response)), percent(math.Abs(b.Gap())), b.Samples)
	}
	return ""
}
