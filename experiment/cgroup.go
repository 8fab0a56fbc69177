package experiment

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cgroup is the control group of this process as far as it limits the CPU, or the memory: its
// folder and those above it, innermost first. The limits of all of them hold. It
// has no folders where there are no control groups.
type cgroup struct {
	files procfs
	dirs  []string
}

// cgroup is the group that limits the CPU.
func (p procfs) cgroup() cgroup { return p.cgroupOf("cpu") }

// cgroupOf finds the folders of a controller, in version 1 or 2. A container may see a
// path that does not exist where it stands; then only the top counts, which is its own.
func (p procfs) cgroupOf(controller string) cgroup {
	g := cgroup{files: p}
	unified := ""
	for line := range strings.Lines(p.text("proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case slices.Contains(strings.Split(parts[1], ","), controller):
			g.dirs = upwards("sys/fs/cgroup/"+parts[1], parts[2])
			return g
		case parts[1] == "":
			unified = parts[2]
		}
	}
	if unified != "" {
		g.dirs = upwards("sys/fs/cgroup", unified)
	}
	return g
}

// upwards lists a folder below a mount, and all above it up to the mount.
func upwards(mount, below string) []string {
	var dirs []string
	for dir := path.Clean("/" + below); dir != "/"; dir = path.Dir(dir) {
		dirs = append(dirs, mount+dir)
	}
	return append(dirs, mount)
}

// cpus is the limit in CPUs; zero: none.
func (g cgroup) cpus() float64 {
	limit := 0.0
	for _, dir := range g.dirs {
		quota, period, _ := strings.Cut(g.files.firstLine(dir+"/cpu.max"), " ")
		if quota == "" {
			quota, period = g.files.firstLine(dir+"/cpu.cfs_quota_us"), g.files.firstLine(dir+"/cpu.cfs_period_us")
		}
		q, errQ := strconv.ParseFloat(quota, 64)
		p, errP := strconv.ParseFloat(period, 64)
		if errQ != nil || errP != nil || q <= 0 || p <= 0 {
			continue // "max", or -1
		}
		if limit == 0 || q/p < limit {
			limit = q / p
		}
	}
	return limit
}

// memoryBytes is what this process may have: the machine's memory, or less where its
// control group says so. Zero: unknown.
func (p procfs) memoryBytes() int64 {
	limit := p.kibibytes("MemTotal")
	for _, dir := range p.cgroupOf("memory").dirs {
		for _, name := range []string{"/memory.max", "/memory.limit_in_bytes"} { // of version 2, and 1
			n, err := strconv.ParseInt(p.firstLine(dir+name), 10, 64)
			if err == nil && n > 0 && (limit == 0 || n < limit) { // not "max"
				limit = n
			}
		}
	}
	return limit
}

// throttled is for how long the kernel has paused the group because it had used
// up its limit.
func (g cgroup) throttled() time.Duration {
	var sum time.Duration
	for _, dir := range g.dirs {
		text := g.files.text(dir + "/cpu.stat")
		if ns, ok := count(text, "throttled_time"); ok { // version 1
			sum += time.Duration(ns)
		} else if us, ok := count(text, "throttled_usec"); ok {
			sum += time.Duration(us) * time.Microsecond
		}
	}
	return sum
}
