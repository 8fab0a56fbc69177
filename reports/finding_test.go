package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindingsAreSummedOverReplicates(t *testing.T) {
	arm := Arm{Label: "a", Replicates: []Replicate{
		{Valid: true, Counters: map[string]uint64{"reorders": 1000, "appends": 5}},
		{Valid: true, Counters: map[string]uint64{"reorders": 500, "requests_expired": 3, "transport_overflows": 2, "transport_timeouts": 0}},
	}}
	s := summarize(&arm)
	want := []string{"1,500 appends overtook the ones before them", "3 requests had too little time left when a node came to them, and were not executed", "2 calls found a queue full"}
	if diff := cmp.Diff(want, s.Findings()); diff != "" {
		t.Fatalf("findings (-want +got):\n%s", diff)
	}
}
