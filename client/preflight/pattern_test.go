package preflight

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// TestPatterns compares with the regular expressions, for the patterns of the contract and some others.
func TestPatterns(t *testing.T) {
	t.Parallel()
	patterns := map[string]bool{`^a{2,3}$`: false, `^[a-c]$`: false, `^x[a-c]*$`: true, `[a-c]+`: false, `^(?i)x[a-c]+$`: false, `^[^a]+$`: false, `^[a-c]+x$`: false, `^[ä-ü]+$`: false, `^$`: false, `^[a-c]{2,}$`: true, `^https://`: false}
	for _, ref := range contract.Load().Components.Schemas {
		for _, p := range ref.Value.Properties {
			if _, ok := patterns[p.Value.Pattern]; !ok && p.Value.Pattern != "" {
				patterns[p.Value.Pattern] = true
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	pieces := []string{"a", "b", "c", "x", "X", "Z", "9", "_", "-", " ", "\n", "ä", "\xff", ".", "srvtoolu_", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	for _, text := range slices.Sorted(maps.Keys(patterns)) {
		p := newPattern(text)
		if (p.set != nil) != patterns[text] {
			t.Errorf("%s: has a set: %v", text, p.set != nil)
		}
		for range 2000 {
			var s []byte
			for range random.IntN(8) {
				s = append(s, pieces[random.IntN(len(pieces))]...)
			}
			if got, want := p.matches(s), p.Match(s); got != want {
				t.Errorf("%s matches %q: got %v, want %v", text, s, got, want)
			}
		}
	}
	if len(patterns) < 14 {
		t.Errorf("the contract has only %d patterns", len(patterns)-11)
	}
}
