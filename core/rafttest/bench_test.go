package rafttest

import "testing"

// How much faster than the real world a cluster of five lives, on one core, with
// every check after every event. A tick stands for the 100 ms that it is by
// default in core/node.
func BenchmarkFiveNodes(b *testing.B) {
	ticks, seed := 0, uint64(0)
	for b.Loop() {
		result, err := Run(Options{Seed: seed, Nodes: 5})
		if err != nil {
			b.Fatal(err)
		}
		ticks += result.Ticks
		seed++
	}
	b.ReportMetric(float64(ticks)/10/b.Elapsed().Seconds(), "simulated-s/s")
}
