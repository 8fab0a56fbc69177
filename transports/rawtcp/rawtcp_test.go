package rawtcp_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) {
	transporttest.Run(t, rawtcp.Transport(), "conns=0", "conns=4", "io=gnet:sock=unix")
}
