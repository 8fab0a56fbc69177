package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxScriptBytes bounds a script; one that a person wrote is far shorter.
const maxScriptBytes = 4096

// Parse reads a script:
//
//	at 2s: cut 2; at 3s: heal 2
//	at 1s: kill leader; at 4s: restart all
//	every 500ms for 5s: flap 2
//	every 2s from 1s: transfer 1, transfer 2
//	at 1s: add learner; at 3s: promote 4; at 5s: replace leader
//
// The error says at which character of the text it went wrong, from 1, and what
// is allowed there.
func Parse(text string) (Script, error) {
	if len(text) > maxScriptBytes {
		return nil, fmt.Errorf("a script of %d bytes: want at most %d", len(text), maxScriptBytes)
	}
	p := &parser{words: words(text)}
	var script Script
	for {
		c, err := p.clause()
		if err != nil {
			return nil, err
		}
		script = append(script, c)
		switch w := p.next(); {
		case w.text == "":
			return script, nil
		case w.text != ";":
			return nil, w.unlike("a comma, a semicolon or the end")
		case p.peek().text == "":
			return script, nil // a semicolon at the end
		}
	}
}

// word is one piece of the text, with where it begins.
type word struct {
	text string
	at   int // in characters, from 1
}

// unlike says what was wanted instead.
func (w word) unlike(want string) error {
	if w.text == "" {
		return fmt.Errorf("it ends at character %d: want %s", w.at, want)
	}
	return fmt.Errorf("character %d: %q: want %s", w.at, w.text, want)
}

// words cuts a text at blanks; punctuation stands alone. The last word is empty
// and marks the end.
func words(text string) []word {
	var list []word
	var current word
	flush := func() {
		if current.text != "" {
			list = append(list, current)
		}
		current = word{}
	}
	at := 0
	for _, r := range text {
		at++
		switch {
		case unicode.IsSpace(r):
			flush()
		case strings.ContainsRune(":;,", r):
			flush()
			list = append(list, word{string(r), at})
		default:
			if current.text == "" {
				current.at = at
			}
			current.text += string(r)
		}
	}
	flush()
	return append(list, word{"", at + 1})
}

type parser struct {
	words []word
	pos   int
}

func (p *parser) peek() word { return p.words[p.pos] }

func (p *parser) next() word {
	w := p.words[p.pos]
	if w.text != "" { // the end stays the end
		p.pos++
	}
	return w
}

// clause reads when, and what.
func (p *parser) clause() (Clause, error) {
	c, err := p.when()
	if err != nil {
		return c, err
	}
	if w := p.next(); w.text != ":" {
		return c, w.unlike("a colon before what is to be done")
	}
	for {
		a, err := p.act(c.Every > 0)
		if err != nil {
			return c, err
		}
		c.Acts = append(c.Acts, a)
		if p.peek().text != "," {
			return c, nil
		}
		p.next()
	}
}

// when reads "at 2s", or "every 1s from 2s for 5s".
func (p *parser) when() (Clause, error) {
	var c Clause
	var err error
	switch w := p.next(); w.text {
	case "at":
		c.At, err = p.duration(0)
		return c, err
	case "every":
		if c.Every, err = p.duration(minEvery); err != nil {
			return c, err
		}
	default:
		return c, w.unlike("at or every")
	}
	for _, part := range []struct {
		word  string
		value *time.Duration
		least time.Duration
	}{{"from", &c.At, 0}, {"for", &c.For, 1}} {
		if p.peek().text != part.word {
			continue
		}
		p.next()
		if *part.value, err = p.duration(part.least); err != nil {
			return c, err
		}
	}
	return c, nil
}

// minEvery is the shortest time between repetitions: what cannot be done in it
// would pile up.
const minEvery = 10 * time.Millisecond

// maxDuration is longer than any window.
const maxDuration = 24 * time.Hour

func (p *parser) duration(least time.Duration) (time.Duration, error) {
	w := p.next()
	d, err := time.ParseDuration(w.text)
	if err != nil || d < least || d > maxDuration {
		return 0, w.unlike(fmt.Sprintf("a time from %v to %v with a unit, such as 500ms or 2s", least, maxDuration))
	}
	return d, nil
}

// act reads "cut 2".
func (p *parser) act(repeats bool) (Act, error) {
	w := p.next()
	verb := Verb(w.text)
	if !slices.Contains(Verbs(), verb) {
		var names []string
		for _, v := range Verbs() {
			names = append(names, string(v))
		}
		return Act{}, w.unlike(strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1])
	}
	if verb == Flap && !repeats {
		return Act{}, w.unlike("every DURATION: flap NODE, for it cuts and heals in turn")
	}
	node, err := p.node(verb)
	return Act{verb, node}, err
}

// node reads who a verb is about.
func (p *parser) node(v Verb) (Where, error) {
	w := p.next()
	var allowed []string
	if v != Add { // a new node gets its number by itself
		allowed = append(allowed, "a node's number from 1")
	}
	for _, where := range v.wheres() {
		if w.text == where.String() {
			return where, nil
		}
		allowed = append(allowed, where.String())
	}
	n, err := strconv.Atoi(w.text)
	if err != nil || n < 1 || v == Add {
		return 0, w.unlike(strings.Join(allowed, " or "))
	}
	return Where(n), nil
}
