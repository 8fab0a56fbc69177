package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/experiment/claims"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/disk/disktest"
	"github.com/raftbench/raftbench/transports"
)

// Whichever operation of the disk fails, once or from then on: one clear error and exit code
// 1, and the table can be worked out from what is there.
func TestClaimsOnAFailingDisk(t *testing.T) {
	step := 29
	switch {
	case *stride > 0:
		step = *stride
	case testing.Short():
		step = 80
	}
	for _, onward := range []bool{false, true} {
		for k := 1; ; k += step {
			fs := disktest.At(k, onward)
			dir := filepath.Join(t.TempDir(), "out")
			var stdout, stderr strings.Builder
			// The second cannot be measured without these transports, which is written down.
			args := strings.Fields("claims 5 9 -d 8us --repeat 1 --allow-invalid -o " + dir)
			code := runOn(t.Context(), fs, transports.All()[:1], args, &stdout, &stderr)
			checkClaims(t, fmt.Sprintf("operation %d, onward %v", k, onward), fs, dir, code, stderr.String())
			if len(fs.Failed()) == 0 {
				break
			}
		}
	}
}

func checkClaims(t *testing.T, name string, fs *disktest.Failing, dir string, code int, log string) {
	t.Helper()
	for _, f := range fs.Failed() {
		of := strings.Contains(f.Path, reports.JournalName)
		// It is known already, or kept elsewhere, or nobody's business.
		harmless := f.Op == disktest.Lock || of && (f.Op == disktest.Close || f.Op == disktest.Remove)
		if !harmless && code != exitError {
			t.Fatalf("%s: %v failed, and the exit code is %d\n%s", name, f, code, log)
		}
	}
	complaints := regexp.MustCompile(`(?m)^raftbench: .*$`).FindAllString(log, -1)
	if code != exitOK && (len(complaints) != 1 || !strings.Contains(complaints[0], "no space left on device") || !strings.Contains(complaints[0], "raftbench claims --from")) {
		t.Fatalf("%s: exit code %d, want one line with the reason\n%s", name, code, log)
	}
	chosen, err := claims.Choose(claims.All(), []string{"5", "9"})
	if err != nil {
		t.Fatal(err)
	}
	table, missing, err := claims.Load(dir, chosen)
	if err != nil || len(missing)+len(table.Claims) != 2 || table.Count(claimtable.CannotBeTold) != len(table.Claims) {
		t.Fatalf("%s: %v, %+v", name, err, table)
	}
}
