package experiment

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// host reads what the machine does, whoever asked it to.
type host struct {
	files  procfs
	cgroup cgroup
	may    func(cpu int) bool // this process may run there
}

func newHost(files procfs) *host {
	h := &host{files: files, cgroup: files.cgroup(), may: func(int) bool { return true }}
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) == nil {
		h.may = set.IsSet
	}
	return h
}

// hostReading is what has added up so far, but for the last two fields.
type hostReading struct {
	at        time.Time // by the monotonic clock
	wall      time.Time
	cpu       machineTime
	swapped   uint64 // pages in and out
	throttled time.Duration

	clockSource string
	traced      bool // by a debugger, or by strace
}

// read takes a reading.
func (h *host) read() hostReading {
	vmstat := h.files.text("proc/vmstat")
	in, _ := count(vmstat, "pswpin")
	out, _ := count(vmstat, "pswpout")
	tracer := h.files.field("proc/self/status", "TracerPid")
	now := time.Now()
	return hostReading{
		at:          now,
		wall:        now.Round(0),
		cpu:         parseStat(h.files.text("proc/stat"), h.may),
		swapped:     in + out,
		throttled:   h.cgroup.throttled(),
		clockSource: h.files.firstLine(clockSourceFile),
		traced:      tracer != "" && tracer != "0",
	}
}

const clockSourceFile = "sys/devices/system/clocksource/clocksource0/current_clocksource"

// machineTime is what the CPUs have done, added up over those that this process may
// use. The kernel counts it in steps of 10 ms.
type machineTime struct {
	cpus   int
	busy   time.Duration // in processes and for them; without interrupts, which belong to nobody
	stolen time.Duration // kept back by the hypervisor
	total  time.Duration // idle time and interrupts included
}

// userHZ is the unit of proc/stat: the same for every program, whatever the
// kernel was built with.
const userHZ = 10 * time.Millisecond

// parseStat adds up the lines "cpuN user nice system idle iowait irq softirq
// steal ..." of proc/stat.
func parseStat(text string, may func(cpu int) bool) machineTime {
	var t machineTime
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 9 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		cpu, err := strconv.Atoi(fields[0][len("cpu"):])
		if err != nil || cpu < 0 || !may(cpu) {
			continue // the line of all CPUs, or one that is not ours
		}
		var ticks [8]time.Duration
		sum := time.Duration(0)
		for i := range ticks {
			n, _ := strconv.ParseUint(fields[1+i], 10, 36) // 21 years: eight of them are no overflow
			ticks[i] = time.Duration(n) * userHZ
			sum += ticks[i]
		}
		if sum > math.MaxInt64-t.total {
			continue // no machine has run for that long
		}
		t.total += sum
		t.cpus++
		t.busy += ticks[0] + ticks[1] + ticks[2]
		t.stolen += ticks[7]
	}
	return t
}

// surroundings is what went on around a replicate between two readings.
type surroundings struct {
	length   time.Duration
	capacity time.Duration // what all CPUs together had to give
	own      time.Duration // CPU time of this process
	usable   float64       // CPUs that this process may use at once
	others   time.Duration // CPU time of everybody else
	stolen   time.Duration

	throttled time.Duration
	swapped   uint64 // pages

	clockFrom, clockTo string        // the clock source
	clockStep          time.Duration // by how much the wall clock moved more than time passed
	traced             bool

	scheduling time.Duration // p99 of how long goroutines were ready and waited for a CPU
}

// since is what went on from an earlier reading to this one, of which this process
// used own. Usable and scheduling are the caller's to fill in.
func (r hostReading) since(before hostReading, own time.Duration) *surroundings {
	length := r.at.Sub(before.at)
	s := &surroundings{
		length:    length,
		capacity:  time.Duration(r.cpu.cpus) * length,
		own:       own,
		stolen:    r.cpu.stolen - before.cpu.stolen,
		throttled: r.throttled - before.throttled,
		swapped:   r.swapped - before.swapped,
		clockFrom: before.clockSource,
		clockTo:   r.clockSource,
		clockStep: r.wall.Sub(before.wall) - length,
		traced:    before.traced || r.traced,
	}
	if r.cpu.cpus > 0 {
		// At most what is left: the steps of the counter may add up to more.
		s.others = min(max(0, r.cpu.busy-before.cpu.busy-own), max(0, s.capacity-own))
	}
	return s
}

// add adds what went on later.
func (s *surroundings) add(later *surroundings) {
	s.length += later.length
	s.capacity += later.capacity
	s.own += later.own
	s.others += later.others
	s.stolen += later.stolen
	s.throttled += later.throttled
	s.swapped += later.swapped
	s.clockTo = later.clockTo
	s.clockStep += later.clockStep
	s.traced = s.traced || later.traced
}
