package selftest

// Noise is how replicates of the same arm vary. Widths are standard deviations of the
// logarithm, so 0.02 is about 2 %.
type Noise struct {
	Name   string
	Source string // where the numbers are from

	// Promised: a slowdown of Slowdown is found as often as MinFound says.
	Promised bool

	// Block is what all replicates of a block share: the machine drifts.
	Block float64

	// Replicate is what a replicate has for itself: another memory layout, other ports,
	// another order of goroutines. It moves throughput.
	Replicate float64

	// Outliers is the share of replicates that something else on the machine disturbs,
	// and Outlier by how much these are slower on average; it is exponentially
	// distributed.
	Outliers, Outlier float64
}

// What a replicate's p99 does when its throughput moves: it moves the other way, tailSlope
// times as far, and by tailOwn times the width on its own account. Measured with the
// shared virtual machine of Kinds: p99 varies 2.1 times as much as throughput, with a
// correlation of -0.86.
const (
	tailSlope = 1.8
	tailOwn   = 1.07
)

// Turns is what is measured where the arms of a block take turns.
func Turns() Noise {
	return Noise{
		Name: "shared machine, in turns",
		Source: "measured with rawtcp, 64 clients and windows of 3 s in slices of 300 ms on 2 virtual CPUs, 24 pairs while nothing else ran: " +
			"pairs differ by 3.0 % (standard deviation), blocks by 5.8 %, no pair by more than 1.9 times that width",
		Promised: true,
		Block:    0.058, Replicate: 0.021,
	}
}

// Quiet is an assumption about machines that are in order.
func Quiet() Noise {
	return Noise{
		Name:     "quiet machine",
		Promised: true,
		Source: "the shape of the shared virtual machine, scaled to two runs of the same that differ by up to 5 %: what " +
			"the SPEC MPI2007 committee expects of systems that are in order (FAQ), taken for 2.5 standard deviations",
		Block: 0.02, Replicate: 0.015, Outliers: 0.05, Outlier: 0.026,
	}
}

// Kinds lists the kinds of noise of a self-test, those first for which something is
// promised.
func Kinds() []Noise {
	return []Noise{
		Turns(),
		Quiet(),
		{
			Name: "shared, in one piece",
			Source: "measured with rawtcp, 64 clients and windows of 2 s on 2 virtual CPUs, 42 pairs while nothing else ran on them: " +
				"pairs differ by 9 % (standard deviation), blocks by 9 %, three pairs by more than 2.5 times the others' width",
			Block: 0.09, Replicate: 0.058, Outliers: 0.05, Outlier: 0.10,
		},
		{
			Name: "busy, in one piece",
			Source: "measured on the same, 90 pairs of which half ran beside builds and tests: " +
				"pairs differ by 21 %, the middle half of them by 8 % at most",
			Block: 0.30, Replicate: 0.075, Outliers: 0.2, Outlier: 0.35,
		},
	}
}
