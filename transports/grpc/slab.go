package grpc

// slab hands out messages that are used again for the next batch, so that
// translating a request into protobuf allocates nothing in the steady state.
type slab[T any] struct {
	list []*T
	used int
}

// slabKeep bounds the messages that a slab keeps between batches.
const slabKeep = 1024

func (s *slab[T]) next() *T {
	if s.used == len(s.list) {
		s.list = append(s.list, new(T))
	}
	m := s.list[s.used]
	s.used++
	return m
}

// reset makes all messages available again; forget drops what one points to.
func (s *slab[T]) reset(forget func(*T)) {
	if s.used > slabKeep {
		s.list = nil
	} else {
		for _, m := range s.list[:s.used] {
			forget(m)
		}
	}
	s.used = 0
}
