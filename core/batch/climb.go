package batch

import "math"

// climb compares a gait with its neighbours: an epoch there, an epoch at home, in
// turn, so that a load that changes meanwhile meets both. It moves where the time
// was shorter. A trial that fails is repeated ever more rarely, so that in the end
// the 99th percentile hardly sees them.
type climb struct {
	step  int  // of the trial under way; 0: none
	away  bool // the epoch under way is the neighbour's
	home  measured
	pairs int

	// Sums over the pairs.
	time    float64 // log(time there / time at home)
	squares float64 // of those
	trip    float64 // as time, of the time in flight

	pause [len(steps)]pause // before the next trial of each of them
	rate  float64           // at home, when a trial ended last
}

// steps are what is tried: a gait that waits longer, one that waits less, and, because
// two batches in flight may be no better than one where four are, the one after that.
var steps = [...]int{-1, 1, 2}

// pause counts the epochs at home until the next trial of a step.
type pause struct{ left, next int }

const (
	minPairs, maxPairs = 3, 8

	gain  = 0.05 // worth moving for, in logarithms: 5 %
	doubt = 0.15 // so much worse needs no second look

	// crowding is how much longer a round trip may take with one's own further
	// batches in flight. Beyond it they stand in line at the other end. Who sends
	// them there may gain a larger share of the leader at the expense of other links;
	// and if those do the same, all have lost.
	crowding = 0.05

	firstPause = 4   // epochs, after the first failure; doubled after each
	maxPause   = 512 // a trial spends up to eight epochs away, mostly one: 1 % or less

	// minItems is the mean number of items on their way below which hardly any two
	// meet, so that there is nothing to find out.
	minItems = 0.1

	// A load that changes by as much makes everything worth another trial.
	newLoad = 2
)

func newClimb() climb {
	return climb{pause: [len(steps)]pause{{2, firstPause}, {1, firstPause}, {3, firstPause}}}
}

// next tells by how many gaits to move, after an epoch that measured m.
func (c *climb) next(gait int, m measured) int {
	switch {
	case c.away:
		c.away = false
		c.pairs++
		x := math.Log(m.time / c.home.time)
		c.time += x
		c.squares += x * x
		c.trip += math.Log(m.trip / c.home.trip)
		return c.conclude(gait)
	case c.step != 0:
		c.home, c.away = m, true
		return c.step
	}
	c.home = m
	return c.perhapsTry(gait)
}

// perhapsTry begins a trial if one is due.
func (c *climb) perhapsTry(gait int) int {
	if c.home.time*c.home.rate < minItems {
		return 0
	}
	if c.rate > 0 && max(c.rate/c.home.rate, c.home.rate/c.rate) > newLoad {
		c.pause, c.rate = newClimb().pause, c.home.rate
	}
	for i := range c.pause {
		step := steps[i]
		if c.pause[i].left--; c.pause[i].left > 0 || gait+step < 0 || gait+step >= len(gaits) {
			continue
		}
		c.step, c.away, c.pairs = step, true, 0
		c.time, c.squares, c.trip = 0, 0, 0
		return step
	}
	return 0
}

// conclude goes home after an epoch away, or stays if the trial has shown that
// it is better there.
func (c *climb) conclude(gait int) (move int) {
	home, step := -c.step, c.step
	better, worse := c.verdict(gait)
	if !better && !worse {
		return home
	}
	c.step, c.rate = 0, c.home.rate
	for i := range c.pause {
		p := &c.pause[i]
		switch {
		case worse && steps[i] == step:
			p.left, p.next = p.next, min(2*p.next, maxPause)
		case better && steps[i]*step > 0:
			*p = pause{1, firstPause}
		case better:
			*p = pause{4 * firstPause, 8 * firstPause} // not back at once
		}
	}
	if worse {
		return home
	}
	return 0
}

// verdict tells what the pairs so far say; neither if it takes more of them.
func (c *climb) verdict(gait int) (better, worse bool) {
	n := float64(c.pairs)
	time, trip := c.time/n, c.trip/n
	enough := c.pairs >= maxPairs
	switch {
	case time > doubt, c.step > 0 && trip > doubt:
		return false, true
	case c.pairs < minPairs:
		return false, false
	case c.step > 0 && trip > crowding:
		return false, true
	case c.step < 0 && gait >= naturalGait && (trip < -crowding || time <= 0):
		return true, false // at the same price fewer
	}
	// Twice the standard error of the mean.
	margin := 2 * math.Sqrt(max(0, c.squares/n-time*time)/(n-1))
	better = time < -gain && time+margin < 0
	return better, !better && (enough || time-margin > -gain)
}
