package workloads

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// keyPicker chooses one of n keys.
type keyPicker interface {
	pick(rng *rand.Rand) int
}

func newKeyPicker(keys int, exponent float64) keyPicker {
	if exponent == 0 {
		return uniform(keys)
	}
	return newZipf(keys, exponent)
}

// uniform makes all keys equally likely.
type uniform int

func (u uniform) pick(rng *rand.Rand) int { return int(rng.Uint64N(uint64(u))) }

// zipf chooses key k of 0..n-1 with a probability proportional to (k+1)^-s, for
// any s >= 0.
//
// It is Walker's alias method (A. J. Walker, ACM TOMS 3(3), 1977) with the table
// built as in M. D. Vose, IEEE TSE 17(9), 1991: one random number and one look
// into a table of 8 bytes a key. The table-free rejection-inversion of Hormann and
// Derflinger (ACM TOMACS 6(3), 1996) was measured too: 71 ns an operation against
// 22 ns, because each draw needs a logarithm and an exponential.
type zipf []zipfCell

// zipfCell is one of n equally likely cells. It is shared by two keys: its own
// with a probability of own/2^32, otherwise other.
type zipfCell struct {
	own   uint32
	other uint32
}

func newZipf(n int, s float64) zipf {
	weights, total := make([]float64, n), 0.0
	for k := range weights {
		weights[k] = math.Pow(float64(k+1), -s)
		total += weights[k]
	}
	var small, large []uint32 // keys with less than a cell, and with more
	for k := range weights {
		weights[k] *= float64(n) / total // in cells
		if weights[k] < 1 {
			small = append(small, uint32(k))
		} else {
			large = append(large, uint32(k))
		}
	}

	z := make(zipf, n)
	for len(small) > 0 && len(large) > 0 {
		k, donor := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		z[k] = zipfCell{own: uint32(weights[k] * (1 << 32)), other: donor}
		weights[donor] -= 1 - weights[k]
		if weights[donor] < 1 {
			large = large[:len(large)-1]
			small = append(small, donor)
		}
	}
	// What is left has a cell of its own, up to rounding.
	for _, k := range append(small, large...) {
		z[k] = zipfCell{own: math.MaxUint32, other: k}
	}
	return z
}

func (z zipf) pick(rng *rand.Rand) int {
	// The upper half of the product is a cell, and the lower half where in it.
	cell, within := bits.Mul64(rng.Uint64(), uint64(len(z)))
	if c := z[cell]; uint32(within>>32) >= c.own {
		return int(c.other)
	}
	return int(cell)
}
