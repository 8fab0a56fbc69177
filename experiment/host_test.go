package experiment

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// files are what the kernel would say.
func files(texts map[string]string) procfs {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return procfs{fsys}
}

// Two CPUs; user nice system idle iowait irq softirq steal guest guest_nice.
const statText = `cpu  300 30 150 1000 5 6 7 8 0 0
cpu0 100 10 50 500 1 2 3 4 0 0
cpu1 200 20 100 500 4 4 4 4 0 0
intr 1 2 3
ctxt 5
`

func TestParseStat(t *testing.T) {
	all := func(int) bool { return true }
	ms := func(ticks int) time.Duration { return time.Duration(ticks) * 10 * time.Millisecond }
	for name, c := range map[string]struct {
		text string
		may  func(int) bool
		want machineTime
	}{
		"all CPUs":          {statText, all, machineTime{2, ms(480), ms(8), ms(1506)}},
		"the ones allowed":  {statText, func(cpu int) bool { return cpu == 1 }, machineTime{1, ms(320), ms(4), ms(836)}},
		"nothing":           {"", all, machineTime{}},
		"an older kernel":   {"cpu0 1 2 3 4\n", all, machineTime{}},
		"what is no number": {"cpu0 a b c d e f g h\ncpux 1 2 3 4 5 6 7 8\n", all, machineTime{cpus: 1}},
	} {
		if got := parseStat(c.text, c.may); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add(statText)
	f.Add("cpu0 0 0 1000000000000 0 0 0 0 0\n") // more than an int64 of nanoseconds
	f.Fuzz(func(t *testing.T, text string) {
		got := parseStat(text, func(int) bool { return true })
		if got.cpus < 0 || got.busy < 0 || got.stolen < 0 || got.busy+got.stolen > got.total {
			t.Fatalf("%+v", got)
		}
	})
}

func TestHostReading(t *testing.T) {
	h := &host{files: files(map[string]string{
		"proc/stat":         statText,
		"proc/vmstat":       "nr_free_pages 5\npswpin 3\npswpout 4\n",
		"proc/self/status":  "Name:\tx\nTracerPid:\t7\n",
		clockSourceFile:     "tsc\n",
		"proc/self/cgroup":  "0::/a\n",
		"sys/fs/cgroup/a/x": "",
	}), may: func(int) bool { return true }}
	r := h.read()
	if r.at.IsZero() || r.cpu.cpus != 2 || r.swapped != 7 || r.clockSource != "tsc" || !r.traced {
		t.Fatalf("%+v", r)
	}
	// Where there is nothing to read, nothing is said.
	h.files = files(nil)
	if r := h.read(); r.cpu.cpus != 0 || r.swapped != 0 || r.clockSource != "" || r.traced {
		t.Fatalf("%+v", r)
	}
	if newHost(thisMachine()).read().cpu.cpus == 0 {
		t.Fatal("this machine has no CPU")
	}
}

func TestSurroundings(t *testing.T) {
	start := time.Now()
	before := hostReading{at: start, wall: start, cpu: machineTime{2, time.Second, time.Second, 10 * time.Second}, swapped: 5, throttled: time.Second, clockSource: "tsc"}
	after := hostReading{
		at: start.Add(10 * time.Second), wall: start.Add(10 * time.Second),
		cpu: machineTime{2, 13 * time.Second, 2 * time.Second, 30 * time.Second}, swapped: 8, throttled: 3 * time.Second, clockSource: "hpet", traced: true,
	}
	got := after.since(before, 9*time.Second)
	want := &surroundings{
		length: 10 * time.Second, capacity: 20 * time.Second, own: 9 * time.Second, others: 3 * time.Second, stolen: time.Second,
		throttled: 2 * time.Second, swapped: 3, clockFrom: "tsc", clockTo: "hpet", traced: true,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(surroundings{})); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}

	// The counter goes in steps: more than there was, or less than nothing, is not
	// said.
	if s := after.since(before, 12500*time.Millisecond); s.others != 0 {
		t.Errorf("others %v", s.others)
	}
	after.cpu.busy = 40 * time.Second
	if s := after.since(before, 9*time.Second); s.others != 11*time.Second {
		t.Errorf("others %v, want the 11s that were left", s.others)
	}
	// A clock that is set shows in the wall clock alone.
	after.wall = before.wall.Add(7 * time.Second)
	if s := after.since(before, 0); s.clockStep != -3*time.Second || s.length != 10*time.Second {
		t.Errorf("step %v in %v", s.clockStep, s.length)
	}
}
