package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/disk/disktest"
)

func create(t *testing.T, fs disk.FS) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	w, err := Create(fs, path, "head", []byte(`{"a":0}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, path
}

func data(i int) []byte { return fmt.Appendf(nil, `{"i":%d,"s":"}\",\"data\":{"}`, i) }

// lines reads what a journal holds, a word a record.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, torn, err := Parse(text)
	if err != nil || torn > 0 {
		t.Fatalf("%v, %d bytes torn", err, torn)
	}
	var list []string
	for i, r := range records {
		if r.Line != i+1 {
			t.Fatalf("record %d is said to be line %d", i+1, r.Line)
		}
		list = append(list, r.Kind+" "+string(r.Data))
	}
	return list
}

func TestRecordsComeBackInOrder(t *testing.T) {
	w, path := create(t, disk.OS())
	want := []string{`head {"a":0}`}
	for i := range 5 {
		if err := w.Append("thing", data(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, "thing "+string(data(i)))
		if diff := cmp.Diff(want, lines(t, path)); diff != "" {
			t.Fatalf("after %d appends (-want +got):\n%s", i+1, diff)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if !json.Valid(line) {
			t.Fatalf("not JSON: %s", line)
		}
	}
	if err := w.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v, want it removed", err)
	}
}

// Wherever the file ends, the records that are whole are there.
func TestEveryTruncation(t *testing.T) {
	w, path := create(t, disk.OS())
	ends := []int64{w.size}
	for i := range 3 {
		if err := w.Append("thing", data(i)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, w.size)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) + 1 {
		whole, from := 0, 0
		for _, e := range ends {
			if int64(n) >= e {
				whole, from = whole+1, int(e)
			}
		}
		records, torn, err := Parse(text[:n])
		if err != nil || len(records) != whole || torn != n-from {
			t.Fatalf("the first %d bytes: %d records, %d torn, %v; want %d and %d", n, len(records), torn, err, whole, n-from)
		}
		// After a loss of power a file may be as long as it was to be, without content.
		zeros := append(bytes.Clone(text[:n]), make([]byte, 100)...)
		if records, _, err := Parse(zeros); err != nil || len(records) != whole {
			t.Fatalf("the first %d bytes and zeros: %d records, %v; want %d", n, len(records), err, whole)
		}
	}
}

// Every bit that flips is found: in the last record it is taken for torn, before it is an
// error that says where.
func TestEveryFlippedBit(t *testing.T) {
	w, path := create(t, disk.OS())
	for i := range 2 {
		if err := w.Append("thing", data(i)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	second := bytes.IndexByte(text, '\n') + 1
	for i := range text {
		for bit := range 8 {
			spoilt := bytes.Clone(text)
			spoilt[i] ^= 1 << bit
			records, torn, err := Parse(spoilt)
			switch {
			case i == last-1: // joins the last two
				if err != nil || len(records) != 1 || torn != len(text)-second {
					t.Fatalf("byte %d, bit %d: %d records, %d torn, %v", i, bit, len(records), torn, err)
				}
			case i >= last:
				if err != nil || len(records) != 2 || torn != len(text)-last {
					t.Fatalf("byte %d, bit %d: %d records, %d torn, %v", i, bit, len(records), torn, err)
				}
			case err == nil:
				t.Fatalf("byte %d, bit %d: no error", i, bit)
			case i < second-1 && !strings.Contains(err.Error(), "damaged in line 1, at byte 0: "),
				i >= second && !strings.Contains(err.Error(), fmt.Sprintf("damaged in line 2, at byte %d: ", second)):
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
	}
}

// A journal that passing records are added to all day stays small, and loses none
// of the others.
func TestSupersededRecordsDoNotPileUp(t *testing.T) {
	w, path := create(t, disk.OS())
	w.maxSuperseded = 500
	var want []string
	largest := int64(0)
	for i := range 100 {
		for j := range 10 {
			if err := w.AppendPassing("passing", data(1000*i+j)); err != nil {
				t.Fatal(err)
			}
			list := lines(t, path)
			if got := list[len(list)-1]; got != "passing "+string(data(1000*i+j)) {
				t.Fatalf("the last record is %s", got)
			}
			largest = max(largest, w.size-w.keptBytes)
		}
		if err := w.Append("thing", data(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, "thing "+string(data(i)))
	}
	if limit := max(w.maxSuperseded, w.keptBytes) + 100; largest > limit {
		t.Fatalf("%d bytes were superseded, want %d at most", largest, limit)
	}
	var things []string
	for _, line := range lines(t, path) {
		if strings.HasPrefix(line, "thing") {
			things = append(things, line)
		}
	}
	if diff := cmp.Diff(want, things); diff != "" {
		t.Fatalf("kept (-want +got):\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != w.size {
		t.Fatalf("%v; the file has %d bytes, the writer thinks %d", err, info.Size(), w.size)
	}
	alone(t, path)
}

// alone wants nothing beside the file.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v; want the journal alone", entries, err)
	}
}

// Whichever operation fails, it is said, the records before are there, and so is
// each one after it whose Append said so.
func TestEveryOperationFailing(t *testing.T) {
	for _, onward := range []bool{false, true} {
		for k := 1; ; k++ {
			fs := disktest.At(k, onward)
			if failOnce(t, fs, fmt.Sprintf("operation %d, onward %v", k, onward)) > 0 {
				continue
			}
			renamed := 0
			for _, op := range fs.Ops() {
				if op == disktest.Rename {
					renamed++
				}
			}
			if renamed < 3 {
				t.Fatalf("the journal was replaced %d times: what that does when it fails was not seen", renamed)
			}
			break
		}
	}
}

func failOnce(t *testing.T, fs *disktest.Failing, name string) (hits int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	w, err := Create(fs, path, "head", []byte(`{}`))
	if err != nil {
		if !errors.Is(err, disktest.ErrInjected) || !strings.Contains(err.Error(), path+": ") || strings.Contains(err.Error(), ".tmp") {
			t.Fatalf("%s: %v, want the failure with the path", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) && len(fs.Failed()) == 1 {
			t.Fatalf("%s: %v, want no journal when there is an error", name, err)
		}
		return len(fs.Failed())
	}
	w.maxSuperseded = 150
	want := []string{"head {}"}
	for i := range 16 {
		if i%4 == 3 && w.Append("thing", data(i)) == nil {
			want = append(want, "thing "+string(data(i)))
		}
		passing := w.AppendPassing("passing", data(i))
		records := whole(t, name, path)
		last := records[len(records)-1]
		if passing == nil && last != "passing "+string(data(i)) {
			t.Fatalf("%s: the last record is %q after a passing one was kept", name, last)
		}
		var kept []string
		for _, r := range records {
			if !strings.HasPrefix(r, "passing") {
				kept = append(kept, r)
			}
		}
		// What was not said to be kept may be there all the same, at the end.
		if len(kept) < len(want) || !cmp.Equal(want, kept[:len(want)]) || len(kept) > len(want)+1 {
			t.Fatalf("%s: kept (-want +got):\n%s", name, cmp.Diff(want, kept))
		}
		want = kept
	}
	_ = w.Close()
	return len(fs.Failed())
}

// After a failed sync nobody knows what the file holds, and nothing is added.
func TestNothingFollowsAFailedSync(t *testing.T) {
	fs := &disktest.Failing{Fails: func(n int, op disktest.Op, _ string) bool { return op == disktest.Sync && n > 6 && n < 10 }}
	w, _ := create(t, fs)
	if err := w.Append("thing", data(1)); !errors.Is(err, disktest.ErrInjected) {
		t.Fatalf("%v, want the failure of sync", err)
	}
	before := len(fs.Ops())
	for range 3 {
		if err := errors.Join(w.Append("thing", data(2)), w.AppendPassing("passing", data(3))); !errors.Is(err, disktest.ErrInjected) {
			t.Fatalf("%v, want the failure of sync again", err)
		}
	}
	if ops := fs.Ops(); len(ops) > before {
		t.Fatalf("it went on with %v", ops[before:])
	}
}

// whole reads the whole records; a torn one at the end is allowed.
func whole(t *testing.T, name, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, _, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var list []string
	for _, r := range records {
		list = append(list, r.Kind+" "+string(r.Data))
	}
	return list
}

func TestALockSaysThatTheWriterLives(t *testing.T) {
	w, path := create(t, disk.OS())
	w.maxSuperseded = 0
	for i := range 4 { // each replaces the file
		if err := w.AppendPassing("passing", data(i)); err != nil {
			t.Fatal(err)
		}
		if !locked(t, path) {
			t.Fatalf("after %d records the file is not locked", i+1)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if locked(t, path) {
		t.Fatal("locked after Close")
	}
}

func locked(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return disk.Locked(f)
}

// What is read is bounded by what is there, and a whole record is not altered by
// writing it again.
func FuzzParse(f *testing.F) {
	text := bytes.Join([][]byte{Encode("head", []byte(`{}`)), Encode("thing", data(1)), Encode("passing", data(2))}, nil)
	f.Add(text)
	f.Add(text[:len(text)-5])
	f.Add(append(bytes.Clone(text[:10]), text[12:]...))
	f.Add(bytes.Repeat([]byte("\n"), 100))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, torn, err := Parse(text)
		if err != nil {
			if len(records) > 0 || torn != 0 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%d records and %d torn with error %q", len(records), torn, err)
			}
			return
		}
		if torn < 0 || torn > len(text) || len(records) > len(text)/headBytes {
			t.Fatalf("%d records, %d torn of %d bytes", len(records), torn, len(text))
		}
		var again []byte
		for _, r := range records {
			again = append(again, Encode(r.Kind, r.Data)...)
		}
		if !bytes.Equal(again, text[:len(text)-torn]) {
			t.Fatalf("written again:\n%q\nwas\n%q", again, text[:len(text)-torn])
		}
	})
}
