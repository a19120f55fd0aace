package client

import (
	"fmt"
	"testing"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// TestDetailOfEveryVariant reads the message and error code of each error in the contract, and of one that is not.
func TestDetailOfEveryVariant(t *testing.T) {
	t.Parallel()
	kinds := []string{"novel_error"}
	for kind := range contract.Load().Components.Schemas["BetaError"].Value.Discriminator.Mapping {
		kinds = append(kinds, kind)
	}
	if len(kinds) < 12 {
		t.Fatalf("%d kinds of errors", len(kinds))
	}
	for _, kind := range kinds {
		var r gen.BetaErrorResponse
		body := fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":"Why.","details":{"error_code":"because"}}}`, kind)
		if err := r.UnmarshalJSON([]byte(body)); err != nil {
			t.Fatal(err)
		}
		if e := newAPIError(&r); e.Type != kind || e.Message != "Why." || e.ErrorCode != "because" {
			t.Errorf("%s: got %+v", kind, e)
		}
	}
}
