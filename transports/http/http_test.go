package http_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/http"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) {
	transporttest.Run(t, http.Transport(), "conns=0", "mode=pool:conns=64")
}

func BenchmarkTransport(b *testing.B) {
	for _, settings := range []string{"stock", "tuned", "conns=8", "conns=1"} {
		b.Run(settings, func(b *testing.B) { transporttest.Benchmark(b, http.Transport(), settings) })
	}
}
