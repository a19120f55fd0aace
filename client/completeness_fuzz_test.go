package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// FuzzCompleteness serves up to three arbitrary streams as the results of a batch with arbitrary counts, and repeats the
// last one: the results that were yielded or reported as missing are those that the batch counts, and nothing follows the
// last error.
func FuzzCompleteness(f *testing.F) {
	line := func(id, kind string) string {
		return fmt.Sprintf(`{"custom_id":"%s","result":{"type":"%s"}}`+"\n", id, kind)
	}
	failed := `{"custom_id":"b","result":{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":"x"}}}}` + "\n"
	f.Add(uint8(0), uint8(1), uint8(1), uint8(1), line("a", "expired")+"<cut>", failed+line("c", "canceled"), "")
	f.Add(uint8(2), uint8(0), uint8(0), uint8(0), `{"custom_id":"a","result":{"type":"succeeded","message":{}}}`+"\n", "upstream error\n", "<cut>")
	f.Add(uint8(0), uint8(0), uint8(0), uint8(1), "{\n{\n<cut>", `{"custom_id":"a"`, line("a", "new")+line("a", "expired"))
	f.Add(uint8(0), uint8(0), uint8(1), uint8(1), `{"type":"error","error":{"type":"overloaded_error","message":"x"}}`, line("a", "expired")+line("b", "expired"), line("a", "canceled"))
	f.Fuzz(func(t *testing.T, succeeded, errored, canceled, expired uint8, first, second, third string) {
		synctest.Test(t, func(t *testing.T) {
			want := gen.BetaRequestCounts{Succeeded: int64(succeeded), Errored: int64(errored), Canceled: int64(canceled), Expired: int64(expired)}
			total := want.Succeeded + want.Errored + want.Canceled + want.Expired
			streams := 0
			c := fakeService(t, func(r *http.Request) string {
				if !strings.HasSuffix(r.URL.Path, "/results") {
					return fmt.Sprintf(`{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"succeeded":%d,"errored":%d,"canceled":%d,"expired":%d}}`,
						succeeded, errored, canceled, expired)
				}
				streams++
				return []string{first, second, third}[min(streams, 3)-1]
			})
			var got gen.BetaRequestCounts
			results, newer, damaged := int64(0), int64(0), 0
			seen := make(map[string]bool)
			var last error
			for item, err := range c.Results(t.Context(), "b") {
				if last != nil {
					t.Fatalf("something follows %v", last)
				}
				if (item == nil) == (err == nil) {
					t.Fatalf("got %+v with %v", item, err)
				}
				var line *client.LineError
				switch {
				case err != nil:
					last = err
					continue
				case item.Result == nil || errors.As(item.Err(), &line) && errors.Is(line, client.ErrDuplicateResult):
					damaged++
					continue
				case item.CustomID == "":
					damaged++
					continue
				case seen[item.CustomID]:
					t.Fatalf("%q comes twice", item.CustomID)
				}
				seen[item.CustomID] = true
				results++
				switch item.Result.(type) {
				case *gen.BetaMessageBatchSucceededResult:
					got.Succeeded++
				case *gen.BetaMessageBatchErroredResult:
					got.Errored++
				case *gen.BetaMessageBatchCanceledResult:
					got.Canceled++
				case *gen.BetaMessageBatchExpiredResult:
					got.Expired++
				default:
					newer++
				}
			}
			var incomplete *client.IncompleteError
			switch {
			case last == nil:
				if results < total || got.Succeeded > want.Succeeded || got.Errored > want.Errored || got.Canceled > want.Canceled || got.Expired > want.Expired {
					t.Errorf("%+v of %+v in %d streams, and no error", got, want, streams)
				}
			case errors.As(last, &incomplete):
				if incomplete.Got != got || incomplete.Want != want || incomplete.Damaged != damaged {
					t.Errorf("yielded %+v of %+v and %d damaged lines, but the error is %+v", got, want, damaged, incomplete)
				}
			case results > 0:
				t.Errorf("%d results, and the error is %v", results, last)
			}
			if limit := int(results+1)*5 + 1; streams > limit {
				t.Errorf("%d streams for %d results (%d of new types)", streams, results, newer)
			}
		})
	})
}
