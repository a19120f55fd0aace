package conformance_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A foreign is the SDK as a client of the fake service. It does not retry, and records its calls for the log.
type foreign struct {
	anthropic.BetaMessageBatchService
	service *batchtest.Service
	calls   []string       // distinct calls, in order
	counts  map[string]int // how often each was made
}

var batchID = regexp.MustCompile(`msgbatch_\w+`)

// note is middleware for the SDK.
func (f *foreign) note(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	resp, err := next(r)
	if err == nil {
		call := fmt.Sprintf("%s %s %d", r.Method, batchID.ReplaceAllString(r.URL.RequestURI(), "ID"), resp.StatusCode)
		if f.counts[call]++; f.counts[call] == 1 {
			f.calls = append(f.calls, call)
		}
	}
	return resp, err
}

func (f *foreign) log(t *testing.T) {
	var text strings.Builder
	for _, call := range f.calls {
		fmt.Fprintf(&text, "\n%3d %s", f.counts[call], call)
	}
	t.Log("calls of the SDK:", text.String())
}

func newForeign(t *testing.T, service *batchtest.Service, opts ...option.RequestOption) *foreign {
	f := &foreign{service: service, counts: make(map[string]int)}
	opts = append([]option.RequestOption{
		option.WithAPIKey(service.Key()),
		option.WithBaseURL(service.URL()),
		option.WithHTTPClient(service.HTTPClient()),
		option.WithMaxRetries(0),
		option.WithMiddleware(f.note),
	}, opts...)
	f.BetaMessageBatchService = anthropic.NewClient(opts...).Beta.Messages.Batches
	t.Cleanup(func() { f.log(t) })
	return f
}

// create sends a batch with a request for each id.
func (f *foreign) create(t *testing.T, ids ...string) *anthropic.BetaMessageBatch {
	t.Helper()
	var params anthropic.BetaMessageBatchNewParams
	for _, id := range ids {
		params.Requests = append(params.Requests, greeting(id))
	}
	batch, err := f.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func greeting(id string) anthropic.BetaMessageBatchNewParamsRequest {
	return anthropic.BetaMessageBatchNewParamsRequest{
		CustomID: id,
		Params: anthropic.BetaMessageBatchNewParamsRequestParams{
			Model:     anthropic.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages: []anthropic.BetaMessageParam{{OfUser: &anthropic.BetaUserMessageParam{
				Content: []anthropic.BetaContentBlockParamUnion{{OfText: &anthropic.BetaTextBlockParam{Text: "Hello"}}},
			}}},
		},
	}
}

// results reads all results of a batch, by custom id.
func (f *foreign) results(t *testing.T, id string) map[string]anthropic.BetaMessageBatchResultUnion {
	t.Helper()
	all := make(map[string]anthropic.BetaMessageBatchResultUnion)
	stream := f.ResultsStreaming(t.Context(), id, anthropic.BetaMessageBatchResultsParams{})
	defer stream.Close()
	for stream.Next() {
		line := stream.Current()
		all[line.CustomID] = line.Result
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLifeOfABatch follows batches from creation to deletion, in process and over a socket, with each way to send the
// key and each version.
func TestLifeOfABatch(t *testing.T) {
	t.Parallel()
	socket := batchtest.New(t)
	stop, err := socket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop() })
	for name, tt := range map[string]struct {
		service *batchtest.Service
		option  option.RequestOption
		header  string
		value   string
	}{
		"bearer":    {batchtest.New(t), option.WithMaxRetries(0), "authorization", "Bearer sk-ant-fake-key"},
		"x-api-key": {batchtest.New(t), option.WithMiddleware(keyHeader), "x-api-key", "sk-ant-fake-key"},
		"new":       {batchtest.New(t), option.WithMaxRetries(0), "anthropic-version", "2026-10-21"},
		"old":       {batchtest.New(t), option.WithHeader("anthropic-version", "2023-06-01"), "anthropic-version", "2023-06-01"},
		"socket":    {socket, option.WithHTTPClient(http.DefaultClient), "x-stainless-lang", "go"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForeign(t, tt.service, tt.option)
			f.live(t)
			for _, op := range []batchtest.Op{batchtest.Create, batchtest.Get, batchtest.List, batchtest.Cancel, batchtest.Results, batchtest.Delete} {
				calls := tt.service.Calls(op)
				if len(calls) == 0 {
					t.Errorf("%s was not called", op)
				}
				for _, c := range calls {
					if got := c.Header.Get(tt.header); got != tt.value {
						t.Errorf("%s: got %s %q, want %q", op, tt.header, got, tt.value)
					}
				}
			}
		})
	}
}

// keyHeader sends the key as x-api-key, which the SDK itself does not do.
func keyHeader(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	r.Header.Set("x-api-key", strings.TrimPrefix(r.Header.Get("authorization"), "Bearer "))
	r.Header.Del("authorization")
	return next(r)
}

func (f *foreign) live(t *testing.T) {
	batch := f.create(t, "a", "b", "c")
	if batch.ProcessingStatus != anthropic.BetaMessageBatchProcessingStatusInProgress || batch.RequestCounts.Processing != 3 {
		t.Errorf("created: %s", batch.RawJSON())
	}
	if !batch.ExpiresAt.Equal(batch.CreatedAt.Add(24*time.Hour)) || !batch.EndedAt.IsZero() || batch.JSON.ResultsURL.Valid() {
		t.Errorf("created: %s", batch.RawJSON())
	}
	f.service.Advance(time.Minute)
	batch, err := f.Get(t.Context(), batch.ID, anthropic.BetaMessageBatchGetParams{})
	if err != nil {
		t.Fatal(err)
	}
	if batch.ProcessingStatus != anthropic.BetaMessageBatchProcessingStatusEnded || batch.RequestCounts.Succeeded != 3 || batch.EndedAt.IsZero() {
		t.Errorf("ended: %s", batch.RawJSON())
	}
	for id, result := range f.results(t, batch.ID) {
		if message := result.AsSucceeded().Message; message.Content[0].AsText().Text != "You said: Hello" || message.Usage.OutputTokens == 0 {
			t.Errorf("%s: %s", id, result.RawJSON())
		}
	}

	canceled := f.create(t, "a")
	if canceled, err = f.Cancel(t.Context(), canceled.ID, anthropic.BetaMessageBatchCancelParams{}); err != nil {
		t.Fatal(err)
	}
	if canceled.ProcessingStatus != anthropic.BetaMessageBatchProcessingStatusCanceling || canceled.CancelInitiatedAt.IsZero() {
		t.Errorf("canceling: %s", canceled.RawJSON())
	}
	f.service.Advance(time.Minute)
	if result := f.results(t, canceled.ID)["a"]; result.Type != "canceled" {
		t.Errorf("canceled: %s", result.RawJSON())
	}

	f.pages(t)

	deleted, err := f.Delete(t.Context(), batch.ID, anthropic.BetaMessageBatchDeleteParams{})
	if err != nil || deleted.ID != batch.ID || deleted.Type != "message_batch_deleted" {
		t.Errorf("deleted: %v, %v", deleted, err)
	}
	_, err = f.Get(t.Context(), batch.ID, anthropic.BetaMessageBatchGetParams{})
	checkError(t, err, http.StatusNotFound, "not_found_error")
}

// pages makes some more batches and lists them in pages, in both directions.
func (f *foreign) pages(t *testing.T) {
	for range 3 {
		f.create(t, "a")
	}
	var want, got []string // newest first
	for _, b := range f.service.Batches() {
		want = slices.Insert(want, 0, b.ID)
	}
	pages := f.ListAutoPaging(t.Context(), anthropic.BetaMessageBatchListParams{Limit: anthropic.Int(2)})
	for pages.Next() {
		got = append(got, pages.Current().ID)
	}
	if diff := cmp.Diff(want, got); pages.Err() != nil || diff != "" {
		t.Errorf("pages: %v, (-want +got)\n%s", pages.Err(), diff)
	}
	page, err := f.List(t.Context(), anthropic.BetaMessageBatchListParams{Limit: anthropic.Int(2), BeforeID: anthropic.String(want[4])})
	if err != nil || page.FirstID != want[2] || page.LastID != want[3] || !page.HasMore {
		t.Fatalf("page before the last batch: %v, %v", page, err)
	}
	if page, err = page.GetNextPage(); err != nil || page.FirstID != want[0] || page.LastID != want[1] || page.HasMore {
		t.Errorf("page before that: %v, %v", page, err)
	}
}

// TestResults reads results other than texts with the SDK.
func TestResults(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t)
	f := newForeign(t, service)
	batch := f.create(t, "message", "error")
	service.Answer("message", batchtest.Message(gen.BetaMessage{
		ID:    "msg_1",
		Model: gen.ModelClaudeOpus5,
		Content: []gen.BetaContentBlock{
			&gen.BetaThinkingBlock{Thinking: "Which city?", Signature: "c2ln"},
			&gen.BetaTextBlock{Text: "Soup.", Citations: []gen.BetaTextCitation{
				&gen.BetaCitationCharLocation{CitedText: "Soup 5", DocumentTitle: "Menu", EndCharIndex: 6},
			}},
			&gen.BetaToolUseBlock{ID: "toolu_1", Name: "get_weather", Input: []byte(`{"city":"Zürich","days":[1,2]}`)},
		},
		StopReason: gen.BetaMessageStopReasonToolUse,
		Usage:      gen.BetaUsage{InputTokens: 12, OutputTokens: 34, CacheReadInputTokens: new(int64(56))},
	}))
	service.Answer("error", batchtest.Errored(&gen.BetaOverloadedError{Message: "Try later."}))
	service.Advance(time.Minute)
	results := f.results(t, batch.ID)

	m := results["message"].AsSucceeded().Message
	if m.ID != "msg_1" || m.Model != anthropic.ModelClaudeOpus5 || m.StopReason != anthropic.BetaStopReasonToolUse {
		t.Errorf("message: %s", m.RawJSON())
	}
	if u := m.Usage; u.InputTokens != 12 || u.OutputTokens != 34 || u.CacheReadInputTokens != 56 {
		t.Errorf("usage: %s", u.RawJSON())
	}
	if b := m.Content[0].AsThinking(); b.Thinking != "Which city?" || b.Signature != "c2ln" {
		t.Errorf("thinking: %s", b.RawJSON())
	}
	text := m.Content[1].AsText()
	if c := text.Citations[0].AsCharLocation(); text.Text != "Soup." || c.CitedText != "Soup 5" || c.DocumentTitle != "Menu" || c.EndCharIndex != 6 {
		t.Errorf("text: %s", text.RawJSON())
	}
	tool := m.Content[2].AsToolUse()
	if diff := cmp.Diff(any(map[string]any{"city": "Zürich", "days": []any{1.0, 2.0}}), tool.Input); tool.Name != "get_weather" || diff != "" {
		t.Errorf("tool use: %s (-want +got)\n%s", tool.RawJSON(), diff)
	}
	if e := results["error"].AsErrored().Error.Error.AsOverloadedError(); e.Message != "Try later." {
		t.Errorf("error: %s", e.RawJSON())
	}
}

// TestErrors makes each call fail with each error.
func TestErrors(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t)
	f := newForeign(t, service)
	const id = "msgbatch_1"
	calls := map[batchtest.Op]func() error{
		batchtest.Create: func() error {
			_, err := f.New(t.Context(), anthropic.BetaMessageBatchNewParams{Requests: []anthropic.BetaMessageBatchNewParamsRequest{greeting("a")}})
			return err
		},
		batchtest.List: func() error {
			_, err := f.List(t.Context(), anthropic.BetaMessageBatchListParams{})
			return err
		},
		batchtest.Get: func() error {
			_, err := f.Get(t.Context(), id, anthropic.BetaMessageBatchGetParams{})
			return err
		},
		batchtest.Cancel: func() error {
			_, err := f.Cancel(t.Context(), id, anthropic.BetaMessageBatchCancelParams{})
			return err
		},
		batchtest.Delete: func() error {
			_, err := f.Delete(t.Context(), id, anthropic.BetaMessageBatchDeleteParams{})
			return err
		},
		batchtest.Results: func() error {
			return f.ResultsStreaming(t.Context(), id, anthropic.BetaMessageBatchResultsParams{}).Err()
		},
	}
	for _, e := range []struct {
		status    int
		errorType anthropic.ErrorType
	}{
		{400, "invalid_request_error"}, {401, "authentication_error"}, {402, "billing_error"}, {403, "permission_error"},
		{404, "not_found_error"}, {409, "conflict_error"}, {413, "request_too_large"}, {429, "rate_limit_error"},
		{500, "api_error"}, {503, "api_error"}, {504, "timeout_error"}, {529, "overloaded_error"},
	} {
		for op, call := range calls {
			service.Inject(op, batchtest.Fail(e.status, string(e.errorType), "Why."))
			checkError(t, call(), e.status, e.errorType)
		}
	}
	for _, s := range newCorpus("BetaErrorDetails") {
		service.Inject(batchtest.Get, batchtest.Status(429, `{"type":"error","error":{"type":"rate_limit_error","message":"Why.","details":`+string(s.json())+`}}`))
		err := checkError(t, calls[batchtest.Get](), 429, "rate_limit_error")
		if diff := cmp.Diff(s.decoded(), readableFields(reflect.ValueOf(err.Details))); diff != "" {
			t.Errorf("details (-want +got)\n%s", diff)
		}
	}
}

// TestRefusals sends calls that the service itself refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t)
	f := newForeign(t, service)
	_, err := f.New(t.Context(), anthropic.BetaMessageBatchNewParams{})
	checkError(t, err, http.StatusBadRequest, "invalid_request_error")
	_, err = f.New(t.Context(), anthropic.BetaMessageBatchNewParams{Requests: []anthropic.BetaMessageBatchNewParamsRequest{greeting("a"), greeting("a")}})
	checkError(t, err, http.StatusBadRequest, "invalid_request_error")
	_, err = f.Cancel(t.Context(), "msgbatch_none", anthropic.BetaMessageBatchCancelParams{})
	checkError(t, err, http.StatusNotFound, "not_found_error")
	_, err = f.List(t.Context(), anthropic.BetaMessageBatchListParams{}, option.WithHeader("anthropic-version", "1999-01-01"))
	checkError(t, err, http.StatusBadRequest, "invalid_request_error")
	_, err = f.List(t.Context(), anthropic.BetaMessageBatchListParams{}, option.WithAPIKey("another key"))
	checkError(t, err, http.StatusUnauthorized, "authentication_error")

	betas := []anthropic.AnthropicBeta{anthropic.AnthropicBetaOutput300k2026_03_24, anthropic.AnthropicBetaMCPClient2025_11_20}
	if _, err = f.List(t.Context(), anthropic.BetaMessageBatchListParams{Betas: betas}); err != nil {
		t.Error(err)
	}
	_, err = f.List(t.Context(), anthropic.BetaMessageBatchListParams{Betas: append(betas, "none-2026-01-01")})
	checkError(t, err, http.StatusBadRequest, "invalid_request_error")
}

// checkError checks that an error is an API error.
func checkError(t *testing.T, err error, status int, errorType anthropic.ErrorType) *anthropic.Error {
	t.Helper()
	apiErr := new(anthropic.Error)
	if !errors.As(err, &apiErr) {
		t.Errorf("got %v, want an error of the API with status %d", err, status)
	} else if apiErr.StatusCode != status || apiErr.Type() != errorType || apiErr.Message == "" || apiErr.RequestID == "" {
		t.Errorf("got %d %s %q of request %q, want %d %s", apiErr.StatusCode, apiErr.Type(), apiErr.Message, apiErr.RequestID, status, errorType)
	}
	return apiErr
}
