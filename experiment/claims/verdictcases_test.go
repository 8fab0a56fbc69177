package claims

import (
	"maps"
	"strings"
	"time"
)

// verdictCases are invented results of each claim that come to each verdict.
func verdictCases() map[string][]verdictCase {
	all := callCases()
	maps.Copy(all, raftCases())
	return all
}

// loud is a noise in which a difference of some per cent is lost.
const loud = 0.35

// callCases are of claims about single calls and messages.
func callCases() map[string][]verdictCase {
	return map[string][]verdictCase{
		"grpc-three-times-netrpc": {
			{name: "one of four ways does", of: byLabel(10, map[string]float64{"grpc:stock:mode=stream c=1000": 30}), want: holds, sure: "grpc:stock:mode=stream c=1000 against netrpc:stock"},
			{name: "fast enough but too slow", of: func(a Arm) shape {
				s := byLabel(10, map[string]float64{"grpc:stock c=1000": 30})(a)
				s.p50 += 5 * time.Millisecond
				return s
			}, want: fails},
			{name: "none does", of: byLabel(10, map[string]float64{"netrpc c=1000": 40, "netrpc:stock c=1000": 40}), want: fails},
			{name: "about twice", noise: loud, of: byLabel(20, map[string]float64{"grpc c=1000": 40}), want: untold, sure: "reaches over the line"},
		},
		"event-loop": {
			{name: "it wins everywhere", of: byIO(1.3, 1.3, 1.3), want: holds},
			{name: "it wins with many only", of: byIO(0.8, 1, 1.3), want: fails, sure: "conns=3"},
			{name: "equal is no win", of: byIO(1, 1, 1), want: fails},
			{name: "nobody knows", noise: loud, of: byIO(1.03, 1.03, 1.03), want: untold},
		},
		"protobuf-beats-gob": {
			{name: "both are slow", of: byCodec(45, 45), want: holds},
			{name: "only the cold one is", of: byCodec(1.5, 45), want: fails, sure: "gob-warm against protobuf"},
			{name: "about ten", noise: loud, of: byCodec(10, 45), want: untold},
		},
		"grpc-streams-halve-unary": {
			{name: "they do", of: byStream(0.5, 0.5), want: holds},
			{name: "not in latency", of: byStream(0.9, 0.4), want: fails, sure: "p50"},
			{name: "not in cost", of: byStream(0.4, 0.9), want: fails, sure: "CPU/op"},
			{name: "nobody knows", noise: loud, of: byStream(0.6, 0.6), want: untold},
		},
		"no-flow-control-loses-the-tail": {
			{name: "it does", of: byTail(60, 2), want: holds},
			{name: "the tails are alike", of: byTail(2, 2), want: fails},
			{name: "about twice", noise: 0, of: byTail(4, 2), want: untold},
		},
		"netrpc-beats-grpc-unary": {
			{name: "it does", of: byLabel(10, map[string]float64{"netrpc:stock c=1 payload=1KiB": 20, "netrpc:stock c=64 payload=1KiB": 20}), want: holds},
			{name: "not with many", of: byLabel(10, map[string]float64{"netrpc:stock c=1 payload=1KiB": 20, "netrpc:stock c=64 payload=1KiB": 5}), want: fails, sure: "c=64"},
			{name: "nobody knows", noise: loud, of: byLabel(10, nil), want: untold},
		},
		"more-connections": {
			{name: "they do", of: byLabel(10, map[string]float64{"grpc:mode=unary:conns=4 c=1000": 15}), want: holds},
			{name: "the stream alone does", of: byLabel(10, map[string]float64{"grpc:conns=4 c=1000": 15}), want: fails},
			{name: "nobody knows", noise: loud, of: byLabel(10, nil), want: untold},
		},
		"unix-sockets": {
			{name: "they do", of: byLabel(10, map[string]float64{"rawtcp:sock=unix c=1": 15, "rawtcp:sock=unix c=64": 15}), want: holds},
			{name: "not with many", of: byLabel(10, map[string]float64{"rawtcp:sock=unix c=1": 15}), want: fails, sure: "throughput"},
			{name: "nobody knows", noise: loud, of: byLabel(10, nil), want: untold},
		},
	}
}

// raftCases are of claims about a Raft.
func raftCases() map[string][]verdictCase {
	return map[string][]verdictCase{
		"batching-and-reuse": {
			{name: "the gain is there", of: shorts(6), want: holds},
			{name: "half of it is not", of: shorts(3), want: fails, sure: "throughput of rawtcp c=100 linger=5ms"},
			{name: "about half", noise: loud, of: shorts(4.1), want: untold},
		},
		"longer-linger": {
			{name: "it pays at each load", of: byLinger(1.2, 1.2, 1.2), want: holds},
			{name: "it pays at high load only", of: byLinger(0.2, 0.9, 1.3), want: fails, sure: "c=8 linger=10ms"},
			{name: "nobody knows", noise: loud, of: byLinger(1.03, 1.03, 1.03), want: untold},
		},
		"deep-pipelining": {
			{name: "it helps", of: byDepth(1.5, 0.9), want: holds},
			{name: "it hurts the tail", of: byDepth(1.5, 3), want: fails, sure: "p99"},
			{name: "it does nothing", of: byDepth(1, 1), want: fails, sure: "throughput"},
			{name: "nobody knows", noise: loud, of: byDepth(1.03, 1), want: untold},
		},
		"reordering-costs-raft": {
			{name: "depth costs both", of: byLabel(10, map[string]float64{"netrpc c=256 pipeline=8": 5, "grpc:mode=unary c=256 pipeline=8": 5}), want: holds},
			{name: "depth costs one", of: byLabel(10, map[string]float64{"netrpc c=256 pipeline=8": 5}), want: fails, sure: "grpc:mode=unary"},
			{name: "nobody knows", noise: loud, of: byLabel(10, nil), want: untold},
		},
	}
}

// shorts makes batches so many times as fast as single sends over short connections.
func shorts(factor float64) func(Arm) shape {
	return func(a Arm) shape {
		if strings.Contains(a.Transport, "conns=0") {
			return level(1)
		}
		return level(factor)
	}
}

// byLinger makes lingers so many times as fast as none, at each of the three loads.
func byLinger(low, middle, high float64) func(Arm) shape {
	return func(a Arm) shape {
		factor := map[int]float64{8: low, 128: middle, 1024: high}[a.Clients]
		if a.Linger == 0 {
			factor = 1
		}
		return level(10 * factor)
	}
}

func byIO(few, some, many float64) func(Arm) shape {
	return func(a Arm) shape {
		for conns, factor := range map[string]float64{"gnet:conns=3": few, "gnet:conns=64": some, "gnet:conns=1000": many} {
			if strings.HasSuffix(a.Transport, conns) {
				return level(10 * factor)
			}
		}
		return level(10)
	}
}

// byCodec makes gob take so many times as long as protobuf.
func byCodec(warm, cold float64) func(Arm) shape {
	return func(a Arm) shape {
		return level(1000 / map[string]float64{"protobuf": 1, "gob-warm": warm, "gob-cold": cold}[a.Transport])
	}
}

// byDepth makes a pipeline of 128 so many times as fast as one of 2, with so many times the p99.
func byDepth(rate, p99 float64) func(Arm) shape {
	return func(a Arm) shape {
		s := level(10)
		if a.Pipeline == deep {
			s.rate *= rate
			s.p99 = time.Duration(float64(s.p99) * p99)
		}
		return s
	}
}

func byStream(latency, cost float64) func(Arm) shape {
	return func(a Arm) shape {
		s := level(10)
		if a.Transport == "grpc:stock:mode=stream" || a.Transport == "grpc:batch=off" {
			s.p50 = time.Duration(float64(s.p50) * latency)
			s.cpu *= cost
		}
		return s
	}
}

// byTail gives rawtcp without credits, and all others, a p99 of so many times p50. The noise
// of a replicate's latencies is common to both, so where the line is the middle, the tail of
// every other arm is moved a little.
func byTail(without, others float64) func(Arm) shape {
	calls := 0
	return func(a Arm) shape {
		s := shape{rate: 1000, p50: 10 * time.Millisecond, cpu: 10}
		factor := others
		if a.Transport == "rawtcp:credits=off" {
			calls++
			factor = without * (1 + 0.1*float64(calls%2*2-1))
		}
		s.p99 = time.Duration(factor * float64(s.p50))
		return s
	}
}
