package plots

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// inkCanvas is a canvas that remembers what was put where, so that tests can ask about
// the geometry of a picture.
type inkCanvas struct {
	width, height vg.Length
	words         []word
	strokes       []mark
	fills         []mark

	at    [6]float64 // the transformation: x' = a x + c y + e, y' = b x + d y + f
	paint color.Color
	stack []pen
}

type pen struct {
	at    [6]float64
	paint color.Color
}

// word is a text and the box that it takes.
type word struct {
	text string
	box  vg.Rectangle
}

// mark is a path in a colour.
type mark struct {
	colour color.NRGBA
	points []vg.Point
}

func inkOf(f *figure) *inkCanvas {
	k := &inkCanvas{width: width, height: f.height(), at: [6]float64{1, 0, 0, 1, 0, 0}, paint: color.Black}
	f.draw(draw.New(k))
	return k
}

func (k *inkCanvas) Size() (vg.Length, vg.Length) { return k.width, k.height }

func (k *inkCanvas) SetLineWidth(vg.Length)              {}
func (k *inkCanvas) SetLineDash([]vg.Length, vg.Length)  {}
func (k *inkCanvas) DrawImage(vg.Rectangle, image.Image) {}
func (k *inkCanvas) SetColor(c color.Color)              { k.paint = c }
func (k *inkCanvas) Push()                               { k.stack = append(k.stack, pen{k.at, k.paint}) }
func (k *inkCanvas) Translate(p vg.Point) {
	k.apply([6]float64{1, 0, 0, 1, float64(p.X), float64(p.Y)})
}
func (k *inkCanvas) Scale(x, y float64) { k.apply([6]float64{x, 0, 0, y, 0, 0}) }

func (k *inkCanvas) Pop() {
	last := k.stack[len(k.stack)-1]
	k.stack = k.stack[:len(k.stack)-1]
	k.at, k.paint = last.at, last.paint
}

func (k *inkCanvas) Rotate(angle float64) {
	sin, cos := math.Sincos(angle)
	k.apply([6]float64{cos, sin, -sin, cos, 0, 0})
}

func (k *inkCanvas) apply(m [6]float64) {
	a := k.at
	k.at = [6]float64{
		a[0]*m[0] + a[2]*m[1], a[1]*m[0] + a[3]*m[1],
		a[0]*m[2] + a[2]*m[3], a[1]*m[2] + a[3]*m[3],
		a[0]*m[4] + a[2]*m[5] + a[4], a[1]*m[4] + a[3]*m[5] + a[5],
	}
}

func (k *inkCanvas) point(p vg.Point) vg.Point {
	x, y := float64(p.X), float64(p.Y)
	return vg.Point{X: vg.Length(k.at[0]*x + k.at[2]*y + k.at[4]), Y: vg.Length(k.at[1]*x + k.at[3]*y + k.at[5])}
}

func (k *inkCanvas) mark(path vg.Path) mark {
	m := mark{colour: color.NRGBAModel.Convert(k.paint).(color.NRGBA)}
	for _, c := range path {
		if c.Type == vg.MoveComp || c.Type == vg.LineComp {
			m.points = append(m.points, k.point(c.Pos))
		}
	}
	return m
}

func (k *inkCanvas) Stroke(path vg.Path) { k.strokes = append(k.strokes, k.mark(path)) }
func (k *inkCanvas) Fill(path vg.Path)   { k.fills = append(k.fills, k.mark(path)) }

// FillString notes the box from the base line to the height of a capital.
func (k *inkCanvas) FillString(f font.Face, at vg.Point, text string) {
	high := f.Extents().Ascent * 0.75
	corners := []vg.Point{k.point(at), k.point(vg.Point{X: at.X + f.Width(text), Y: at.Y + high})}
	k.words = append(k.words, word{text, boxOf(corners)})
}

func boxOf(points []vg.Point) vg.Rectangle {
	r := vg.Rectangle{Min: points[0], Max: points[0]}
	for _, p := range points {
		r.Min = vg.Point{X: min(r.Min.X, p.X), Y: min(r.Min.Y, p.Y)}
		r.Max = vg.Point{X: max(r.Max.X, p.X), Y: max(r.Max.Y, p.Y)}
	}
	return r
}

// overlap says that two boxes have more than a hair's breadth in common.
func overlap(a, b vg.Rectangle) bool {
	const hair = 0.3
	return a.Min.X+hair < b.Max.X && b.Min.X+hair < a.Max.X && a.Min.Y+hair < b.Max.Y && b.Min.Y+hair < a.Max.Y
}

// crosses says that a line passes through a box.
func crosses(line []vg.Point, box vg.Rectangle) bool {
	if len(line) == 0 || !overlap(boxOf(line), box) {
		return false
	}
	for i := 1; i < len(line); i++ {
		const steps = 40
		for s := range steps + 1 {
			t := vg.Length(s) / steps
			p := vg.Point{X: line[i-1].X + t*(line[i].X-line[i-1].X), Y: line[i-1].Y + t*(line[i].Y-line[i-1].Y)}
			if p.X > box.Min.X && p.X < box.Max.X && p.Y > box.Min.Y && p.Y < box.Max.Y {
				return true
			}
		}
	}
	return false
}
