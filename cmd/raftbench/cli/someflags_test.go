package cli

import (
	"slices"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/transports"
)

// What a search is told of the cluster reaches its trials.
func TestSearchesMeasureTheClusterThatWasAskedFor(t *testing.T) {
	args := []string{"--transport", "inproc", "--heartbeat", "20ms", "--election", "200ms", "--storage", "wal", "--snapshot.entries", "1000", "--retry", "all", "--batch.ops", "9", "--dry-run", "--quiet"}
	a := &app{transports: transports.All()}
	tuning, sizing := new(tuneFlags), new(capacityFlags)
	tune, capacity := pflag.NewFlagSet("tune", pflag.ContinueOnError), pflag.NewFlagSet("capacity", pflag.ContinueOnError)
	a.tuneFlags(tune, tuning)
	a.capacityFlags(capacity, sizing)
	for _, fs := range []*pflag.FlagSet{tune, capacity} {
		if err := fs.Parse(args); err != nil {
			t.Fatalf("%s: %v", fs.Name(), err)
		}
	}
	tuned, err := a.prepareTuning(tune, tuning)
	if err != nil {
		t.Fatal(err)
	}
	sized, err := a.prepareCapacity(capacity, sizing)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*search.Cluster{tuned.subjects[0].cluster, sized.subjects[0].cluster} {
		s, err := c.SettingsOf(search.Setting{BatchSize: 1024, Pipeline: 1}, "trial")
		if err != nil {
			t.Fatal(err)
		}
		own := s.Named[0].Settings
		if own.Times.Heartbeat != 20*time.Millisecond || own.Times.Election != 200*time.Millisecond || own.Storages[0] != experiment.StorageWAL ||
			own.Snapshots.Entries != 1000 || own.Retry.Mode != client.RetryAll || own.BatchOps[0] != 9 {
			t.Errorf("a trial measures %+v", own)
		}
	}
	for _, want := range [][2]string{{"heartbeat", "20ms"}, {"retry", "all"}, {"batch.ops", "9"}} {
		if !slices.Contains(tuned.load, want) {
			t.Errorf("the file for run -f is without %v: %v", want, tuned.load)
		}
	}
	if slices.ContainsFunc(tuned.load, func(l [2]string) bool { return l[0] == "timeout.read" }) {
		t.Errorf("the file for run -f has what nobody asked for: %v", tuned.load)
	}
}
