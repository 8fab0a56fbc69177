package wal

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// A process is killed in the middle of writing, again and again: everything that it
// said was durable is there, with the data it had.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv("WAL_TEST_WRITER"); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	for round := range 6 {
		said := killWriter(t, dir, 40+17*round)
		l, err := Open(options(dir))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if l.LastIndex() < said {
			t.Fatalf("round %d: the log ends at %d, and %d was durable", round, l.LastIndex(), said)
		}
		for i := core.Index(1); i <= l.LastIndex(); i++ {
			list, err := l.Entries(i, i+1, 1)
			if err != nil || string(list[0].Data) != fmt.Sprint(i) {
				t.Fatalf("round %d: entry %d is %q, %v", round, i, list[0].Data, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter kills a writer when it has said so often that something is durable, and
// returns the last index that it said.
func killWriter(t *testing.T, dir string, times int) core.Index {
	t.Helper()
	writer := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	writer.Env = append(os.Environ(), "WAL_TEST_WRITER="+dir)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(out), uint64(0)
	for n := 0; lines.Scan(); n++ { // what it wrote before it died can still be read
		if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		if n == times {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Wait(); err == nil {
		t.Fatal("the writer ended by itself")
	}
	return core.Index(last)
}

func writeUntilKilled(t *testing.T, dir string) {
	l, err := Open(options(dir))
	if err != nil {
		fmt.Println(err)
		t.Fatal(err)
	}
	window := make(chan struct{}, 8)
	for i := l.LastIndex() + 1; ; i++ {
		window <- struct{}{}
		l.Write(core.Write{Entries: []core.Entry{{Index: i, Term: 1, Data: []byte(fmt.Sprint(i))}}, Sync: true}, func(err error) {
			if err == nil {
				fmt.Println(i)
			}
			<-window
		})
	}
}
