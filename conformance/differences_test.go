package conformance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The tests of this file are the rows of the README's table: the SDK and ours face the same failure. If a test fails
// because the SDK has improved, remove the test and its row.

// newPair returns the SDK, with its own retries, and ours, each with its own service.
func newPair(t *testing.T) (*foreign, *batchtest.Service, *client.Client) {
	service := batchtest.New(t)
	return newForeign(t, batchtest.New(t), option.WithMaxRetries(2)), service, service.Client()
}

func theirs(ids ...string) (params anthropic.BetaMessageBatchNewParams) {
	for _, id := range ids {
		params.Requests = append(params.Requests, greeting(id))
	}
	return params
}

func ours(ids ...string) (requests []client.Request) {
	for _, id := range ids {
		requests = append(requests, client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	return requests
}

// TestDifferenceLostAnswer drops the connection after a create was accepted and, for comparison, before. The SDK
// returns the same error for both, and since v2.14.0 does not resend; it also gives up after a 529, although nothing
// was accepted.
func TestDifferenceLostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var errorTexts []string
		for _, tt := range []struct {
			fault    batchtest.Fault
			accepted int
		}{{batchtest.DropAfter(), 1}, {batchtest.DropBefore(), 0}} {
			sdk, service, c := newPair(t)
			sdk.service.Inject(batchtest.Create, tt.fault)
			service.Inject(batchtest.Create, tt.fault)

			_, err := sdk.New(t.Context(), theirs("a"))
			if err == nil || errors.As(err, new(*anthropic.Error)) || len(sdk.service.Batches()) != tt.accepted {
				t.Fatalf("SDK: %v, %d batches, not %d with the error of net/http", err, len(sdk.service.Batches()), tt.accepted)
			}
			errorTexts = append(errorTexts, err.Error())

			_, err = c.Create(t.Context(), ours("a"))
			var uncertain *client.UncertainError
			if !errors.As(err, &uncertain) || len(service.Batches()) != tt.accepted {
				t.Fatalf("ours: %v, %d batches", err, len(service.Batches()))
			}
			found, err := uncertain.Candidates(t.Context())
			if err != nil || len(found.Batches) != tt.accepted {
				t.Errorf("ours: candidates %v, %v, want %d", found, err, tt.accepted)
			}
		}
		if errorTexts[0] != errorTexts[1] {
			t.Errorf("SDK: the errors %q differ", errorTexts)
		}

		sdk, service, c := newPair(t)
		sdk.service.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Overloaded"))
		service.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Overloaded"))
		if _, err := sdk.New(t.Context(), theirs("a")); err == nil || len(sdk.service.Batches()) != 0 {
			t.Errorf("SDK: %v, %d batches after a 529", err, len(sdk.service.Batches()))
		}
		if _, err := c.Create(t.Context(), ours("a")); err != nil || len(service.Batches()) != 1 {
			t.Errorf("ours: %v, %d batches after a 529", err, len(service.Batches()))
		}
	})
}

func TestDifferenceWrongAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]batchtest.Fault{
		"empty object": batchtest.Status(200, "{}", "content-type", "application/json"),
		"redirect":     batchtest.Redirect(302, "/v1/messages/batches?beta=true"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sdk, service, c := newPair(t)
			sdk.service.Inject(batchtest.Create, fault)
			service.Inject(batchtest.Create, fault)
			if batch, err := sdk.New(t.Context(), theirs("a")); err != nil || batch.ID != "" {
				t.Errorf("SDK: %v, %v, not an empty batch with a nil error", batch, err)
			}
			if batch, err := c.Create(t.Context(), ours("a")); batch != nil || err == nil {
				t.Errorf("ours: %v, %v", batch, err)
			}
		})
	}
}

// hosts is a transport that redirects requests from one host to another, and records the bodies that arrive there.
type hosts struct{ elsewhere []string }

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	resp := &http.Response{StatusCode: 307, Header: http.Header{"Location": {"https://elsewhere.example" + r.URL.Path}}, Body: http.NoBody, Request: r}
	if r.URL.Host == "elsewhere.example" {
		h.elsewhere = append(h.elsewhere, string(body))
		resp.StatusCode = 404
	}
	return resp, err
}

func TestDifferenceRedirectElsewhere(t *testing.T) {
	t.Parallel()
	var them, us hosts
	sdk := anthropic.NewClient(option.WithAPIKey("key"), option.WithBaseURL("https://api.example"), option.WithHTTPClient(&http.Client{Transport: &them}))
	if _, err := sdk.Beta.Messages.Batches.New(t.Context(), theirs("a")); err == nil || len(them.elsewhere) != 1 || !strings.Contains(them.elsewhere[0], "Hello") {
		t.Errorf("SDK: %v, and sends %q, not the prompts", err, them.elsewhere)
	}
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key"), client.WithBaseURL("https://api.example"), client.WithHTTPClient(&http.Client{Transport: &us}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), ours("a")); err == nil || len(us.elsewhere) != 0 {
		t.Errorf("ours: %v, and sends %q", err, us.elsewhere)
	}
}

func TestDifferenceWrongIDs(t *testing.T) {
	t.Parallel()
	sdk, service, c := newPair(t)
	if _, err := sdk.New(t.Context(), theirs("a", "a", "")); err == nil || len(sdk.service.Calls(batchtest.Create)) != 1 {
		t.Errorf("SDK: %v, sent %d times", err, len(sdk.service.Calls(batchtest.Create)))
	}
	if _, err := c.Create(t.Context(), ours("a", "a", "")); err == nil || len(service.Calls(batchtest.Create)) != 0 {
		t.Errorf("ours: %v, sent %d times", err, len(service.Calls(batchtest.Create)))
	}
}

// TestDifferenceResults damages the stream of four results the first time.
func TestDifferenceResults(t *testing.T) {
	t.Parallel()
	blank := batchtest.Rewrite(func(body []byte) []byte { return []byte(strings.Replace(string(body), "\n", "\n\n", 1)) })
	failed := batchtest.Status(200, `{"type":"error","error":{"type":"api_error","message":"Why."}}`, "content-type", "application/x-jsonl")
	for name, tt := range map[string]struct {
		fault    batchtest.Fault
		sdk      int  // number of results that it returns
		silent   bool // whether its error is nil
		ours     int
		complain bool // whether ours reports a damaged line and then the other results
	}{
		"cut between lines": {batchtest.Truncate(2), 2, true, 4, false},
		"cut in a line":     {batchtest.DropBytes(300), 0, false, 4, false},
		"blank line":        {blank, 1, false, 4, false},
		"bad line":          {batchtest.Corrupt(2), 2, false, 4, false},
		"error with 200":    {failed, 1, true, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sdk, service, c := newPair(t)
				theirBatch := sdk.create(t, "a", "b", "c", "d")
				batch, err := c.Create(t.Context(), ours("a", "b", "c", "d"))
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range []*batchtest.Service{sdk.service, service} {
					s.Advance(time.Minute)
					s.Inject(batchtest.Results, tt.fault)
				}
				given := 0
				stream := sdk.ResultsStreaming(t.Context(), theirBatch.ID, anthropic.BetaMessageBatchResultsParams{})
				defer stream.Close()
				for stream.Next() {
					given++
				}
				if given != tt.sdk || (stream.Err() == nil) != tt.silent {
					t.Errorf("SDK: %d results, then %v", given, stream.Err())
				}
				given = 0
				complained := false
				for item, err := range c.Results(t.Context(), batch.ID) {
					switch {
					case err != nil:
						t.Errorf("ours: %v", err)
					case item.Malformed != nil:
						complained = true
					default:
						given++
					}
				}
				if given != tt.ours || complained != tt.complain {
					t.Errorf("ours: %d results, complained about a line: %t", given, complained)
				}
			})
		})
	}
}

// TestDifferencePatience sends a retry-after of an hour to callers with a deadline of a minute.
func TestDifferencePatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sdk, service, c := newPair(t)
		busy := batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "3600")
		sdk.service.Inject(batchtest.List, busy)
		service.Inject(batchtest.List, busy)
		minute := func() context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			return ctx
		}

		began := time.Now()
		_, err := sdk.List(minute(), anthropic.BetaMessageBatchListParams{})
		if took := time.Since(began); took < time.Minute || errors.As(err, new(*anthropic.Error)) {
			t.Errorf("SDK: %v after %s, with the response in it", err, took)
		}

		began = time.Now()
		for _, err = range c.List(minute()) {
		}
		if took := time.Since(began); took > time.Second || !errors.Is(err, client.ErrRateLimited) {
			t.Errorf("ours: %v after %s", err, took)
		}
	})
}

// TestDifferenceErrorText returns a web page in place of an API response.
func TestDifferenceErrorText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sdk, service, c := newPair(t)
		page := batchtest.Status(404, "<html>"+strings.Repeat("Not here. ", 1000)+"</html>", "content-type", "text/html")
		sdk.service.Inject(batchtest.Get, page)
		service.Inject(batchtest.Get, page)
		if _, err := sdk.Get(t.Context(), "a", anthropic.BetaMessageBatchGetParams{}); err == nil || len(err.Error()) < 10_000 {
			t.Errorf("SDK: %v", err)
		}
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, client.ErrNotFound) || len(err.Error()) > 200 {
			t.Errorf("ours: %v", err)
		}
	})
}

// TestDifferenceMethods shows the SDK's methods for batches: calls, and none that waits.
func TestDifferenceMethods(t *testing.T) {
	t.Parallel()
	var methods []string
	for method := range reflect.TypeFor[*anthropic.BetaMessageBatchService]().Methods() {
		methods = append(methods, method.Name)
	}
	if want := []string{"Cancel", "Delete", "Get", "List", "ListAutoPaging", "New", "ResultsStreaming"}; !slices.Equal(methods, want) {
		t.Errorf("SDK: has %v, want %v", methods, want)
	}
}
