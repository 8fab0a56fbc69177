package reports

import "strings"

// Findings says in words what the counters of the transports and nodes have that
// should be zero in a quiet run, such as full queues, or that sets one transport
// apart from another, such as appends out of order.
func (s *Summary) Findings() []string {
	var list []string
	for _, f := range []struct{ counter, text string }{
		{"reorders", "N appends overtook the ones before them"},
		{"requests_expired", "N requests had too little time left when a node came to them, and were not executed"},
		{"transport_overflows", "N calls found a queue full"},
		{"transport_timeouts", "N calls timed out"},
		{"transport_unavailable", "N calls had no connection"},
		{"transport_broken", "N calls lost their connection"},
		{"transport_dial_failures", "N attempts to connect failed"},
		{"transport_dials_exhausted", "N of them found this machine out of local ports or file descriptors: raise ulimit -n, widen net.ipv4.ip_local_port_range, or keep connections"},
		{"connections_unaccepted", "N connections could not be accepted, because this machine was out of file descriptors: raise ulimit -n"},
		{"transport_breaker_trips", "circuit breakers opened N times"},
		{"transport_handler_panics", "N batches made a handler panic"},
		{"transport_bad_frames", "N connections brought what is no message"},
		{"overloaded", "nodes refused N operations on arrival: they held as much as they may"},
		{"follower_reads", "followers answered N reads"},
		{"fast_clocks", "N times a leader gave up its leases, because a voter's clock was faster than --lease.drift allows"},
		{"snapshots_installed", "followers fell so far behind that they were sent N snapshots"},
		{"snapshots_refused", "N snapshots were refused"},
	} {
		if n := s.Counters[f.counter]; n > 0 {
			list = append(list, strings.Replace(f.text, "N", FormatCount(float64(n)), 1))
		}
	}
	return list
}
