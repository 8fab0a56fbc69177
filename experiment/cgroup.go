package experiment

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cgroup is the control group of this process as far as it limits the CPU: its
// folder and those above it, innermost first. The limits of all of them hold. It
// has no folders where there are no control groups.
type cgroup struct {
	files procfs
	dirs  []string
}

// cgroup finds the folders, in version 1 or 2. A container may see a path that
// does not exist where it stands; then only the top counts, which is its own.
func (p procfs) cgroup() cgroup {
	g := cgroup{files: p}
	unified := ""
	for line := range strings.Lines(p.text("proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case slices.Contains(strings.Split(parts[1], ","), "cpu"):
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
