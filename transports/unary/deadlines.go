package unary

// deadlines is a binary heap of the jobs of a lane, the earliest due
// first. Calls of one class mostly have one timeout, so that a push stays where
// it is put.
type deadlines []*job

func (d *deadlines) push(j *job) {
	j.place = len(*d)
	*d = append(*d, j)
	d.up(j.place)
}

func (d *deadlines) remove(j *job) {
	h := *d
	i, last := j.place, len(h)-1
	h.swap(i, last)
	h[last] = nil
	*d = h[:last]
	if i < last {
		d.up(i)
		d.down(i)
	}
}

func (d deadlines) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if d[parent].due <= d[i].due {
			return
		}
		d.swap(i, parent)
		i = parent
	}
}

func (d deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(d) {
			return
		}
		if right := child + 1; right < len(d) && d[right].due < d[child].due {
			child = right
		}
		if d[i].due <= d[child].due {
			return
		}
		d.swap(i, child)
		i = child
	}
}

func (d deadlines) swap(i, k int) {
	d[i], d[k] = d[k], d[i]
	d[i].place, d[k].place = i, k
}
