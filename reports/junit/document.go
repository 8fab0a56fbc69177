package junit

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"
)

// document is the XML. Counts are in attributes of the root too, for readers that
// look at nothing else. (There is no standard; this is what Ant wrote and what
// Jenkins, GitLab and the actions of GitHub read.)
type document struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name      string     `xml:"name,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Errors    int        `xml:"errors,attr"`
	Timestamp string     `xml:"timestamp,attr,omitempty"`
	Cases     []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr,omitempty"` // seconds
	Failure *message `xml:"failure"`
	Skipped *message `xml:"skipped"`
	Output  string   `xml:"system-out,omitempty"`
}

type message struct {
	Text string `xml:"message,attr"`
	Body string `xml:",chardata"`
}

func (s *suite) add(c Case) {
	out := testCase{Class: s.Name, Name: clean(c.Name)}
	if c.Duration > 0 {
		out.Time = fmt.Sprintf("%.3f", c.Duration.Seconds())
	}
	text := clean(c.Text)
	first, _, _ := strings.Cut(text, "\n")
	s.Tests++
	switch c.Status {
	case Pass:
		out.Output = text
	case Fail:
		s.Failures++
		out.Failure = &message{first, text}
	case Skipped:
		s.Skipped++
		out.Skipped = &message{first, text}
	}
	s.Cases = append(s.Cases, out)
}

// clean drops what XML cannot hold, which encoding/xml would turn into U+FFFD, and
// what would command a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}
