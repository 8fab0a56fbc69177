package search

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// ScalePoint is a throughput with so many operations under way.
type ScalePoint struct {
	Concurrency float64 // clients of a closed loop; of an open one by Little's law
	Throughput  float64 // operations per second
}

// USL is Gunther's Universal Scalability Law,
//
//	X(N) = Gamma N / (1 + Sigma (N-1) + Kappa N (N-1))
//
// fitted to points (Gunther, Guerrilla Capacity Planning, 2007, chapter 5). It describes the
// points; that it fits proves nothing about why, and says nothing of loads beyond them.
type USL struct {
	Gamma float64 // operations per second of one alone
	Sigma float64 // contention: the share that is done one after the other
	Kappa float64 // coherency: what everybody has to agree on with everybody else

	Points    int
	R2        float64 // share of the variance of the throughputs that it accounts for
	Deviation float64 // largest relative distance of a point from the curve
}

// MinScalePoints is the least number of points, at different concurrencies, that three
// parameters are fitted to.
const MinScalePoints = 6

// At is the throughput of the curve.
func (u *USL) At(n float64) float64 { return u.Gamma * n / (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1)) }

// Peak is the concurrency of the highest throughput; infinite where the curve never bends
// down.
func (u *USL) Peak() float64 {
	if u.Kappa <= 0 {
		return math.Inf(1)
	}
	return math.Sqrt(max(0, 1-u.Sigma) / u.Kappa)
}

// FitUSL fits the law in its linear form, N/X = (1 + Sigma (N-1) + Kappa N (N-1)) / Gamma, by
// least squares of the relative errors. Sigma and Kappa are not negative: where the best
// fit would be, it is that with a zero in its place.
func FitUSL(points []ScalePoint) (*USL, error) {
	distinct := map[float64]bool{}
	for _, p := range points {
		if !(p.Concurrency > 0 && p.Throughput > 0) {
			return nil, fmt.Errorf("a point of %v operations/s at %v under way", p.Throughput, p.Concurrency)
		}
		distinct[p.Concurrency] = true
	}
	if len(distinct) < MinScalePoints {
		return nil, fmt.Errorf("%d points: the Universal Scalability Law takes at least %d", len(distinct), MinScalePoints)
	}
	var best *USL
	least := math.Inf(1)
	for _, columns := range [][]int{{0, 1, 2}, {0, 1}, {0, 2}, {0}} {
		a := leastSquares(points, columns)
		if len(a) == 0 || a[0] <= 0 || a[1] < 0 || a[2] < 0 {
			continue
		}
		u := &USL{Gamma: 1 / a[0], Sigma: a[1] / a[0], Kappa: a[2] / a[0], Points: len(points)}
		if e := u.errors(points); e < least {
			least, best = e, u
		}
	}
	if best == nil {
		return nil, fmt.Errorf("the points follow no Universal Scalability Law")
	}
	best.judge(points)
	return best, nil
}

// row are the terms of the linear form, each divided by N/X, so that their sum should be one.
func row(p ScalePoint) [3]float64 {
	n, scale := p.Concurrency, p.Throughput/p.Concurrency
	return [3]float64{scale, (n - 1) * scale, n * (n - 1) * scale}
}

// errors is the sum of the squares that FitUSL makes small.
func (u *USL) errors(points []ScalePoint) float64 {
	sum := 0.0
	for _, p := range points {
		r := row(p)
		d := (r[0]+u.Sigma*r[1]+u.Kappa*r[2])/u.Gamma - 1
		sum += d * d
	}
	return sum
}

// judge says how well the curve describes the points.
func (u *USL) judge(points []ScalePoint) {
	mean := 0.0
	for _, p := range points {
		mean += p.Throughput / float64(len(points))
	}
	residual, total := 0.0, 0.0
	for _, p := range points {
		d := p.Throughput - u.At(p.Concurrency)
		residual += d * d
		total += (p.Throughput - mean) * (p.Throughput - mean)
		u.Deviation = max(u.Deviation, math.Abs(d)/p.Throughput)
	}
	if total > 0 {
		u.R2 = 1 - residual/total
	}
}

// leastSquares solves the normal equations for some of the three terms; the others are
// zero. It is nil if they have no single solution.
func leastSquares(points []ScalePoint, columns []int) []float64 {
	n := len(columns)
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n+1)
		for _, p := range points {
			r := row(p)
			for j, column := range columns {
				m[i][j] += r[columns[i]] * r[column]
			}
			m[i][n] += r[columns[i]]
		}
	}
	solution := solve(m)
	if solution == nil {
		return nil
	}
	out := make([]float64, 3)
	for i, column := range columns {
		out[column] = solution[i]
	}
	return out
}

// solve does Gaussian elimination with pivots on n rows of n+1 numbers.
func solve(m [][]float64) []float64 {
	n := len(m)
	for i := range n {
		pivot := i
		for j := i + 1; j < n; j++ {
			if math.Abs(m[j][i]) > math.Abs(m[pivot][i]) {
				pivot = j
			}
		}
		m[i], m[pivot] = m[pivot], m[i]
		if m[i][i] == 0 {
			return nil
		}
		for j := range n {
			if j == i {
				continue
			}
			f := m[j][i] / m[i][i]
			for k := i; k <= n; k++ {
				m[j][k] -= f * m[i][k]
			}
		}
	}
	out := make([]float64, n)
	for i := range n {
		out[i] = m[i][n] / m[i][i]
		if math.IsNaN(out[i]) || math.IsInf(out[i], 0) {
			return nil
		}
	}
	return out
}

// ScalePoints are what the sustained trials say of throughput and concurrency. The
// concurrency of an open loop is that of Little's law: throughput times mean response time.
func ScalePoints(trials []Measured) []ScalePoint {
	var list []ScalePoint
	for _, t := range trials {
		p := ScalePoint{Throughput: t.Values[reports.Throughput().Name], Concurrency: float64(t.Clients)}
		if t.Clients == 0 {
			p.Concurrency = p.Throughput * t.Values[MeanLatency] / 1e9
		}
		if t.Valid && p.Concurrency > 0 && p.Throughput > 0 {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b ScalePoint) int { return cmp.Compare(a.Concurrency, b.Concurrency) })
	return list
}
