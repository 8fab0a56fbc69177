package reports_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func encoded(t testing.TB, run *reports.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := reports.Encode(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func small() *reports.Run { return reportstest.Run(reportstest.Shapes()[:2], 2) }

func TestRunRoundTrip(t *testing.T) {
	run := small()
	data := encoded(t, run)
	back, err := reports.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	histograms := cmp.Comparer(func(a, b *reports.Histogram) bool {
		x, errX := a.MarshalJSON()
		y, errY := b.MarshalJSON()
		return errX == nil && errY == nil && bytes.Equal(x, y)
	})
	if diff := cmp.Diff(run, back, histograms); diff != "" {
		t.Fatalf("changed on the way (-want +got):\n%s", diff)
	}
	if !bytes.Equal(data, encoded(t, back)) {
		t.Fatal("written again it is another file")
	}
}

func TestWriteAndReadADirectory(t *testing.T) {
	dir := t.TempDir()
	run := small()
	for _, status := range []reports.Status{reports.StatusRunning, reports.StatusComplete} {
		run.Status = status
		if err := reports.Write(dir, run); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{dir, filepath.Join(dir, reports.FileName)} {
			back, err := reports.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if back.Status != status || len(back.Arms) != 2 {
				t.Fatalf("read %s: status %s, %d arms", path, back.Status, len(back.Arms))
			}
		}
	}
}

// A file that ends early is refused wherever it ends.
func TestEveryTruncationIsRefused(t *testing.T) {
	data := encoded(t, reportstest.Run(nil, 1))
	for n := range len(bytes.TrimRight(data, "\n")) {
		if _, err := reports.Decode(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a run", n, len(data))
		}
	}
	long := encoded(t, small())
	_, err := reports.Decode(long[:len(long)/2])
	if err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Fatalf("half a file: %v, want it called truncated", err)
	}
}

func TestReadRefusesWithOneLineThatNamesTheFile(t *testing.T) {
	data := string(encoded(t, small()))
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "empty"},
		{"text", "hello", "not a raftbench result"},
		{"other JSON", `{"a":1}`, `not a raftbench result: schema is "", want "raftbench/result"`},
		{"list", `[1]`, "not a raftbench result"},
		{"other schema", strings.Replace(data, "raftbench/result", "vegeta", 1), `schema is "vegeta"`},
		{"newer", strings.Replace(data, `"version": 1`, `"version": 2`, 1), "schema version is 2: this raftbench reads 1 to 1"},
		{"version zero", strings.Replace(data, `"version": 1`, `"version": 0`, 1), "schema version is 0"},
		{"damaged", strings.Replace(data, `"status":`, `"status"`, 1), "damaged at byte"},
		{"trailing", data + "{}", "damaged at byte"},
		{"wrong type", strings.Replace(data, `"argv": [`, `"argv": [3,`, 1), "damaged"},
		{"bad histogram", strings.Replace(data, `"hdr": "HIST`, `"hdr": "HISP`, 1), "damaged: histogram"},
		{"no label", strings.Replace(data, `"label": "rawtcp"`, `"label": ""`, 1), "arm 2 has no label"},
		{"two of a label", strings.Replace(data, `"label": "rawtcp"`, `"label": "inproc"`, 1), `two arms have the label "inproc"`},
		{"escape sequence", strings.Replace(data, `"label": "rawtcp"`, `"label": "\u001b[2J"`, 1), `its label "\x1b[2J" has a control character`},
		{"status", strings.Replace(data, `"status": "complete"`, `"status": "done"`, 1), `status is "done"`},
		{"loop", strings.Replace(data, `"loop": "closed"`, `"loop": "half"`, 1), `loop is "half"`},
	} {
		path := filepath.Join(t.TempDir(), "file.json")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := reports.Read(path)
		switch {
		case err == nil:
			t.Errorf("%s: no error", c.name)
		case !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: %v\nwant one line with %q and the path", c.name, err, c.want)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "nothing"), t.TempDir()} {
		if _, err := reports.Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("read %s: %v, want an error with the path", path, err)
		}
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	for name, spoil := range map[string]func(*reports.Run){
		"status":          func(r *reports.Run) { r.Status = "" },
		"label":           func(r *reports.Run) { r.Arms[0].Label = "" },
		"transport":       func(r *reports.Run) { r.Arms[0].Transport = "" },
		"loop":            func(r *reports.Run) { r.Arms[0].Workload.Loop = "" },
		"window":          func(r *reports.Run) { r.Arms[0].Replicates[0].Window = -1 },
		"no histogram":    func(r *reports.Run) { r.Arms[0].Replicates[0].Histograms[0].Histogram = nil },
		"histogram twice": func(r *reports.Run) { r.Arms[0].Replicates[0].Histograms[1].Kind = reports.KindResponse },
		"uneven series":   func(r *reports.Run) { r.Arms[0].Replicates[0].Series.P99 = []int64{1} },
		"no bucket":       func(r *reports.Run) { r.Arms[0].Replicates[0].Series.Bucket = 0 },
	} {
		run := small()
		spoil(run)
		if err := reports.Encode(&bytes.Buffer{}, run); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	run := runOf(armOf("grpc", 100), armOf("http", 300)) // small: big seeds make the fuzzer slow
	data := encoded(f, run)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(`{"schema":"raftbench/result","version":1,"status":"complete"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := reports.Decode(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("the error has several lines: %q", err)
			}
			return
		}
		// What was read can be written, and summed up without a panic.
		again, err := reports.Decode(encoded(t, run))
		if err != nil {
			t.Fatalf("what was read is refused when it is written again: %v", err)
		}
		for _, g := range reports.Summarize(again) {
			g.Headline()
		}
		if base := reports.Baseline(again); base != nil {
			reports.CompareArms(again, base)
		}
	})
}
