package node

import "github.com/raftbench/raftbench/core"

// serving holds the requests that raft has not answered yet, under the tokens by
// which raft names them.
type serving struct {
	requests []*core.Incoming
	free     []uint64
}

// add returns a token for r.
func (s *serving) add(r *core.Incoming) uint64 {
	if n := len(s.free); n > 0 {
		token := s.free[n-1]
		s.free = s.free[:n-1]
		s.requests[token] = r
		return token
	}
	s.requests = append(s.requests, r)
	return uint64(len(s.requests) - 1)
}

// remove returns the request under token and frees the token.
func (s *serving) remove(token uint64) *core.Incoming {
	r := s.requests[token]
	s.requests[token] = nil
	s.free = append(s.free, token)
	return r
}

// drain removes and returns all requests.
func (s *serving) drain() []*core.Incoming {
	var all []*core.Incoming
	for _, r := range s.requests {
		if r != nil {
			all = append(all, r)
		}
	}
	s.requests, s.free = nil, nil
	return all
}
