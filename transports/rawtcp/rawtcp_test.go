package rawtcp_test

import (
	"strings"
	"testing"

	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) {
	transporttest.Run(t, rawtcp.Transport(), "conns=0", "conns=4", "io=gnet:sock=unix")
}

func TestNumberOfConnectionsIsChecked(t *testing.T) {
	for value, want := range map[string]string{"0": "", "1000": "", "1024": "", "1025": "from 0 to 1024", "-1": "from 0 to 1024"} {
		nt := rawtcp.Transport()
		options, err := nt.ParseOptions([]string{"conns=" + value})
		if err != nil {
			t.Fatal(err)
		}
		_, err = nt.New(options)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("conns=%s: error %v, want %q", value, err, want)
		}
	}
}
