package bulk_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

func TestPolicyAgain(t *testing.T) {
	t.Parallel()
	errored := func(detail string) string {
		return `{"custom_id":"a","result":{"type":"errored","error":{"type":"error","request_id":null,"error":` + detail + `}}}`
	}
	for name, tt := range map[string]struct {
		line   string // empty for a result that is missing
		policy bulk.Policy
		again  bool
		reason bulk.Reason
	}{
		"done/succeeded":          {fmt.Sprintf(succeeded, "a", "Hi"), bulk.Policy{Canceled: true, Missing: true}, false, "succeeded"},
		"done/unknown type":       {`{"custom_id":"a","result":{"type":"postponed"}}`, bulk.Policy{Canceled: true, Missing: true}, false, "postponed"},
		"passes/expired":          {fmt.Sprintf(expired, "a"), bulk.Policy{}, true, "expired"},
		"passes/overloaded":       {errored(`{"type":"overloaded_error","message":"x"}`), bulk.Policy{}, true, "overloaded_error"},
		"passes/api":              {errored(`{"type":"api_error","message":"x"}`), bulk.Policy{}, true, "api_error"},
		"passes/timeout":          {errored(`{"type":"timeout_error","message":"x"}`), bulk.Policy{}, true, "timeout_error"},
		"passes/rate limit":       {errored(`{"type":"rate_limit_error","message":"x"}`), bulk.Policy{}, true, "rate_limit_error"},
		"passes/other code":       {errored(`{"type":"rate_limit_error","message":"x","details":{"error_code":"ramp_limit_exceeded"}}`), bulk.Policy{}, true, "rate_limit_error"},
		"stays/spend limit":       {errored(`{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}`), bulk.Policy{}, false, bulk.ReasonSpendLimit},
		"stays/billing and spend": {errored(`{"type":"billing_error","message":"x","details":{"error_code":"linked_organization_spend_limit_reached"}}`), bulk.Policy{}, false, bulk.ReasonSpendLimit},
		"stays/invalid":           {errored(`{"type":"invalid_request_error","message":"x"}`), bulk.Policy{Canceled: true, Missing: true}, false, "invalid_request_error"},
		"stays/authentication":    {errored(`{"type":"authentication_error","message":"x"}`), bulk.Policy{}, false, "authentication_error"},
		"stays/billing":           {errored(`{"type":"billing_error","message":"x"}`), bulk.Policy{}, false, "billing_error"},
		"stays/permission":        {errored(`{"type":"permission_error","message":"x"}`), bulk.Policy{}, false, "permission_error"},
		"stays/not found":         {errored(`{"type":"not_found_error","message":"x"}`), bulk.Policy{}, false, "not_found_error"},
		"stays/too large":         {errored(`{"type":"request_too_large","message":"x"}`), bulk.Policy{}, false, "request_too_large"},
		"stays/conflict":          {errored(`{"type":"conflict_error","message":"x"}`), bulk.Policy{}, false, "conflict_error"},
		"stays/unknown":           {errored(`{"type":"melted_error","message":"x"}`), bulk.Policy{}, false, "melted_error"},
		"stays/no error":          {`{"custom_id":"a","result":{"type":"errored","error":{"type":"error"}}}`, bulk.Policy{}, false, "errored"},
		"canceled/not asked":      {`{"custom_id":"a","result":{"type":"canceled"}}`, bulk.Policy{Missing: true}, false, "canceled"},
		"canceled/asked":          {`{"custom_id":"a","result":{"type":"canceled"}}`, bulk.Policy{Canceled: true}, true, "canceled"},
		"missing/not asked":       {"", bulk.Policy{Canceled: true}, false, bulk.ReasonMissing},
		"missing/asked":           {"", bulk.Policy{Missing: true}, true, bulk.ReasonMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var i *client.Item
			if tt.line != "" {
				i = new(client.Item)
				if err := i.UnmarshalJSON([]byte(tt.line)); i.Result == nil {
					t.Fatal(err)
				}
			}
			if again, reason := tt.policy.Again(i); again != tt.again || reason != tt.reason {
				t.Errorf("got %v, %q", again, reason)
			}
		})
	}
	if again, reason := (bulk.Policy{Missing: true}).Again(&client.Item{CustomID: "a"}); !again || reason != bulk.ReasonMissing {
		t.Errorf("no result: got %v, %q", again, reason)
	}
}

// TestPolicyAgainKnowsAllErrors walks the contract's types of errors: of each it is known whether it passes.
func TestPolicyAgainKnowsAllErrors(t *testing.T) {
	t.Parallel()
	passes := map[string]bool{
		"overloaded_error": true, "api_error": true, "timeout_error": true, "rate_limit_error": true,
		"invalid_request_error": false, "authentication_error": false, "billing_error": false, "permission_error": false,
		"not_found_error": false, "conflict_error": false, "request_too_large": false,
	}
	mapping := contract.Load().Components.Schemas["BetaError"].Value.Discriminator.Mapping
	if len(mapping) < 9 {
		t.Fatalf("the contract has %d types of errors", len(mapping))
	}
	for name := range mapping {
		want, ok := passes[name]
		if !ok {
			t.Errorf("nothing is decided about %s", name)
		}
		line := fmt.Sprintf(`{"custom_id":"a","result":{"type":"errored","error":{"type":"error","error":{"type":%q,"message":"x"}}}}`, name)
		if again, _ := (bulk.Policy{}).Again(item(t, line)); again != want {
			t.Errorf("%s: got %v", name, again)
		}
	}
}

func TestFollowUp(t *testing.T) {
	t.Parallel()
	attempts := map[string]int{"b": 1, "c": 2, "d": 7}
	before := maps.Clone(attempts)
	results := then(items(
		fmt.Sprintf(expired, "c"), fmt.Sprintf(expired, "b"), fmt.Sprintf(expired, "a"), fmt.Sprintf(expired, "a"), fmt.Sprintf(expired, "z"),
		`{"custom_id":"d","result":{"type":"succeeded","message":{"model":5}}}`,
	), errors.New("connection lost"))
	decide := func(attempts map[string]int, p bulk.Policy) (all []string) {
		for d, err := range bulk.FollowUp(bulk.Match(indexed("a", "b", "c", "d", "e"), results), attempts, p) {
			text := fmt.Sprintf("%s %d again=%v %s attempts=%d givenup=%v", d.CustomID, d.Input, d.Again, d.Reason, d.Attempts, d.GivenUp)
			if err != nil {
				text += " " + fmt.Sprint(errors.As(err, new(*client.LineError)), kindOf(err))
			}
			all = append(all, text)
		}
		return all
	}
	want := []string{
		"c 3 again=false expired attempts=3 givenup=true",
		"b 2 again=true expired attempts=2 givenup=false",
		"a 1 again=true expired attempts=1 givenup=false",
		"a 1 again=false  attempts=0 givenup=false false there was a result already",
		"z 0 again=false  attempts=0 givenup=false false result of no input",
		"d 4 again=false succeeded attempts=8 givenup=false true <nil>",
		" 0 again=false  attempts=0 givenup=false false <nil>",
		"e 5 again=false missing attempts=1 givenup=false",
	}
	if diff := cmp.Diff(want, decide(attempts, bulk.Policy{})); diff != "" {
		t.Error(diff)
	}
	if !maps.Equal(attempts, before) {
		t.Errorf("attempts are now %v", attempts)
	}
	want[0] = "c 3 again=true expired attempts=1 givenup=false"
	want[1] = "b 2 again=true expired attempts=1 givenup=false"
	want[5] = "d 4 again=false succeeded attempts=1 givenup=false true <nil>"
	want[7] = "e 5 again=true missing attempts=1 givenup=false"
	if diff := cmp.Diff(want, decide(nil, bulk.Policy{MaxAttempts: 2, Missing: true})); diff != "" {
		t.Error(diff)
	}
	want[0] = "c 3 again=false expired attempts=1 givenup=true"
	want[1] = "b 2 again=false expired attempts=1 givenup=true"
	want[2] = "a 1 again=false expired attempts=1 givenup=true"
	want[7] = "e 5 again=false missing attempts=1 givenup=false"
	if diff := cmp.Diff(want, decide(nil, bulk.Policy{MaxAttempts: 1})); diff != "" {
		t.Error(diff)
	}
	for n := 1; n < 8; n++ {
		take(bulk.FollowUp(bulk.Match(indexed("a", "b", "c", "d", "e"), results), nil, bulk.Policy{}), n)
	}
}

// An item may come with an error that is not about its line, and then without its input: nothing is decided about it, lest
// an empty request be sent again.
func TestFollowUpDecidesMatchesOnly(t *testing.T) {
	t.Parallel()
	large := fmt.Sprintf(`{"custom_id":"a","result":{"type":"expired","x":%q}}`, strings.Repeat("x", 1<<17)) // more than is buffered
	part := &client.LineError{Line: 1, CustomID: "a", Err: errors.New("odd")}
	bare := func(yield func(*client.Item, error) bool) { yield(&client.Item{CustomID: "a"}, part) }
	for name, tt := range map[string]struct {
		matches iter.Seq2[bulk.Matched[int], error]
		want    []string
	}{
		"store/fails": {
			bulk.MatchInOrder(indexed("a"), &brokenStore{write: errors.New("disk full")}, items(large)),
			[]string{"a 0 again=false  store of results: disk full"},
		},
		"item/without a result": {
			bulk.MatchInOrder(indexed("a"), nil, bare),
			[]string{`a 0 again=false  match (request "a"): item is no result: custom_id or result is empty, or cannot be written: results, line 1 (request "a"): odd`, "a 1 again=true missing <nil>"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for d, err := range bulk.FollowUp(tt.matches, nil, bulk.Policy{Missing: true}) {
				got = append(got, fmt.Sprintf("%s %d again=%v %s %v", d.CustomID, d.Input, d.Again, d.Reason, err))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFollowUpRounds sends batch after batch to the fake until nothing is left.
func TestFollowUpRounds(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	busy := batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})
	service.Answer("once", batchtest.InTurn(busy, batchtest.Text("at last")))
	service.Answer("twice", batchtest.InTurn(busy, batchtest.Raw(`{"type":"expired"}`), batchtest.Text("at last")))
	service.Answer("always", busy)
	service.Answer("invalid", batchtest.Errored(&gen.BetaInvalidRequestError{Message: "No."}))
	c := fakeClient(service)

	next := []client.Request{request("once", "x"), request("always", "x"), request("invalid", "x"), request("good", "x"), request("twice", "x")}
	attempts := make(map[string]int)
	final := make(map[string]string)
	var sizes []int
	for len(next) > 0 {
		sizes = append(sizes, len(next))
		var again []client.Request
		for batch, err := range bulk.Split(slices.Values(next), bulk.Limits{MaxRequests: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			created, err := c.Create(t.Context(), client.BatchParams{Requests: batch})
			if err != nil {
				t.Fatal(err)
			}
			for d, err := range bulk.FollowUp(bulk.Match(bulk.ByID(slices.Values(batch)), c.Results(t.Context(), created.ID)), attempts, bulk.Policy{}) {
				if err != nil {
					t.Fatal(err)
				}
				if d.Again {
					again = append(again, d.Input)
					attempts[d.CustomID] = d.Attempts
				} else {
					final[d.CustomID] = fmt.Sprint(d.Reason, " ", d.Attempts, " ", d.GivenUp)
				}
			}
		}
		next = again
	}
	want := map[string]string{
		"good": "succeeded 1 false", "once": "succeeded 2 false", "twice": "succeeded 3 false",
		"always": "overloaded_error 3 true", "invalid": "invalid_request_error 1 false",
	}
	if diff := cmp.Diff(want, final); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{5, 3, 2}, sizes); diff != "" {
		t.Error(diff)
	}
}
