package bulk_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

func TestPolicyAgain(t *testing.T) {
	t.Parallel()
	errored := func(detail string) string {
		return `{"custom_id":"a","result":{"type":"errored","error":{"type":"error","request_id":null,"error":` + detail + `}}}`
	}
	for name, tt := range map[string]struct {
		line   string // empty for a missing result
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
		"stays/no error":          {`{"custom_id":"a","result":{"type":"errored","error":null}}`, bulk.Policy{}, false, "errored"},
		"canceled/not asked":      {`{"custom_id":"a","result":{"type":"canceled"}}`, bulk.Policy{Missing: true}, false, "canceled"},
		"canceled/asked":          {`{"custom_id":"a","result":{"type":"canceled"}}`, bulk.Policy{Canceled: true}, true, "canceled"},
		"missing/not asked":       {"", bulk.Policy{Canceled: true}, false, bulk.ReasonMissing},
		"missing/asked":           {"", bulk.Policy{Missing: true}, true, bulk.ReasonMissing},
		"damaged/not asked":       {`{"custom_id":"a","result":{"type":"exp`, bulk.Policy{Canceled: true}, false, bulk.ReasonDamaged},
		"damaged/asked":           {`{"custom_id":"a","result":{"type":"exp`, bulk.Policy{Missing: true}, true, bulk.ReasonDamaged},
		"odd/passes":              {errored(`{"type":"overloaded_error","message":5}`), bulk.Policy{}, true, "overloaded_error"},
		"odd/stays":               {errored(`{"type":"billing_error","message":5}`), bulk.Policy{}, false, "billing_error"},
		"odd/succeeded":           {strings.Replace(fmt.Sprintf(succeeded, "a", "Hi"), `"model":"claude-opus-5"`, `"model":5`, 1), bulk.Policy{Missing: true}, false, "succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var i *client.Item
			if tt.line != "" {
				parsed := client.ParseItem([]byte(tt.line), 1)
				i = &parsed
			}
			if again, reason := tt.policy.Again(i); again != tt.again || reason != tt.reason {
				t.Errorf("got %v, %q", again, reason)
			}
		})
	}
}

// TestPolicyAgainKnowsAllErrors iterates over the error types of the contract: for each the test states whether it is worth
// a retry.
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
			t.Errorf("there is no decision for %s", name)
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
	lines := []string{
		fmt.Sprintf(expired, "c"), fmt.Sprintf(expired, "b"), fmt.Sprintf(expired, "a"), fmt.Sprintf(expired, "a"), fmt.Sprintf(expired, "z"),
		`{"custom_id":"d","result":{"type":"succeeded","message":{"model":5}}}`, "hello", `{"custom_id":"f","result":nu`,
	}
	failure := errors.New("connection lost")
	decide := func(results iter.Seq2[*client.Item, error], attempts map[string]int, p bulk.Policy) []string {
		matches := bulk.Match(indexed("a", "b", "c", "d", "e", "f", "a"), results)
		decisions, err := collect(t, bulk.FollowUp(matches, attempts, p))
		var all []string
		for _, d := range decisions {
			all = append(all, fmt.Sprintf("%s %d again=%v %s attempts=%d givenup=%v", d.CustomID, d.Input, d.Again, d.Reason, d.Attempts, d.GivenUp))
		}
		return append(all, err.Error())
	}
	const left = `match: results without an input: 1, duplicate results: 1, duplicate inputs: 1, damaged lines: 1 ` +
		`(request "a": duplicate custom id; request "a": duplicate result; request "z": result without an input)`
	want := []string{
		"c 3 again=false expired attempts=3 givenup=true",
		"b 2 again=true expired attempts=2 givenup=false",
		"a 1 again=true expired attempts=1 givenup=false",
		"d 4 again=false succeeded attempts=8 givenup=false",
		"e 5 again=false missing attempts=1 givenup=false",
		"f 6 again=false damaged attempts=1 givenup=false",
		left,
	}
	if diff := cmp.Diff(want, decide(items(lines...), attempts, bulk.Policy{})); diff != "" {
		t.Error(diff)
	}
	if !maps.Equal(attempts, before) {
		t.Errorf("attempts are now %v", attempts)
	}
	want = []string{
		"c 3 again=true expired attempts=1 givenup=false",
		"b 2 again=true expired attempts=1 givenup=false",
		"a 1 again=true expired attempts=1 givenup=false",
		"d 4 again=false succeeded attempts=1 givenup=false",
		"e 5 again=true missing attempts=1 givenup=false",
		"f 6 again=true damaged attempts=1 givenup=false",
		left,
	}
	if diff := cmp.Diff(want, decide(items(lines...), nil, bulk.Policy{MaxAttempts: 2, Missing: true})); diff != "" {
		t.Error(diff)
	}
	// Requests whose results were not read may have results, and are never resent.
	want[4] = "e 5 again=false unread attempts=1 givenup=false"
	want[6] = left + "; connection lost"
	if diff := cmp.Diff(want, decide(then(items(lines...), failure), nil, bulk.Policy{MaxAttempts: 2, Missing: true})); diff != "" {
		t.Error(diff)
	}
	want[0] = "c 3 again=false expired attempts=1 givenup=true"
	want[1] = "b 2 again=false expired attempts=1 givenup=true"
	want[2] = "a 1 again=false expired attempts=1 givenup=true"
	want[5] = "f 6 again=false damaged attempts=1 givenup=false"
	if diff := cmp.Diff(want, decide(then(items(lines...), failure), nil, bulk.Policy{MaxAttempts: 1})); diff != "" {
		t.Error(diff)
	}
	leaveEarly(bulk.FollowUp(bulk.Match(indexed("a", "b", "c", "d", "e"), items(lines...)), nil, bulk.Policy{}))
}

func TestFollowUpErrors(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk full")
	foreign := func(yield func(bulk.Matched[int], error) bool) {
		_ = yield(bulk.Matched[int]{CustomID: "a", Input: 1, Mismatch: bulk.ErrMissing}, nil) && yield(bulk.Matched[int]{}, failure)
	}
	for name, tt := range map[string]struct {
		matches iter.Seq2[bulk.Matched[int], error]
		want    []string // id, input and reason of each decision
		err     string
	}{
		"none/missing":       {bulk.Match(indexed("a")), []string{"a 1 missing"}, "<nil>"},
		"none/damaged lines": {bulk.Match(indexed("a"), items("hello")), []string{"a 1 missing"}, "<nil>"},
		"last/store":         {bulk.MatchInOrder(indexed("a", "b"), &brokenStore{write: failure}, expiredItems("a", "b")), []string{"a 1 unread", "b 2 unread"}, "match: store of results: disk full"},
		"last/results":       {bulk.MatchInOrder(indexed("a", "b"), nil, then(expiredItems("a"), failure)), []string{"a 1 expired", "b 2 unread"}, "match: disk full"},
		"last/foreign":       {foreign, []string{"a 1 missing"}, "match: disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decisions, err := collect(t, bulk.FollowUp(tt.matches, nil, bulk.Policy{}))
			var got []string
			for _, d := range decisions {
				got = append(got, fmt.Sprint(d.CustomID, " ", d.Input, " ", d.Reason))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || fmt.Sprint(err) != tt.err || err != nil && !errors.Is(err, failure) {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestFollowUpProperties checks that every custom ID of random inputs has one decision, whatever the results are.
func TestFollowUpProperties(t *testing.T) {
	t.Parallel()
	reasons := make(map[bulk.Reason]int)
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 12))
		c := newMatchCase(random)
		var store bulk.Store
		if random.IntN(5) == 0 {
			store = []bulk.Store{&brokenStore{write: io.ErrShortWrite}, &brokenStore{read: io.ErrNoProgress}, &brokenStore{garbles: true}}[random.IntN(3)]
		}
		for _, matches := range []iter.Seq2[bulk.Matched[int], error]{bulk.Match(indexed(c.inputs...), c.results...), bulk.MatchInOrder(indexed(c.inputs...), store, c.results...)} {
			decided := make(map[string]bool)
			decisions, err := collect(t, bulk.FollowUp(matches, nil, bulk.Policy{Missing: true}))
			for _, d := range decisions {
				if decided[d.CustomID] || d.Reason == "" || d.Input != slices.Index(c.inputs, d.CustomID)+1 || d.Again && c.failures > 0 && d.Item == nil {
					t.Fatalf("seed %d: got %+v", seed, d)
				}
				decided[d.CustomID] = true
				reasons[d.Reason]++
			}
			for _, id := range c.inputs {
				if !decided[id] {
					t.Fatalf("seed %d: there is no decision for %s", seed, id)
				}
			}
			if bad, ok := errors.AsType[*bulk.MatchError](err); ok && (bad.Missing+bad.Unread > 0 || len(bad.Errs) < c.failures && store == nil) || c.failures > 0 && err == nil {
				t.Fatalf("seed %d: got %v after %d failures", seed, err, c.failures)
			}
		}
	}
	t.Log(reasons)
	if len(reasons) != 4 {
		t.Errorf("the inputs cover only %v", reasons)
	}
}

// TestFollowUpRounds sends batch after batch to the fake until nothing is left.
func TestFollowUpRounds(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	busy := batchtest.Errored(&client.OverloadedError{Message: "Overloaded."})
	service.Answer("once", batchtest.InTurn(busy, batchtest.Text("at last")))
	service.Answer("twice", batchtest.InTurn(busy, batchtest.Raw(`{"type":"expired"}`), batchtest.Text("at last")))
	service.Answer("always", busy)
	service.Answer("invalid", batchtest.Errored(&client.InvalidRequestError{Message: "No."}))
	c := service.Client()

	next := []client.Request{request("once", "x"), request("always", "x"), request("invalid", "x"), request("good", "x"), request("twice", "x")}
	attempts := make(map[string]int)
	final := make(map[string]string)
	var sizes []int
	for len(next) > 0 {
		sizes = append(sizes, len(next))
		var again []client.Request
		batches, err := collect(t, bulk.Split(slices.Values(next), bulk.Limits{MaxRequests: 2}))
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range batches {
			created, err := c.Create(t.Context(), batch)
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
