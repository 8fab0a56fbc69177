package grpc_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/grpc"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) { transporttest.Run(t, grpc.Transport(), "conns=0", "conns=4") }
