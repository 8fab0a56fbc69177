package fault

import (
	"strings"
	"testing"
	"time"
)

// A script is looked at from its beginning to its end: who is a member by then, and who
// has a voice.
func TestCheckMembers(t *testing.T) {
	for _, c := range []struct {
		script string
		nodes  int
		want   string // why it cannot be done
		last   int
	}{
		{"at 1s: add voter; at 2s: kill 4", 3, "", 4},
		{"at 2s: add voter; at 1s: kill 4", 3, `"kill 4" after 1s: there is no node 4: the cluster has 3`, 0},
		{"every 1s for 3s: replace leader", 3, "", 6},
		{"at 1s: replace 1, replace 2; at 2s: transfer 5", 3, "", 5},
		{"at 1s: add learner, remove 4, remove 4; at 2s: add learner", 1, "there is no node 4", 0},
		{"at 1s: remove 1", 1, `"remove 1" after 1s: it is the last one that votes: want add, or replace`, 0},
		{"at 1s: add learner; at 2s: remove 1", 1, "it is the last one that votes", 0},
		{"at 1s: add learner; at 2s: remove 2", 1, "", 2},
		{"at 1s: add learner; at 2s: promote 2; at 3s: remove 1", 1, "", 2},
		{"at 1s: add learner, add learner; at 2s: promote all; at 3s: remove 1, remove 2", 1, "", 3},
		{"at 1s: add learner; at 2s: promote 2, promote 2, promote 1; at 3s: remove 1, remove 2", 1, `"remove 2" after 3s: it is the last one`, 0},
		{"at 1s: remove 2, remove 2, remove 3", 3, "", 3},
		{"at 1s: remove leader, remove leader, remove leader", 3, `"remove leader" after 1s: it is the last one`, 0},
		{"at 1s: remove 2, remove 3; at 2s: transfer 1", 3, `"transfer 1" after 2s: a single node has nobody`, 0},
		{"at 1s: add voter; at 2s: transfer 2", 1, "", 2},
		{"at 1s: add learner; at 2s: replace 2; at 3s: remove 1", 1, "", 3},
	} {
		s := parse(t, c.script)
		err := s.Check(c.nodes, time.Minute)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q with %d nodes:\n got %v\nwant %s", c.script, c.nodes, err, c.want)
			}
			continue
		}
		if err != nil || s.Nodes(c.nodes, time.Minute) != c.last {
			t.Errorf("%q with %d nodes: %v, the last node is %d, want %d", c.script, c.nodes, err, s.Nodes(c.nodes, time.Minute), c.last)
		}
	}
}
