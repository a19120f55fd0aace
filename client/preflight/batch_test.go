package preflight

import "testing"

// TestAtTheLimits checks batches of the largest allowed size.
func TestAtTheLimits(t *testing.T) {
	t.Parallel()
	b := newBatch(Options{})
	for range 99_999 {
		b.ledger.Add(2)
	}
	b.ledger.Add(256_000_000 - int(b.ledger.Bytes()) - 1)
	if n := b.ledger.Bytes(); n != 256_000_000 {
		t.Fatalf("%d bytes", n)
	}
	if issues := b.finish().Issues; len(issues) > 0 {
		t.Error(issues)
	}
}
