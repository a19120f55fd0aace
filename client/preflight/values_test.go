package preflight_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestValuesAndLines checks the cases of the rules as values too: the issues must be the same, although properties come
// in another order. Values cannot represent null, or an empty list where that means the same as none.
func TestValuesAndLines(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, c := range readCorpus(t, "testdata/rules/*.txt") {
		var v gen.BetaMessageBatchIndividualRequestParams
		if err := v.UnmarshalJSON([]byte(c.request)); err != nil {
			continue // a value of the wrong type
		}
		got := found(preflight.Check([]gen.BetaMessageBatchIndividualRequestParams{v}, c.options).Issues)
		want := slices.Clone(c.want)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-line +value)\n%s", c.name, diff)
		}
		compared++
	}
	t.Logf("%d requests", compared)
}
