package experiment

import (
	"time"

	"github.com/raftbench/raftbench/workloads"
)

func machineFlaws() []flaw {
	closed := func(e *evidence) { *e = *healthy(workloads.Closed) }
	share := func(of time.Duration, s float64) time.Duration { return time.Duration(s * float64(of)) }
	return []flaw{
		{"build", "the race detector", func(e *evidence) { e.build = build{race: true} }, func(*evidence) {}},
		{"build", "-N", func(e *evidence) { e.build = builtWith("-gcflags", "all=-N -l") }, func(e *evidence) { e.build = builtWith("-gcflags", "-m") }},
		{"build", "-l", func(e *evidence) { e.build = builtWith("-gcflags", "-l") }, func(e *evidence) { e.build = builtWith("-ldflags", "-l") }},
		{"build", "coverage", func(e *evidence) { e.build = builtWith("-cover", "true") }, func(*evidence) {}},
		{"build", "address sanitizer", func(e *evidence) { e.build = builtWith("-asan", "true") }, func(*evidence) {}},
		{"build", "memory sanitizer", func(e *evidence) { e.build = builtWith("-msan", "true") }, func(*evidence) {}},
		{"traced", "tracer", func(e *evidence) { e.around.traced = true }, func(*evidence) {}},
		{"clock-source", "from tsc to hpet", func(e *evidence) { e.around.clockTo = "hpet" }, func(e *evidence) { e.around.clockTo = "" }}, // it could not be read
		{"clock-step", "-1s",
			func(e *evidence) { e.around.clockStep = -time.Second },
			func(e *evidence) { e.around.clockStep = 5 * time.Millisecond }},
		{"steal", "6.0 %",
			func(e *evidence) { e.around.stolen = share(e.around.capacity, 0.06) },
			func(e *evidence) { e.around.stolen = share(e.around.capacity, 0.05) }},
		{"steal!", "2.0 %",
			func(e *evidence) { e.around.stolen = share(e.around.capacity, 0.02) },
			func(e *evidence) { e.around.stolen = share(e.around.capacity, 0.009) }},
		{"throttled", "200ms of 10s",
			func(e *evidence) { e.around.throttled = 200 * time.Millisecond },
			func(e *evidence) { e.around.throttled = 90 * time.Millisecond }},
		{"swap", "256 pages",
			func(e *evidence) { e.around.swapped = 256 },
			func(e *evidence) { e.around.swapped = 255 }},
		{"other-load", "25 %",
			func(e *evidence) { e.around.others = share(e.around.capacity, 0.25) },
			func(e *evidence) { e.around.others = share(e.around.capacity, 0.09) }},
		{"other-load", "25 %", // a tenth of a second is chance, whatever its share
			func(e *evidence) { e.around.capacity, e.around.others = 800*time.Millisecond, 200*time.Millisecond },
			func(e *evidence) { e.around.capacity, e.around.others = 360*time.Millisecond, 90*time.Millisecond }},
		{"other-load!", "5.0 %",
			func(e *evidence) { e.around.others = share(e.around.capacity, 0.05) },
			func(e *evidence) { e.around.others = share(e.around.capacity, 0.02) }},
		{"cpu", "1.95 of its 2 CPUs",
			func(e *evidence) { e.around.own = share(e.around.length, 1.95) },
			func(e *evidence) { e.around.own = share(e.around.length, 1.8) }},
		{"cpu", "1.45 of its 1.5 CPUs", // in a control group; a closed loop may use all there is
			func(e *evidence) { e.around.usable, e.around.own = 1.5, share(e.around.length, 1.45) },
			func(e *evidence) { closed(e); e.around.own = share(e.around.length, 2) }},
		{"scheduler", "600 µs of the 1.05 ms",
			func(e *evidence) { e.around.scheduling = 600 * time.Microsecond },
			func(e *evidence) { e.around.scheduling = 500 * time.Microsecond }},
		{"scheduler", "10.0 ms",
			func(e *evidence) { e.around.scheduling = 10 * time.Millisecond },
			func(e *evidence) { closed(e); e.around.scheduling = 10 * time.Millisecond }},
	}
}
