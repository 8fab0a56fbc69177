package claims

import (
	"context"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
)

// Measure does what a plan of the claim says and gives k the results piece by piece. It
// ends as experiment.Run does: interrupted by ctx, with what was measured and without an
// error.
func (c *Claim) Measure(ctx context.Context, p *Plan, h experiment.Header, obs experiment.Observer, k experiment.Keeper) (*reports.Run, error) {
	if c.Layer == LayerCodec {
		return c.runCodecs(ctx, p, h, obs, k)
	}
	return experiment.Run(ctx, &p.Settings, p.Run, h, obs, k)
}
