package claims

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/render"
)

var updateGolden = flag.Bool("update", false, "write the golden files")

// numbered is a claim as the command line has it.
func numbered(t *testing.T, id string) Numbered {
	t.Helper()
	chosen, err := Choose(All(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return chosen[0]
}

// put stores a result as raftbench claims does.
func put(t *testing.T, dir string, n Numbered, run *reports.Run) {
	t.Helper()
	folder := filepath.Join(dir, n.Folder())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if run != nil {
		if err := reports.Write(folder, run); err != nil {
			t.Fatal(err)
		}
	}
}

// stored is a directory with a claim that holds, one that does not, one that others on the
// machine spoilt, and one that the build could not measure.
func stored(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pipelining, gob, unix := numbered(t, "deep-pipelining"), numbered(t, "protobuf-beats-gob"), numbered(t, "unix-sockets")
	put(t, dir, pipelining, invented(pipelining.Claim, 8, 0.01, byDepth(1.5, 0.9)))
	put(t, dir, gob, invented(gob.Claim, 8, 0.01, byCodec(1.5, 45)))
	spoilt := invented(unix.Claim, 8, 0.01, byLabel(10, nil))
	for i := range spoilt.Arms {
		r := &spoilt.Arms[i].Replicates[2]
		r.Valid, r.Reasons = false, []string{"other-load: other processes took 54 % of the CPU time"}
	}
	put(t, dir, unix, spoilt)
	loop := numbered(t, "event-loop")
	put(t, dir, loop, nil)
	if err := loop.WriteUnmeasured(disk.OS(), dir, "this build has no option io"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func all(t *testing.T) []Numbered {
	t.Helper()
	list, err := Choose(All(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The table comes out of the stored results alone, and says what is not among them.
func TestLoad(t *testing.T) {
	dir := stored(t)
	table, missing, err := Load(dir, all(t))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]claimtable.Verdict{}
	for _, c := range table.Claims {
		got[c.ID] = c.Verdict
	}
	want := map[string]claimtable.Verdict{"event-loop": untold, "protobuf-beats-gob": fails, "deep-pipelining": holds, "unix-sockets": untold}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(missing) != len(All())-4 || missing[0].ID != "grpc-three-times-netrpc" {
		t.Errorf("%d are missing", len(missing))
	}
	if want := "4 published claims: 1 holds here, 1 does not, 2 cannot be told."; table.Headline() != want {
		t.Errorf("headline %q, want %q", table.Headline(), want)
	}
	if why := table.Claims[0].Because; why != "this build has no option io" {
		t.Errorf("because %q", why)
	}
	if table.Machine != "AMD EPYC, 2 CPUs, Linux 6.18.5, go1.26.8" || len(table.Warnings) > 0 || table.Finished.IsZero() {
		t.Errorf("%+v", table)
	}
}

func TestLoadOfSeveralMachines(t *testing.T) {
	dir := stored(t)
	n := numbered(t, "more-connections")
	run := invented(n.Claim, 8, 0.01, byLabel(10, nil))
	run.Environment.CPUModel, run.Tool.Revision = "another", "4567def"
	run.Started, run.Finished = run.Started.AddDate(0, 0, -1), run.Finished.AddDate(0, 0, 1)
	put(t, dir, n, run)
	table, _, err := Load(dir, all(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"claim more-connections was measured on another machine: another, 2 CPUs, Linux 6.18.5, go1.26.8",
		"claim more-connections was measured by another revision: 4567def",
	}
	if diff := cmp.Diff(want, table.Warnings); diff != "" {
		t.Error(diff)
	}
	if !table.Started.Equal(run.Started) || !table.Finished.Equal(run.Finished) {
		t.Errorf("from %v to %v", table.Started, table.Finished)
	}
}

// What is damaged is an error that names claim and file; a folder without anything is a
// claim that was not measured.
func TestLoadOfWhatIsNotThere(t *testing.T) {
	n := numbered(t, "longer-linger")
	dir := t.TempDir()
	put(t, dir, n, nil)
	table, missing, err := Load(dir, []Numbered{n})
	if err != nil || len(missing) != 0 || table.Claims[0].Verdict != untold || !strings.Contains(table.Claims[0].Because, "holds no result") {
		t.Fatalf("%v, %+v", err, table)
	}
	if err := os.WriteFile(filepath.Join(dir, n.Folder(), reports.FileName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(dir, []Numbered{n}); err == nil || !strings.Contains(err.Error(), "claim longer-linger: ") || !strings.Contains(err.Error(), reports.FileName) {
		t.Errorf("error: %v", err)
	}
}

// The forms of a table, from stored results that never change.
func TestForms(t *testing.T) {
	table, _, err := Load(stored(t), all(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range render.ClaimFormats() {
		var b strings.Builder
		if err := render.Claims(&b, format, table, false); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if format == "html" { // the style is that of every page, and the raw data are the other form
			text = regexp.MustCompile(`(?s)<style>.*?</style>|style-src '[^']*'|base64,[A-Za-z0-9+/=]*|style-src &#39;[^&]*&#39;`).ReplaceAllString(text, "")
		}
		golden(t, filepath.Join("testdata", "claims."+format), text)
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant, run go test -update (-want +got):\n%s", path, diff)
	}
}

// Colour is for terminals: it adds nothing but escape sequences.
func TestColour(t *testing.T) {
	table, _, err := Load(stored(t), all(t))
	if err != nil {
		t.Fatal(err)
	}
	var plain, coloured strings.Builder
	for b, colour := range map[*strings.Builder]bool{&plain: false, &coloured: true} {
		if err := render.Claims(b, "text", table, colour); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(coloured.String(), "\x1b[1;32mholds here\x1b[0m") || !strings.Contains(coloured.String(), "\x1b[1;31mdoes not hold here\x1b[0m") {
		t.Error("the verdicts have no colour")
	}
	if stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured.String(), ""); stripped != plain.String() {
		t.Error(cmp.Diff(plain.String(), stripped))
	}
}

// All files of a directory are written, or the error of the first that is not.
func TestDir(t *testing.T) {
	dir := stored(t)
	table, _, err := Load(dir, all(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := render.ClaimsDir(disk.OS(), dir, table); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"claims.md", "claims.html", "claims.json"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := render.ClaimsDir(disk.OS(), filepath.Join(dir, "nowhere"), table); err == nil {
		t.Error("a directory that is not there was written to")
	}
}
