package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/transports"
)

// stopper is a standard error that ends a context when it has shown some words.
type stopper struct {
	bytes.Buffer
	words string
	stop  context.CancelFunc
}

func (s *stopper) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if s.words != "" && strings.Contains(s.String(), s.words) {
		s.stop()
	}
	return n, err
}

// A search that is interrupted while it tries, and again while it confirms, says how to go on,
// and goes on where it was.
func TestAnInterruptedSearchGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	tune := func(words string, args ...string) (int, string) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		complaints := &stopper{words: words, stop: stop}
		code := run(ctx, transports.All(), append([]string{"tune"}, args...), new(bytes.Buffer), complaints)
		return code, complaints.String()
	}
	args := strings.Fields("--transport inproc -c 4 --payload 16 -d 150ms --warmup 0s --repeat 1 --blocks 6 --batch.size 1KiB,2KiB --linger 100us,200us --allow-invalid -o " + dir)
	code, text := tune("[3/", args...)
	if code != exitInterrupted || !strings.Contains(text, "interrupted after 3 trials: go on with raftbench tune --resume "+dir) {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	code, text = tune(" tuned ", "--resume", dir)
	switch {
	case code == exitOK: // the default has won: there was nothing to confirm
		return
	case code != exitInterrupted || !strings.Contains(text, "3 trials are remembered"):
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	all := regexp.MustCompile(`interrupted after (\d+) trials`).FindStringSubmatch(text)
	code, text = tune("", "--resume", dir)
	if code != exitOK || all == nil || !strings.Contains(text, all[1]+" trials are remembered") {
		t.Errorf("exit code %d, %v before:\n%s", code, all, text)
	}
}
