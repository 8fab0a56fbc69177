package dial

import "sync/atomic"

// Room is what the members of a pool hold together, in bytes. Each has its share of the
// bound and lets one call through when it has none under way, however large: without a
// room, a pool of a thousand could hold a thousand large calls. A nil Room has no end; a
// pool of one needs none. It may be used concurrently.
type Room struct {
	limit int64
	held  atomic.Int64
}

// NewRoom makes the room of a pool of n members that may hold so many bytes together;
// nil for one.
func NewRoom(limit, n int) *Room {
	if n == 1 {
		return nil
	}
	return &Room{limit: int64(limit)}
}

// Take takes bytes, if there are so many left or nobody holds any.
func (r *Room) Take(bytes int) bool {
	if r == nil {
		return true
	}
	if held := r.held.Add(int64(bytes)); held > r.limit && held != int64(bytes) {
		r.held.Add(-int64(bytes))
		return false
	}
	return true
}

// Give gives bytes back that were taken.
func (r *Room) Give(bytes int) {
	if r != nil {
		r.held.Add(-int64(bytes))
	}
}
