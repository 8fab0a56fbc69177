package calibration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/raftbench/raftbench/reports"
)

func of(machine string, floor float64) *reports.Calibration {
	h := hdrhistogram.New(1, 1e6, 3)
	_ = h.RecordValue(1234)
	return &reports.Calibration{
		Measured: time.Date(2026, 11, 22, 20, 15, 4, 0, time.UTC), Machine: machine, Pairs: 12,
		NoiseFloor: map[string]float64{"throughput_ops_per_s": floor}, DispatchLag: reports.NewHistogram(h),
	}
}

func stored(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deep", "calibration.json")
	t.Setenv(PathVariable, path)
	return path
}

func TestSaveAndLoad(t *testing.T) {
	path := stored(t)
	if c, err := Load("one", false); c != nil || err != nil {
		t.Fatalf("before there is a file: %+v, error %v", c, err)
	}
	for _, c := range []*reports.Calibration{of("one", 0.01), of("two", 0.02), of("one", 0.03)} {
		if at, err := Save(c); err != nil || at != path {
			t.Fatalf("%s, error %v", at, err)
		}
	}
	got, err := Load("one", false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(of("one", 0.03), got, cmpopts.IgnoreFields(reports.Calibration{}, "DispatchLag")); diff != "" {
		t.Error(diff)
	}
	if got.DispatchLag.Max() != of("", 0).DispatchLag.Max() {
		t.Errorf("lag %d", got.DispatchLag.Max())
	}
	if c, err := Load("two", false); err != nil || c.NoiseFloor["throughput_ops_per_s"] != 0.02 {
		t.Errorf("%+v, error %v", c, err)
	}
	if c, err := Load("three", false); c != nil || err != nil {
		t.Errorf("of another machine: %+v, error %v", c, err)
	}
}

// A machine is calibrated for arms that take turns and for arms that do not.
func TestCalibrationsOfBothKinds(t *testing.T) {
	stored(t)
	sliced := of("one", 0.01)
	sliced.Slice = time.Second
	for _, c := range []*reports.Calibration{of("one", 0.03), sliced} {
		if _, err := Save(c); err != nil {
			t.Fatal(err)
		}
	}
	for kind, want := range map[bool]float64{false: 0.03, true: 0.01} {
		c, err := Load("one", kind)
		if err != nil || c == nil || c.NoiseFloor["throughput_ops_per_s"] != want {
			t.Errorf("sliced %v: %+v, error %v; want a floor of %v", kind, c, err, want)
		}
	}
}

func TestTheOldestMachinesGo(t *testing.T) {
	f := new(file)
	for i := range maxMachines + 3 {
		f.put(of(fmt.Sprint("machine ", i), 0.01))
	}
	f.put(of("machine 3", 0.02))
	if n := len(f.Machines); n != maxMachines || f.Machines[0].Machine != "machine 4" || f.Machines[n-1].Machine != "machine 3" {
		t.Fatalf("%d machines, from %s to %s", n, f.Machines[0].Machine, f.Machines[n-1].Machine)
	}
}

func TestDamagedFilesAreRefusedAndKept(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"not JSON":        "hello",
		"truncated":       `{"schema": "raftbench/calibration", "vers`,
		"foreign":         `{"hello": "world"}`,
		"newer":           `{"schema": "raftbench/calibration", "version": 2}`,
		"no machine":      `{"schema": "raftbench/calibration", "version": 1, "machines": [{"pairs": 12}]}`,
		"no pairs":        `{"schema": "raftbench/calibration", "version": 1, "machines": [{"machine": "x"}]}`,
		"negative floor":  `{"schema": "raftbench/calibration", "version": 1, "machines": [{"machine": "x", "pairs": 9, "noise_floor": {"p99": -1}}]}`,
		"floor as a text": `{"schema": "raftbench/calibration", "version": 1, "machines": [{"machine": "x", "pairs": 9, "noise_floor": {"p99": "a"}}]}`,
		"bad histogram":   `{"schema": "raftbench/calibration", "version": 1, "machines": [{"machine": "x", "pairs": 9, "dispatch_lag": "AAAA"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := stored(t)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, loading := Load("x", false)
			_, saving := Save(of("x", 0.01))
			for _, err := range []error{loading, saving} {
				if err == nil || !strings.Contains(err.Error(), path) || !strings.HasSuffix(err.Error(), "remove it and calibrate again") || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v", err)
				}
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != text {
				t.Errorf("the file is %q, error %v", got, err)
			}
		})
	}
}

func TestPlacesWhereNothingCanBeKept(t *testing.T) {
	path := stored(t)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("x", false); err == nil {
		t.Error("a directory was read")
	}
	t.Setenv(PathVariable, filepath.Join(os.DevNull, "calibration.json"))
	if _, err := Save(of("x", 0.01)); err == nil {
		t.Error("kept below a device")
	}
	for _, name := range []string{PathVariable, "XDG_CACHE_HOME", "HOME"} {
		t.Setenv(name, "")
	}
	if _, err := Path(); err == nil || !strings.Contains(err.Error(), PathVariable) {
		t.Errorf("error %v", err)
	}
	if c, err := Load("x", false); c != nil || err != nil {
		t.Errorf("without a home: %v, error %v", c, err)
	}
	if _, err := Save(of("x", 0.01)); err == nil {
		t.Error("kept nowhere")
	}
	t.Setenv("XDG_CACHE_HOME", "/cache")
	if path, err := Path(); err != nil || path != "/cache/raftbench/calibration.json" {
		t.Errorf("%s, error %v", path, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema": "raftbench/calibration", "version": 1, "machines": [{"machine": "x", "pairs": 9, "noise_floor": {"p99": 0.1}}]}`))
	f.Add([]byte(`{"schema": "raftbench/calibration", "version": 1, "machines": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decode(data)
		if err != nil {
			return
		}
		for _, m := range c.Machines {
			if m.Machine == "" || m.Pairs < 1 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
