package grpc

// write is the writer of a stream that a peer opened: it sends the answers that
// are there, until done is closed.
func (s *inbound) write(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-s.wake:
		}
		for s.take() {
			if err := s.sendTaken(); err != nil {
				s.end()
				return
			}
		}
	}
}

// take moves all answers to s.taken. It reports false if there are none, or
// nobody to send them to.
func (s *inbound) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.taken)
	s.taken, s.answers = s.answers, s.taken[:0]
	return len(s.taken) > 0 && !s.ended
}

// sendTaken sends what was taken, in as few messages as the limits allow.
func (s *inbound) sendTaken() error {
	for rest := s.taken; len(rest) > 0; {
		n, budget := 0, s.e.batchBytes
		for n < len(rest) && (budget > 0 || n == 0) {
			budget -= answerBytes(rest[n])
			n++
		}
		if n > 1 && budget < 0 {
			n--
		}
		if err := s.send(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// answerBytes is what an answer counts towards a message.
func answerBytes(r *request) int {
	if r.Err != nil {
		return errorTextBytes
	}
	return r.Response.SizeBytes()
}

// send sends one message.
func (s *inbound) send(batch []*request) error {
	err := s.encoder.encode(batch)
	bytes := 0
	for _, r := range batch {
		bytes += r.bytes
		s.e.incoming.put(r)
	}
	if err == nil {
		err = s.stream.SendMsg(&s.encoder.frame)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count -= len(batch)
	s.bytes -= bytes
	s.room.Signal()
	return err
}
