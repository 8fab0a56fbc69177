package reports_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/disk/disktest"
	"github.com/raftbench/raftbench/reports/journal"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// begun is a run of two arms before anything is measured, and its replicates in
// the order in which they come.
func begun() (*reports.Run, []reports.Measured) {
	run := reportstest.Run(reportstest.Shapes()[:2], 3)
	run.Status, run.Finished, run.Warnings = reports.StatusRunning, time.Time{}, nil
	var list []reports.Measured
	for block := range 3 {
		for arm := range run.Arms {
			list = append(list, reports.Measured{Arm: arm, InProcess: arm == 0, Replicate: &run.Arms[arm].Replicates[block]})
		}
	}
	first := *run
	first.Arms = slices.Clone(run.Arms)
	for arm := range first.Arms {
		first.Arms[arm].Replicates, first.Arms[arm].InProcess = nil, false
	}
	return &first, list
}

// with adds replicates to a run as a reader is to see them.
func with(run *reports.Run, status reports.Status, list []reports.Measured) *reports.Run {
	out := *run
	out.Status, out.Arms = status, slices.Clone(run.Arms)
	for _, m := range list {
		arm := &out.Arms[m.Arm]
		arm.InProcess = m.InProcess
		arm.Replicates = append(slices.Clone(arm.Replicates), *m.Replicate)
	}
	return &out
}

// partial is a replicate that has not ended.
func partial(m reports.Measured) reports.Measured {
	r := *m.Replicate
	r.Partial, r.Valid, r.Reasons = true, false, []string{"under way"}
	r.Operations.Succeeded /= 2
	r.Operations.Started /= 2
	m.Replicate = &r
	return m
}

func keep(t *testing.T, fs disk.FS, run *reports.Run) (*reports.Keeper, string) {
	t.Helper()
	dir := t.TempDir()
	k := reports.NewKeeper(fs, dir)
	if err := k.Begin(run); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Finish(run) }) // closes the journal
	return k, dir
}

// killed reads what a process that dies now leaves: the same files, and no lock.
func killed(t *testing.T, dir string) (*reports.Run, error) {
	t.Helper()
	after := t.TempDir()
	if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return reports.Read(after)
}

// same wants two runs to be stored alike.
func same(t *testing.T, what string, want, got *reports.Run) {
	t.Helper()
	if diff := cmp.Diff(string(encoded(t, want)), string(encoded(t, got))); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func TestARunIsReadableAtEveryStep(t *testing.T) {
	run, list := begun()
	list = list[:3]
	k, dir := keep(t, disk.OS(), run)
	for i, m := range list {
		check := func(what string, want []reports.Measured) {
			t.Helper()
			live, err := reports.Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			same(t, what+", while it runs", with(run, reports.StatusRunning, want), live)
			dead, err := killed(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			same(t, what+", killed", with(run, reports.StatusKilled, want), dead)
		}
		check(fmt.Sprintf("%d replicates", i), list[:i])
		for range 2 {
			if err := k.Partial([]reports.Measured{partial(m)}); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprintf("%d replicates and a part", i), append(slices.Clone(list[:i]), partial(m)))
		}
		if err := k.Replicate(m); err != nil {
			t.Fatal(err)
		}
	}
	for _, status := range []reports.Status{reports.StatusInterrupted, reports.StatusComplete} {
		at := run.Started.Add(time.Hour)
		if err := k.End(status, at, "a reason"); err != nil {
			t.Fatal(err)
		}
		want := with(run, status, list)
		want.Finished, want.Warnings = at, []string{"a reason"}
		got, err := killed(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the end", want, got)
	}
	if err := k.Finish(with(run, reports.StatusComplete, list)); err != nil {
		t.Fatal(err)
	}
	got, err := reports.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "finished", with(run, reports.StatusComplete, list), got)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || entries[0].Name() != reports.FileName {
		t.Fatalf("%v, %v; want %s alone", entries, err, reports.FileName)
	}
}

// A replicate that was under way is never valid and never ranked, whatever the
// record says.
func TestAPartialReplicateIsNeverRanked(t *testing.T) {
	run, list := begun()
	k, dir := keep(t, disk.OS(), run)
	for _, m := range list[:3] {
		if err := k.Replicate(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Partial(list[3:4]); err != nil { // says that it is valid
		t.Fatal(err)
	}
	got, err := killed(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	last := got.Arms[1].Replicates[1]
	if last.Valid || !last.Partial || len(last.Reasons) == 0 {
		t.Fatalf("valid %v, partial %v, reasons %q", last.Valid, last.Partial, last.Reasons)
	}
	for _, s := range reports.Summarize(got)[0].Summaries {
		if s.Arm.Label == "rawtcp" && s.Ranked() {
			t.Fatal("the arm with a partial replicate is ranked")
		}
	}
}

// Replicates that are under way at the same time are all there after a crash, until each
// is there whole.
func TestSeveralPartialReplicates(t *testing.T) {
	run, list := begun()
	k, dir := keep(t, disk.OS(), run)
	wants := func(what string, want ...reports.Measured) {
		t.Helper()
		got, err := killed(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		same(t, what, with(run, reports.StatusKilled, want), got)
	}
	a, b := partial(list[0]), partial(list[1])
	if err := k.Partial([]reports.Measured{a, b}); err != nil {
		t.Fatal(err)
	}
	wants("both under way", a, b)
	later := partial(list[1])
	later.Replicate.Operations.Failed = 7
	if err := k.Partial([]reports.Measured{a, later}); err != nil {
		t.Fatal(err)
	}
	wants("one went on", a, later)
	if err := k.Replicate(list[0]); err != nil {
		t.Fatal(err)
	}
	wants("one is whole", list[0], later)
	if err := k.Replicate(list[1]); err != nil {
		t.Fatal(err)
	}
	wants("both are whole", list[0], list[1])
}

// What a replicate costs to keep does not depend on how many there are.
func TestAReplicateIsWrittenOnce(t *testing.T) {
	run, list := begun()
	fs := new(disktest.Failing)
	k, dir := keep(t, fs, run)
	var sizes []int64
	var ops []int
	for range 20 {
		if err := k.Replicate(list[1]); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, reports.JournalName))
		if err != nil {
			t.Fatal(err)
		}
		sizes, ops = append(sizes, info.Size()), append(ops, len(fs.Ops()))
	}
	for i := 2; i < len(sizes); i++ {
		if sizes[i]-sizes[i-1] != sizes[1]-sizes[0] || ops[i]-ops[i-1] != ops[1]-ops[0] {
			t.Fatalf("replicate %d took %d bytes and %d operations, the second %d and %d", i+1, sizes[i]-sizes[i-1], ops[i]-ops[i-1], sizes[1]-sizes[0], ops[1]-ops[0])
		}
	}
}

// Wherever the journal ends there is a run with a part of what was kept.
func TestTruncatedJournals(t *testing.T) {
	run, list := begun()
	k, dir := keep(t, disk.OS(), run)
	path := filepath.Join(dir, reports.JournalName)
	size := func() int {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Size())
	}
	header := size()
	ends := []int{header}
	for _, m := range list[:3] {
		if err := k.Partial([]reports.Measured{partial(m)}); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, size())
		if err := k.Replicate(m); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	path, most := filepath.Join(t.TempDir(), reports.JournalName), 0
	for n := 0; n <= len(text); n++ {
		near := slices.ContainsFunc(ends, func(end int) bool { return n >= end-2 && n <= end+2 })
		if !near && n%997 != 0 { // package journal tries every byte
			continue
		}
		if err := os.WriteFile(path, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := reports.Read(path)
		if n < header {
			if err == nil {
				t.Fatalf("the first %d bytes are taken for a run", n)
			}
			continue
		}
		if err != nil {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
		count := len(got.Arms[0].Replicates) + len(got.Arms[1].Replicates)
		torn := !slices.Contains(ends, n)
		if got.Status != reports.StatusKilled || count < most || torn != (len(got.Warnings) > 0) {
			t.Fatalf("the first %d bytes: status %s, warnings %q, %d replicates; fewer bytes gave %d", n, got.Status, got.Warnings, count, most)
		}
		most = count
	}
	if most != 3 {
		t.Fatalf("%d replicates at the end", most)
	}
}

func TestADamagedJournalIsRefusedWithThePlace(t *testing.T) {
	run, list := begun()
	k, dir := keep(t, disk.OS(), run)
	for _, m := range list[:3] {
		if err := k.Replicate(m); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, reports.JournalName))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	add := func(kind, data string) string { return string(text) + string(journal.Encode(kind, []byte(data))) }
	for _, c := range []struct{ name, content, want string }{
		{"a bit", lines[0] + strings.Replace(lines[1], `"block":1`, `"block":9`, 1) + lines[2], fmt.Sprintf("damaged in line 2, at byte %d", len(lines[0]))},
		{"a line is missing its half", lines[0] + lines[1][:100] + lines[2] + lines[3], "damaged in line 2"},
		{"no beginning", lines[1] + lines[2], "does not begin with one"},
		{"empty", "", "does not begin with one"},
		{"another file", "hello\n", "does not begin with one"},
		{"newer", string(journal.Encode("run", []byte(`{"schema":"raftbench/result","version":999}`))), "line 1: schema version is 999"},
		{"unknown kind", add("verdict", "{}"), `line 5: record is "verdict"`},
		{"no such arm", add("replicate", `{"arm":7,"replicate":{}}`), "line 5: a replicate of arm 8 of 2"},
		{"no replicate", add("partial", `[{"arm":1}]`), "line 5: a replicate of arm 2 of 2"},
		{"wrong type", add("end", `{"status":7}`), "line 5: damaged"},
		{"wrong status", add("end", `{"status":"won"}`), `status is "won"`},
	} {
		path := filepath.Join(t.TempDir(), reports.JournalName)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, where := range []string{path, filepath.Dir(path)} {
			_, err := reports.Read(where)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v\nwant one line with %q and the path", c.name, err, c.want)
			}
		}
	}
}

// Where both files are there, the one that was written at the end counts, unless
// it was not written at the end.
func TestWhichOfTwoFilesCounts(t *testing.T) {
	for _, c := range []struct {
		status reports.Status
		want   int // replicates
	}{{reports.StatusComplete, 0}, {reports.StatusInterrupted, 0}, {reports.StatusRunning, 1}, {reports.StatusKilled, 1}} {
		run, list := begun()
		k, dir := keep(t, disk.OS(), run)
		if err := k.Replicate(list[0]); err != nil {
			t.Fatal(err)
		}
		if err := reports.Write(dir, with(run, c.status, nil)); err != nil {
			t.Fatal(err)
		}
		got, err := reports.Read(dir)
		if err != nil || len(got.Arms[0].Replicates) != c.want {
			t.Errorf("%s says %s: %v, want %d replicates", reports.FileName, c.status, err, c.want)
		}
	}
}

// Whichever operation of the disk fails: it is said, what was kept is there, and
// nothing looks whole that is not.
func TestEveryOperationOfTheDiskFailing(t *testing.T) {
	for _, onward := range []bool{false, true} {
		for k := 1; ; k++ {
			fs := disktest.At(k, onward)
			if !lifeOn(t, fs, fmt.Sprintf("operation %d, onward %v", k, onward)) {
				if k < 15 {
					t.Fatalf("only %d operations", k-1)
				}
				break
			}
		}
	}
}

// lifeOn keeps a run on a disk and reads what is left; false if nothing failed.
func lifeOn(t *testing.T, fs *disktest.Failing, name string) bool {
	t.Helper()
	run, list := begun()
	list = list[:2]
	for _, m := range list { // what matters is short, and there are many turns
		*m.Replicate = reports.Replicate{Index: 1, Operations: m.Replicate.Operations, Valid: true}
	}
	dir := t.TempDir()
	k := reports.NewKeeper(fs, dir)
	kept, err := life(k, run, list)
	// Without the lock a reader knows less; a journal that is not removed is not read.
	harmless := func(f disktest.Failure) bool {
		return f.Op == disktest.Lock || f.Op == disktest.Remove || f.Op == disktest.Close && strings.Contains(f.Path, reports.JournalName)
	}
	failed := fs.Failed()
	switch {
	case err != nil && (!errors.Is(err, disktest.ErrInjected) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), ".tmp")):
		t.Fatalf("%s: error %q, want one line with the reason", name, err)
	case err == nil && len(failed) > 0 && !harmless(failed[0]):
		t.Fatalf("%s: %v failed, and there is no error", name, failed[0])
	}
	got, readErr := killed(t, dir)
	if readErr != nil {
		if kept >= 0 {
			t.Fatalf("%s: %d replicates were kept, and reading says %v", name, kept, readErr)
		}
		return true
	}
	count := 0
	for _, a := range got.Arms {
		for _, r := range a.Replicates {
			if !r.Partial {
				count++
			}
		}
	}
	if count < kept {
		t.Fatalf("%s: %d replicates were kept, %d are there", name, kept, count)
	}
	if got.Status == reports.StatusComplete && count < len(list) {
		t.Fatalf("%s: complete with %d of %d replicates", name, count, len(list))
	}
	return len(failed) > 0
}

// life is that of a keeper: the replicates that were kept, less than zero if not even the
// run was, and the first error, which ends it.
func life(k *reports.Keeper, run *reports.Run, list []reports.Measured) (kept int, err error) {
	if err := k.Begin(run); err != nil {
		return -1, err
	}
	for _, m := range list {
		if err = k.Partial([]reports.Measured{partial(m)}); err != nil {
			break
		}
		if err = k.Replicate(m); err != nil {
			break
		}
		kept++
	}
	status := reports.StatusComplete
	if err != nil {
		status = reports.StatusInterrupted
	}
	if ending := k.End(status, run.Started); err == nil {
		err = ending
	}
	if finishing := k.Finish(with(run, status, list[:kept])); err == nil {
		err = finishing
	}
	return kept, err
}

func FuzzReadJournal(f *testing.F) {
	run := runOf(armOf("grpc", 100), armOf("http", 300))
	dir := f.TempDir()
	k := reports.NewKeeper(disk.OS(), dir)
	if err := k.Begin(run); err != nil {
		f.Fatal(err)
	}
	if err := k.Replicate(reports.Measured{Arm: 1, Replicate: &run.Arms[1].Replicates[0]}); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, reports.JournalName)
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if err := k.Finish(run); err != nil {
		f.Fatal(err)
	}
	records, _, err := journal.Parse(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("replicate", records[1].Data, []byte(nil))
	f.Add("partial", records[1].Data, text[:50])
	f.Add("end", []byte(`{"status":"interrupted","finished":"2026-01-02T03:04:05Z","warnings":["x"]}`), []byte("\n"))
	f.Add("run", records[0].Data, []byte(nil))
	head := journal.Encode("run", records[0].Data)
	f.Fuzz(func(t *testing.T, kind string, data, tail []byte) {
		text := append(slices.Concat(head, journal.Encode(kind, data)), tail...)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := reports.Read(path)
		if err != nil {
			return
		}
		if _, err := reports.Decode(encoded(t, run)); err != nil {
			t.Fatalf("what was read is refused when it is written again: %v", err)
		}
		reports.Summarize(run)
	})
}
