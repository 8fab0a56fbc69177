package transporttest

import (
	"testing"

	"github.com/raftbench/raftbench/transports/inproc"
)

// BenchmarkInproc shows what the benchmark costs at least.
func BenchmarkInproc(b *testing.B) { Benchmark(b, inproc.Transport()) }
