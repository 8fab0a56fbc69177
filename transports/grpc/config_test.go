package grpc

import (
	"strings"
	"testing"
)

func TestBadOptionsAreNamed(t *testing.T) {
	nt := Transport()
	for _, setting := range []string{
		"conns=-1", "conns=65", "control=both", "window=63KiB", "window=big", "writebuf=1", "readbuf=17MiB",
		"keepalive=9s", "keepalive=soon", "workers=-1", "mode=both", "batch=1",
	} {
		options, err := nt.ParseOptions([]string{setting})
		if err == nil {
			_, err = nt.New(options)
		}
		name, _, _ := strings.Cut(setting, "=")
		if err == nil || !strings.Contains(err.Error(), name+"=") {
			t.Errorf("%s: got error %v, want one that names %s", setting, err, name)
		}
	}
}

func TestOrderIsPromisedByStreamsOnly(t *testing.T) {
	nt := Transport()
	for mode, want := range map[string]bool{modeStream: true, modeUnary: false} {
		options, err := nt.ParseOptions([]string{"mode=" + mode})
		if err != nil {
			t.Fatal(err)
		}
		network, err := nt.New(options)
		if err != nil {
			t.Fatal(err)
		}
		if network.Ordered != want {
			t.Errorf("mode=%s: Ordered is %v", mode, network.Ordered)
		}
	}
}
