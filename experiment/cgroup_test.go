package experiment

import (
	"testing"
	"time"
)

func TestCgroup(t *testing.T) {
	for name, c := range map[string]struct {
		files     map[string]string
		cpus      float64
		throttled time.Duration
	}{
		"none": {nil, 0, 0},
		"version 2, the narrowest of all above": {map[string]string{
			"proc/self/cgroup":                 "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max":        "max 100000\n",
			"sys/fs/cgroup/a/b/cpu.stat":       "usage_usec 5\nnr_periods 9\nnr_throttled 2\nthrottled_usec 300\n",
			"sys/fs/cgroup/a/cpu.max":          "150000 100000\n",
			"sys/fs/cgroup/a/cpu.stat":         "throttled_usec 700\n",
			"sys/fs/cgroup/cpu.max":            "400000 100000\n",
			"sys/fs/cgroup/cgroup.controllers": "cpu\n",
		}, 1.5, time.Millisecond},
		"version 1": {map[string]string{
			"proc/self/cgroup": "5:memory:/m\n3:cpu,cpuacct:/a\n0::/\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":  "50000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.stat":          "nr_periods 1\nnr_throttled 1\nthrottled_time 2000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":    "-1\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":   "100000\n",
		}, 0.5, 2 * time.Microsecond},
		"a path that the container does not see": {map[string]string{
			"proc/self/cgroup":      "0::/docker/0123\n",
			"sys/fs/cgroup/cpu.max": "200000 100000\n",
		}, 2, 0},
		"what is no limit": {map[string]string{
			"proc/self/cgroup":      "0::/\nnonsense\n",
			"sys/fs/cgroup/cpu.max": "0 0\n",
		}, 0, 0},
	} {
		g := files(c.files).cgroup()
		if cpus, throttled := g.cpus(), g.throttled(); cpus != c.cpus || throttled != c.throttled {
			t.Errorf("%s: %v CPUs, throttled %v; want %v, %v", name, cpus, throttled, c.cpus, c.throttled)
		}
	}
}

// Version 1 has mounts by controller, and the unified one of version 2 beside them.
func TestCgroupPrefersTheControllerOfTheCPU(t *testing.T) {
	g := files(map[string]string{"proc/self/cgroup": "1:cpu:/a/b\n0::/c\n"}).cgroup()
	want := []string{"sys/fs/cgroup/cpu/a/b", "sys/fs/cgroup/cpu/a", "sys/fs/cgroup/cpu"}
	if len(g.dirs) != len(want) || g.dirs[0] != want[0] || g.dirs[2] != want[2] {
		t.Fatalf("%q, want %q", g.dirs, want)
	}
}

func TestMemory(t *testing.T) {
	const total = "MemTotal: 8388608 kB\n" // 8 GiB
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"unknown":  {nil, 0},
		"machine":  {map[string]string{"proc/meminfo": total}, 8 << 30},
		"no limit": {map[string]string{"proc/meminfo": total, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 8 << 30},
		"the group above": {map[string]string{
			"proc/meminfo": total, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "3221225472\n", "sys/fs/cgroup/a/memory.max": "2147483648\n",
		}, 2 << 30},
		"version 1, with the CPU elsewhere": {map[string]string{
			"proc/meminfo": total, "proc/self/cgroup": "4:cpu,cpuacct:/c\n7:memory:/m\n",
			"sys/fs/cgroup/memory/m/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		}, 1 << 30},
	} {
		if got := files(c.files).memoryBytes(); got != c.want {
			t.Errorf("%s: %d MiB, want %d", name, got>>20, c.want>>20)
		}
	}
}
