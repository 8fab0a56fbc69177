package core

// Results is a list of byte strings, one for each command or query of the
// request, in its order. The zero value is empty and ready for use.
type Results struct {
	list [][]byte
	data []byte
}

// Append adds a copy of b. Results that were there before stay valid.
func (r *Results) Append(b []byte) {
	start := r.room(len(b))
	r.data = append(r.data, b...)
	r.list = append(r.list, r.data[start:len(r.data):len(r.data)])
}

// AppendTagged adds one result: a byte, and a copy of b behind it.
func (r *Results) AppendTagged(tag byte, b []byte) {
	start := r.room(1 + len(b))
	if len(b) == 1 { // mostly, and to have it copied takes longer
		r.data = append(r.data, tag, b[0])
	} else {
		r.data = append(append(r.data, tag), b...)
	}
	r.list = append(r.list, r.data[start:len(r.data):len(r.data)])
}

// room makes room for a result of so many bytes, and returns where it begins.
func (r *Results) room(bytes int) int {
	if bytes > cap(r.data)-len(r.data) {
		// The old buffer stays alive for as long as results point into it.
		r.data = make([]byte, 0, max(2*cap(r.data), bytes, 256))
	}
	return len(r.data)
}

// List returns the results. They are valid, and must not be written to, until
// the next call of Truncate.
func (r *Results) List() [][]byte { return r.list }

// Truncate empties the list and keeps its memory.
func (r *Results) Truncate() {
	r.list = r.list[:0]
	r.data = r.data[:0]
}
