package preflight

import "testing"

// TestAtTheLimits is about batches that are as large as batches may be.
func TestAtTheLimits(t *testing.T) {
	t.Parallel()
	b := newBatch(Options{})
	b.report.Requests, b.report.Bytes = 100_000, 256_000_000
	if issues := b.finish().Issues; len(issues) > 0 {
		t.Error(issues)
	}
}
