package fault

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Script{
		"at 2s: cut 2; at 3s: heal 2": {
			{At: 2 * time.Second, Acts: []Act{{Cut, 2}}},
			{At: 3 * time.Second, Acts: []Act{{Heal, 2}}},
		},
		"  at 0s:kill leader,transfer 1 ;at 1.5s : restart all , heal all;": {
			{At: 0, Acts: []Act{{Kill, Leader}, {Transfer, 1}}},
			{At: 1500 * time.Millisecond, Acts: []Act{{Restart, All}, {Heal, All}}},
		},
		"every 500ms for 5s: flap 2": {
			{Every: 500 * time.Millisecond, For: 5 * time.Second, Acts: []Act{{Flap, 2}}},
		},
		"at 1s: add voter, add learner; at 2s: promote 5, promote all, remove 1, remove leader; at 3s: replace 2, replace leader": {
			{At: time.Second, Acts: []Act{{Add, Voter}, {Add, Learner}}},
			{At: 2 * time.Second, Acts: []Act{{Promote, 5}, {Promote, All}, {Remove, 1}, {Remove, Leader}}},
			{At: 3 * time.Second, Acts: []Act{{Replace, 2}, {Replace, Leader}}},
		},
		"every 1s from 2s for 3s: flap leader, transfer 3": {
			{At: 2 * time.Second, Every: time.Second, For: 3 * time.Second, Acts: []Act{{Flap, Leader}, {Transfer, 3}}},
		},
	} {
		got, err := Parse(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
			continue
		}
		again, err := Parse(got.String())
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Errorf("%q, written as %q: %v (-want +got):\n%s", text, got, err, diff)
		}
	}
}

// A mistake gets one line with its place and what is allowed there.
func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                          `it ends at character 1: want at or every`,
		"   ":                       `it ends at character 4: want at or every`,
		"cut 2":                     `character 1: "cut": want at or every`,
		"at":                        `it ends at character 3: want a time from 0s to 24h0m0s with a unit, such as 500ms or 2s`,
		"at 2: cut 2":               `character 4: "2": want a time`,
		"at -1s: cut 2":             `character 4: "-1s": want a time from 0s`,
		"at 2s cut 2":               `character 7: "cut": want a colon before what is to be done`,
		"at 2s: cutt 2":             `character 8: "cutt": want cut, heal, kill, restart, transfer, flap, add, promote, remove or replace`,
		"at 2s:":                    `it ends at character 7: want cut, heal`,
		"at 2s: cut":                `it ends at character 11: want a node's number from 1 or leader`,
		"at 2s: cut 0":              `character 12: "0": want a node's number from 1 or leader`,
		"at 2s: cut -1":             `character 12: "-1": want a node's number`,
		"at 2s: cut all":            `character 12: "all": want a node's number from 1 or leader`,
		"at 2s: heal leader":        `character 13: "leader": want a node's number from 1 or all`,
		"at 2s: transfer leader":    `character 17: "leader": want a node's number from 1`,
		"at 2s: add":                `it ends at character 11: want voter or learner`,
		"at 2s: add 4":              `character 12: "4": want voter or learner`,
		"at 2s: promote leader":     `character 16: "leader": want a node's number from 1 or all`,
		"at 2s: remove all":         `character 15: "all": want a node's number from 1 or leader`,
		"at 2s: replace voter":      `character 16: "voter": want a node's number from 1 or leader`,
		"at 2s: cut 2 heal 2":       `character 14: "heal": want a comma, a semicolon or the end`,
		"at 2s: cut 2,":             `it ends at character 14: want cut, heal`,
		"at 2s: cut 2;; at 3s":      `character 14: ";": want at or every`,
		"at 2s: flap 2":             `character 8: "flap": want every DURATION: flap NODE`,
		"every 1ms: flap 2":         `character 7: "1ms": want a time from 10ms`,
		"every 1s for 0s: flap 2":   `character 14: "0s": want a time from 1ns`,
		"every 1s until 2s: flap 2": `character 10: "until": want a colon`,
		"at 2s: cut zwölf; ü":       `character 12: "zwölf": want a node's number`,
		"at 48h: cut 1":             `character 4: "48h": want a time from 0s to 24h0m0s`,
		strings.Repeat("at", 4000):  `a script of 8000 bytes: want at most 4096`,
	} {
		if _, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// Whatever the text, there is a script that is read as it is written, or one line.
func FuzzParse(f *testing.F) {
	f.Add("at 2s: cut 2; at 3s: heal 2")
	f.Add("every 500ms from 1s for 5s: flap leader, transfer 3;")
	f.Add("at 1s: kill leader; at 4s: restart all")
	f.Add("at 1s: add learner; at 2s: promote 4, remove leader; every 1s from 2s: replace 1, add voter")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %v", err)
			}
			return
		}
		again, err := Parse(s.String())
		if diff := cmp.Diff(s, again); diff != "" || err != nil {
			t.Fatalf("%q: written as %q: %v\n%s", text, s, err, diff)
		}
		if s.Check(15, time.Minute) != nil {
			return
		}
		last := time.Duration(0)
		for _, a := range s.Schedule(time.Minute) {
			if a.At < last || a.At > time.Minute || a.Verb == Flap {
				t.Fatalf("%q: %v at %v after %v", s, a.Act, a.At, last)
			}
			last = a.At
		}
		if n := s.Nodes(15, time.Minute); n < 15 || n > 15+maxActions {
			t.Fatalf("%q: the last node is %d", s, n)
		}
	})
}
