package experiment

import (
	"errors"
	"time"

	"github.com/raftbench/raftbench/workloads"
)

func driverFlaws() []flaw {
	return []flaw{
		{"driver", "not conserved: window, put: 3 started",
			func(e *evidence) { e.runErr = errors.New("operations are not conserved:\nwindow, put: 3 started") },
			func(e *evidence) { e.runErr = nil }},
		{"interrupted", "cut after 10s",
			func(e *evidence) { e.measured.Interrupted = true },
			func(*evidence) {}},
		{"faults", "restart 2: address already in use",
			func(e *evidence) { e.faultErr = errors.New("restart 2: address already in use") },
			func(*evidence) {}},
		{"storage", "node 2: input/output error",
			func(e *evidence) { e.diskErr = errors.New("node 2: input/output error") },
			func(*evidence) {}},
		{"connections", "3 connections were not made",
			func(e *evidence) { e.exhausted, e.kept = 3, true },
			func(e *evidence) { e.exhausted = 3 }},
		{"success", "no operation succeeded",
			func(e *evidence) { *e.put() = workloads.OpRecord{Started: 5, Failed: 5} },
			func(*evidence) {}},
		{"success", "no operation that was due in the window succeeded; the 7 that did had been due before",
			func(e *evidence) { *e.put() = workloads.OpRecord{Started: 5, InFlight: 5, Completed: 7} },
			func(*evidence) {}},
		{"samples", "99 operations succeeded: want at least 100",
			func(e *evidence) { e.few(99) },
			func(e *evidence) { e.few(100) }},
		{"errors", "101 of 10000 operations did not succeed (50 failed, 50 unknown, 1 never came back): at most 1.0 % is accepted",
			func(e *evidence) {
				e.put().Failed, e.put().Unknown, e.put().InFlight = 50, 50, 1
				e.put().Succeeded -= 101
			},
			func(e *evidence) { e.put().Failed, e.put().Succeeded = 100, 9900 }},
		{"elections", "changed 2 times",
			func(e *evidence) { e.elections = 2 },
			func(e *evidence) { e.elections = 0 }},
	}
}

// stimulusFlaws are those of what was asked, and when.
func stimulusFlaws() []flaw {
	return []flaw{
		{"rate", "920 of 1000 offered operations per second",
			func(e *evidence) { e.put().Completed = 9200 },
			func(e *evidence) { e.put().Completed = 9500 }},
		{"rate", "offered", // nothing was sent that was due
			func(e *evidence) { e.measured.OfferedOpsPerS = 2000 },
			func(e *evidence) { e.measured.OfferedOpsPerS = 1030 }}, // a Poisson process has a little less now and then
		{"rate", "stage 2 (10s:2k)",
			func(e *evidence) { e.measured.Stages = []workloads.StageRecord{stage(1000, 1), stage(2000, 0.9)} },
			func(e *evidence) { e.measured.Stages = []workloads.StageRecord{stage(1000, 1), stage(2000, 0.96)} }},
		{"refused", "1 operations were refused because 100, or 1KiB of them, were outstanding",
			func(e *evidence) { e.put().Refused = 1 },
			func(*evidence) {}},
		{"clipped", "7 latencies were longer than 1m0s",
			func(e *evidence) { e.put().Beyond = 7 },
			func(*evidence) {}},
		{"lag", "2.00 ms, 67 % of p99 of the response, 3.00 ms",
			func(e *evidence) { e.slow(2*time.Millisecond, evidenceService) },
			func(e *evidence) { e.slow(200*time.Microsecond, evidenceService) }},
		{"lag!", "400",
			func(e *evidence) { e.slow(400*time.Microsecond, evidenceService) },
			func(e *evidence) { e.slow(200*time.Microsecond, evidenceService) }},
		{"little", "make 1.00 operations under way, and by count there were 1.10",
			func(e *evidence) { e.measured.Window.InFlightMean = 1.1 },
			func(e *evidence) { e.measured.Window.InFlightMean = 1.04 }},
		{"stationarity", "throughput had a trend",
			func(e *evidence) { e.measured.Series = fading(0.5) },
			func(e *evidence) { e.measured.Series = fading(0.2) }},
		{"stationarity!", "throughput had a trend",
			func(e *evidence) { e.measured.Series = fading(0.2) },
			func(e *evidence) { e.measured.Series = fading(0.05) }},
		{"warm-up!", "not steady after 3s",
			func(e *evidence) {
				e.measured.Warmup.To, e.measured.WarmupEnd = 3*time.Second, workloads.WarmupLimit
			},
			func(e *evidence) {
				e.measured.Warmup.To, e.measured.WarmupEnd = 3*time.Second, workloads.WarmupFixed
			}},
		{"stages!", "add up to 900 µs, and the mean response is 1.00 ms: they are 10 % apart (100 samples)",
			func(e *evidence) { e.breakdown = stages(0.9) },
			func(e *evidence) { e.breakdown = stages(0.96) }},
	}
}
