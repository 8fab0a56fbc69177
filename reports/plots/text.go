package plots

import (
	"image/color"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// textStyle is the house's typeface with its corner at the top left.
func textStyle(points float64, bold bool) text.Style {
	f := plotfont.Font{Typeface: "Liberation", Variant: "Sans"}
	if bold {
		f.Weight = font.WeightBold
	}
	return text.Style{
		Color:   ink(),
		Font:    plotfont.From(f, vg.Points(points)),
		XAlign:  text.XLeft,
		YAlign:  text.YTop,
		Handler: plot.DefaultTextHandler,
	}
}

func greyStyle(points float64) text.Style {
	s := textStyle(points, false)
	s.Color = color.Gray{0x55}
	return s
}

func ink() color.Color      { return color.Gray{0x22} }
func gridGrey() color.Color { return color.Gray{0xdd} }

// cut shortens a line that does not fit.
func cut(s text.Style, line string, room vg.Length) string {
	if s.Width(line) <= room {
		return line
	}
	runes := []rune(line)
	for len(runes) > 0 && s.Width(string(runes)+"…") > room {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// wrap breaks a text where there is a blank, so that all of it is shown; what
// cannot be broken is cut. There is always a line, if only an empty one.
func wrap(s text.Style, line string, room vg.Length) []string {
	return fill(s, strings.SplitAfter(line, " "), room)
}

// fill puts as many of the words, which have their blanks behind them, into each line as fit.
func fill(s text.Style, words []string, room vg.Length) []string {
	var lines []string
	current := ""
	for _, word := range words {
		if current != "" && s.Width(strings.TrimSpace(current+word)) > room {
			lines = append(lines, current)
			current = ""
		}
		current += word
	}
	lines = append(lines, current)
	for i := range lines {
		lines[i] = cut(s, strings.TrimSpace(lines[i]), room)
	}
	return lines
}

// wrapLabel is wrap for the label of an arm. What is too long for a line may be broken
// before the colon of an option, too, and after a comma.
func wrapLabel(s text.Style, label string, room vg.Length) []string {
	var words []string
	for _, word := range strings.SplitAfter(strings.ReplaceAll(label, ",", ", "), " ") {
		if s.Width(strings.TrimSpace(word)) <= room {
			words = append(words, word)
			continue
		}
		for i, part := range strings.Split(word, ":") {
			if i > 0 {
				part = ":" + part
			}
			words = append(words, part)
		}
	}
	return fill(s, words, room)
}
