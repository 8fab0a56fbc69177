package netrpc_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/netrpc"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) { transporttest.Run(t, netrpc.Transport(), "conns=0", "conns=4") }

func BenchmarkTransport(b *testing.B) {
	for _, profile := range []string{"stock", "tuned"} {
		b.Run(profile, func(b *testing.B) { transporttest.Benchmark(b, netrpc.Transport(), profile) })
	}
}
