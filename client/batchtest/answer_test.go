package batchtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A recorder is a test whose failures do not fail this test.
type recorder struct {
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// Fatalf ends the goroutine, as a test does.
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) end() []string {
	for _, f := range r.cleanups {
		f()
	}
	return r.errors
}

// results creates a batch of valid requests, which ends at once, and returns its results.
func results(t testing.TB, s *batchtest.Service, ids ...string) (gen.BetaMessageBatch, map[string]gen.BetaMessageBatchResult) {
	t.Helper()
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body(ids...))
	b = send[gen.BetaMessageBatch](t, s, "GET", "/"+b.ID, nil)
	return b, resultsOf(t, s, b.ID)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.AnswerAll(batchtest.Text("All the others."))
	s.Answer("errored", batchtest.Errored(&gen.BetaOverloadedError{Message: "Busy."}))
	s.Answer("expired", batchtest.Raw(`{"type":"expired"}`))
	s.Answer("new", batchtest.Raw(`{"type":"postponed","until":[1]}`))
	s.Answer("case", batchtest.Raw(`{"type":"postponed","Type":"expired"}`))
	s.Answer("reversed", func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		user := r.Params.Messages[0].(*gen.BetaUserMessageParam)
		return batchtest.Text(r.CustomID + " got " + string(user.Content.(gen.BetaTextContent)))(r)
	})
	s.Answer("refused", batchtest.Message(gen.BetaMessage{
		Content: []gen.BetaContentBlock{}, StopReason: gen.BetaMessageStopReasonRefusal, Usage: gen.BetaUsage{InputTokens: 5, OutputTokens: 1},
	}))
	b, got := results(t, s, "other", "errored", "expired", "new", "case", "reversed", "refused")
	if want := (gen.BetaRequestCounts{Succeeded: 5, Errored: 1, Expired: 1}); b.RequestCounts != want {
		t.Errorf("got %+v, want %+v", b.RequestCounts, want)
	}
	message := func(id string, m gen.BetaMessage) *gen.BetaMessageBatchSucceededResult {
		m.ID, m.Model, m.Usage.ServiceTier = "msg_"+id, gen.ModelClaudeOpus5, gen.BetaUsageServiceTierBatch
		if m.StopReason == "" {
			m.StopReason = gen.BetaMessageStopReasonEndTurn
		}
		return &gen.BetaMessageBatchSucceededResult{Message: m}
	}
	text := func(text string) []gen.BetaContentBlock {
		return []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}}
	}
	want := map[string]gen.BetaMessageBatchResult{
		"other":    message("other", gen.BetaMessage{Content: text("All the others."), Usage: gen.BetaUsage{InputTokens: 10, OutputTokens: 5}}),
		"errored":  &gen.BetaMessageBatchErroredResult{Error: gen.BetaErrorResponse{Error: &gen.BetaOverloadedError{Message: "Busy."}}},
		"expired":  &gen.BetaMessageBatchExpiredResult{},
		"new":      &gen.Unknown{Type: "postponed", Raw: []byte(`{"type":"postponed","until":[1]}`)},
		"case":     &gen.Unknown{Type: "postponed", Raw: []byte(`{"type":"postponed","Type":"expired"}`)},
		"reversed": message("reversed", gen.BetaMessage{Content: text("reversed got Hello, reversed"), Usage: gen.BetaUsage{InputTokens: 10, OutputTokens: 6}}),
		"refused":  message("refused", gen.BetaMessage{Content: []gen.BetaContentBlock{}, StopReason: gen.BetaMessageStopReasonRefusal, Usage: gen.BetaUsage{InputTokens: 5, OutputTokens: 1}}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMistakesAreErrored checks that an answer for all requests does not hide that one is invalid.
func TestMistakesAreErrored(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.AnswerAll(batchtest.Text("Fine."))
	s.Answer("asked-for", batchtest.Text("Fine."))
	in := `{"requests":[{"custom_id":"wrong","params":{"model":"claude-opus-5"}},{"custom_id":"asked-for","params":{"model":"claude-opus-5"}}]}`
	b := send[gen.BetaMessageBatch](t, s, "POST", "", strings.NewReader(in))
	got := resultsOf(t, s, b.ID)
	if e, ok := got["wrong"].(*gen.BetaMessageBatchErroredResult); !ok || !strings.HasPrefix(e.Error.Error.(*gen.BetaInvalidRequestError).Message, "params.m") {
		t.Errorf("got %+v", got["wrong"])
	}
	if _, ok := got["asked-for"].(*gen.BetaMessageBatchSucceededResult); !ok {
		t.Errorf("got %+v", got["asked-for"])
	}
}

func TestInTurn(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("r", batchtest.InTurn(batchtest.Errored(&gen.BetaAPIError{Message: "Oops."}), batchtest.Raw(`{"type":"expired"}`), batchtest.Text("At last.")))
	for i, want := range []string{"errored", "expired", "succeeded", "succeeded"} {
		if _, got := results(t, s, "r"); got["r"].Discriminator() != want {
			t.Errorf("batch %d: got %+v, want %s", i, got["r"], want)
		}
	}
}

func TestBrokenAnswersFailTheTest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer batchtest.Answer
		want   string
	}{
		"panic": {func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult { panic("boom") }, "the answer to request r panicked: boom\n"},
		"t.Fatal": {func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			new(testing.T).FailNow()
			return nil
		}, "the answer to request r did not return"},
		"nil": {func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult { return nil }, "the answer to request r is nil"},
		"typed nil": {func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			return (*gen.BetaMessageBatchExpiredResult)(nil)
		}, "the answer to request r is nil"},
		"not JSON":  {batchtest.Raw("{"), "the answer to request r cannot be written: encode JSON at /result"},
		"not UTF-8": {batchtest.Text("\xff"), "the answer to request r cannot be written: encode JSON at /result/message/content/0/text"},
	} {
		var r recorder
		s := batchtest.New(&r, batchtest.WithDuration(0))
		s.Answer("r", tt.answer)
		b, got := results(t, s, "r", "fine")
		errored, ok := got["r"].(*gen.BetaMessageBatchErroredResult)
		if !ok || !strings.Contains(errored.Error.Error.(*gen.BetaAPIError).Message, tt.want) {
			t.Errorf("%s: got %+v", name, got["r"])
		}
		if want := (gen.BetaRequestCounts{Succeeded: 1, Errored: 1}); b.RequestCounts != want {
			t.Errorf("%s: got %+v", name, b.RequestCounts)
		}
		if errors := r.end(); len(errors) != 1 || !strings.HasPrefix(errors[0], "batchtest: "+tt.want) {
			t.Errorf("%s: the test fails with %q, want %q", name, errors, tt.want)
		}
	}
}

func TestOneBrokenAnswerIsReportedOnce(t *testing.T) {
	t.Parallel()
	var r recorder
	s := batchtest.New(&r, batchtest.WithDuration(0))
	s.AnswerAll(batchtest.Raw("{"))
	results(t, s, "a", "b", "c")
	if errors := r.end(); len(errors) != 1 {
		t.Errorf("got %q", errors)
	}
	results(t, s, "a") // a test that has ended cannot fail
}

func TestInspection(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	b := send[gen.BetaMessageBatch](t, s, "POST", "?beta=true", body("a", "b"), "anthropic-beta", "files-api-2025-04-14, skills-2025-10-02", "x-tag", "1")
	do(t, s, "POST", "", strings.NewReader("{}")).Body.Close()
	resultsOf(t, s, b.ID)
	calls := s.Calls(batchtest.Create)
	if len(calls) != 2 || calls[0].BatchID != b.ID || calls[1].BatchID != "" || calls[0].Query != "beta=true" || calls[0].Host != "localhost" ||
		calls[0].Header.Get("x-tag") != "1" || !strings.HasPrefix(calls[0].RequestID, "req_") || calls[0].Time.IsZero() {
		t.Errorf("got %+v", calls)
	}
	if diff := cmp.Diff([]gen.AnthropicBeta{gen.AnthropicBetaFilesAPI20250414, gen.AnthropicBetaSkills20251002}, calls[0].Betas()); diff != "" {
		t.Error(diff)
	}
	if all := s.Calls(""); len(all) != 3 || all[2].Op != batchtest.Results || all[2].BatchID != b.ID {
		t.Errorf("got %+v", all)
	}
	requests := s.Requests(b.ID)
	if len(requests) != 2 || requests[1].CustomID != "b" || requests[1].Params.MaxTokens != 1024 ||
		string(requests[1].Raw) != `{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hello, b"}]}` {
		t.Errorf("got %+v", requests)
	}
	if got := s.Requests("msgbatch_1"); got != nil {
		t.Errorf("got %+v of no batch", got)
	}
}

func TestWithoutHistory(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithoutHistory(), batchtest.WithDuration(0))
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("a"))
	if n := len(s.Requests(b.ID)); n != 1 {
		t.Errorf("%d requests before the end", n)
	}
	resultsOf(t, s, b.ID)
	if len(s.Requests(b.ID)) != 0 || len(s.Calls("")) != 0 {
		t.Errorf("it keeps %v, %v", s.Requests(b.ID), s.Calls(""))
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			id := fmt.Sprintf("r%d", i)
			s.Answer(id, batchtest.InTurn(batchtest.Text("one"), batchtest.Text("two")))
			s.Takes(id, 0)
			s.Inject(batchtest.List, nil)
			b, got := results(t, s, id, "other")
			if len(got) != 2 || len(s.Requests(b.ID)) != 2 || len(s.Batches()) == 0 || len(s.Calls("")) == 0 {
				t.Errorf("got %+v", got)
			}
			if resp := do(t, s, "GET", "", nil); resp.StatusCode != http.StatusOK || read(t, resp) == "" {
				t.Errorf("list: got %d", resp.StatusCode)
			}
			s.Advance(1)
		})
	}
	wg.Wait()
}
