// Package metrics serves how a run goes in the Prometheus text format while it
// goes, for those who watch a long run on a dashboard. The figures are counters
// and the percentiles of the window so far; the result is worked out from the
// result file.
//
// Exporter is an experiment.Observer. Serve starts goroutines of net/http;
// Close ends them.
package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// Exporter keeps the figures. Its methods may be called while they are served.
type Exporter struct {
	registry *prometheus.Registry

	operations *prometheus.CounterVec // by arm and outcome
	throughput *prometheus.GaugeVec   // by arm
	latency    *prometheus.GaugeVec   // by arm and quantile
	running    *prometheus.GaugeVec   // by arm
	valid      *prometheus.CounterVec // by arm and validity
	done       prometheus.Gauge
	planned    prometheus.Gauge
	ends       atomic.Pointer[time.Time] // of the run, estimated; nil: nobody has said
	now        func() time.Time

	last    map[string]workloads.Progress // of the replicate under way, by arm
	current string                        // the arm that is being measured

	listener net.Listener
	server   *http.Server
	serving  sync.WaitGroup
}

// New returns an exporter that has nothing to tell yet.
func New() *Exporter {
	e := &Exporter{
		registry: prometheus.NewRegistry(),
		last:     map[string]workloads.Progress{},
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "raftbench_operations_total", Help: "Operations of all replicates so far, warm-up included, by how they ended.",
		}, []string{"arm", "outcome"}),
		throughput: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "raftbench_throughput_operations_per_second", Help: "Successful operations per second since the last look.",
		}, []string{"arm"}),
		latency: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "raftbench_response_time_seconds", Help: "Percentiles of the response time over the window of the replicate under way.",
		}, []string{"arm", "quantile"}),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "raftbench_arm_running", Help: "1 for the arm that is being measured.",
		}, []string{"arm"}),
		valid: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "raftbench_replicates_total", Help: "Replicates that have ended, by whether they are valid.",
		}, []string{"arm", "valid"}),
		done:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "raftbench_replicates_done", Help: "Replicates that have ended."}),
		planned: prometheus.NewGauge(prometheus.GaugeOpts{Name: "raftbench_replicates_planned", Help: "Replicates of the whole run."}),
		now:     time.Now,
	}
	// Worked out when it is asked for: arms that take turns start together and end
	// together, and nobody says anything new about the end of the run meanwhile.
	remaining := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "raftbench_remaining_seconds", Help: "Time until the end of the run, estimated.",
	}, e.remaining)
	e.registry.MustRegister(e.operations, e.throughput, e.latency, e.running, e.valid, e.done, e.planned, remaining)
	return e
}

// Serve answers GET /metrics at an address such as ":9464". The error names the
// address.
func (e *Exporter) Serve(address string) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return fmt.Errorf("--metrics %s: %w", address, err)
	}
	e.listener = listener
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{}))
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	e.serving.Go(func() { _ = e.server.Serve(listener) }) // always ErrServerClosed, from Close
	return nil
}

// Address is where it serves, with the port if Serve was free to choose one.
func (e *Exporter) Address() string { return e.listener.Addr().String() }

// Close stops serving. It does nothing if Serve was not called.
func (e *Exporter) Close() error {
	if e.server == nil {
		return nil
	}
	err := e.server.Close()
	e.serving.Wait()
	return err
}

// ReplicateStarts implements experiment.Observer.
func (e *Exporter) ReplicateStarts(at experiment.Position) {
	delete(e.last, at.Arm.Label)
	e.position(at)
	e.turnTo(at.Arm.Label)
}

// turnTo notes which arm is being measured; empty: none.
func (e *Exporter) turnTo(arm string) {
	if arm == e.current {
		return
	}
	e.current = arm
	e.running.Reset()
	if arm != "" {
		e.running.WithLabelValues(arm).Set(1)
	}
}

// Progress implements experiment.Observer.
func (e *Exporter) Progress(at experiment.Position, now workloads.Progress) {
	arm := at.Arm.Label
	e.turnTo(arm)
	since := now.Since(e.last[arm])
	e.last[arm] = now
	for outcome, n := range map[string]uint64{
		"succeeded": since.Succeeded,
		"failed":    since.Failed,
		"unknown":   since.Unknown,
		"refused":   since.Refused,
	} {
		e.operations.WithLabelValues(arm, outcome).Add(float64(n))
	}
	if seconds := since.Elapsed.Seconds(); seconds > 0 {
		e.throughput.WithLabelValues(arm).Set(float64(since.Succeeded) / seconds)
	}
}

// Partial implements experiment.Observer.
func (e *Exporter) Partial(at experiment.Position, r *reports.Replicate) { e.percentiles(at, r) }

// ReplicateEnds implements experiment.Observer.
func (e *Exporter) ReplicateEnds(at experiment.Position, r *reports.Replicate) {
	e.position(at)
	e.percentiles(at, r)
	e.turnTo("")
	e.valid.WithLabelValues(at.Arm.Label, fmt.Sprint(r.Valid)).Inc()
}

func (e *Exporter) position(at experiment.Position) {
	e.done.Set(float64(at.Done))
	e.planned.Set(float64(at.Total))
	e.ends.Store(new(e.now().Add(at.Remaining)))
}

// remaining is called concurrently.
func (e *Exporter) remaining() float64 {
	ends := e.ends.Load()
	if ends == nil {
		return 0
	}
	return max(0, ends.Sub(e.now()).Seconds())
}

// percentiles sets those that the sample carries.
func (e *Exporter) percentiles(at experiment.Position, r *reports.Replicate) {
	h := r.Response()
	for _, q := range []float64{0.5, 0.99, 0.999} {
		if p := h.Percentile(q); p.Carried {
			e.latency.WithLabelValues(at.Arm.Label, fmt.Sprint(q)).Set(float64(p.Value) / 1e9)
		}
	}
}
