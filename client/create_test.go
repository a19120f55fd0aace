package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestCreateIsNeverTakenTwice checks, for each way in which a create call can end, how often it is sent, how many batches
// there are, and what Create returns.
func TestCreateIsNeverTakenTwice(t *testing.T) {
	t.Parallel()
	const overloaded = `{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}`
	for name, tt := range map[string]struct {
		fault     batchtest.Fault
		calls     int
		batches   int
		uncertain bool
	}{
		"529 of the API":             {batchtest.Fail(529, "overloaded_error", "Busy."), 2, 1, false},
		"503 of the API":             {batchtest.Fail(503, "api_error", "Down."), 2, 1, false},
		"429 with retry-after":       {batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", "1"), 2, 1, false},
		"429 without retry-after":    {batchtest.Fail(429, "rate_limit_error", "No."), 1, 0, false},
		"400":                        {batchtest.Fail(400, "invalid_request_error", "No."), 1, 0, false},
		"401":                        {batchtest.Fail(401, "authentication_error", "No."), 1, 0, false},
		"413 as text":                {batchtest.Status(413, "too large"), 1, 0, false},
		"302":                        {batchtest.Status(302, "", "location", "/v1/messages/batches"), 1, 0, false},
		"307":                        {batchtest.Status(307, "", "location", "/v1/messages/batches"), 1, 0, false},
		"308 to another host":        {batchtest.Status(308, "", "location", "https://example.com/v1/messages/batches"), 1, 0, false},
		"400 as HTML":                {batchtest.Status(400, "<html>"), 1, 0, true},
		"400 that should retry":      {batchtest.Fail(400, "invalid_request_error", "No.", "x-should-retry", "true"), 1, 0, false},
		"413 of the API":             {batchtest.Fail(413, "request_too_large", "No."), 1, 0, false},
		"429 as HTML":                {batchtest.Status(429, "<html>", "retry-after", "1"), 1, 0, true},
		"500 that should retry":      {batchtest.Fail(500, "api_error", "Oops.", "x-should-retry", "true"), 1, 0, true},
		"529 as HTML":                {batchtest.Status(529, "<html>", "retry-after", "1"), 1, 0, true},
		"204":                        {batchtest.Status(204, ""), 1, 0, true},
		"408":                        {batchtest.Fail(408, "timeout_error", "Late."), 1, 0, true},
		"409":                        {batchtest.Fail(409, "conflict_error", "No."), 1, 0, true},
		"500":                        {batchtest.Fail(500, "api_error", "Oops."), 1, 0, true},
		"502 as HTML":                {batchtest.Status(502, "<html>"), 1, 0, true},
		"503 as HTML":                {batchtest.Status(503, "<html>"), 1, 0, true},
		"504":                        {batchtest.Fail(504, "timeout_error", "Late."), 1, 0, true},
		"dropped before":             {batchtest.DropBefore(), 1, 0, true},
		"dropped after":              {batchtest.DropAfter(), 1, 1, true},
		"response truncated":         {batchtest.DropBytes(20), 1, 1, true},
		"response truncated cleanly": {batchtest.TruncateBytes(20), 1, 1, true},
		"response stalls":            {batchtest.Stall(0, 24*time.Hour), 1, 1, true},
		"200 with null":              {batchtest.Status(200, "null"), 1, 0, true},
		"200 with empty object":      {batchtest.Status(200, "{}"), 1, 0, true},
		"200 with HTML":              {batchtest.Status(200, "<html>"), 1, 0, true},
		"200 with an error":          {batchtest.Status(200, overloaded), 1, 0, true},
		"200 with a list":            {batchtest.Status(200, `{"data":[],"has_more":false}`), 1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				s.Inject(batchtest.Create, tt.fault)
				c := s.Client(client.WithHeader("Idempotency-Key", "1"))
				b, err := c.Create(t.Context(), requests(3))
				if n := len(s.Calls(batchtest.Create)); n != tt.calls {
					t.Errorf("sent %d times, want %d", n, tt.calls)
				}
				if n := len(s.Batches()); n != tt.batches {
					t.Errorf("%d batches, want %d", n, tt.batches)
				}
				var uncertain *client.UncertainError
				if errors.As(err, &uncertain) != tt.uncertain {
					t.Errorf("got %v, uncertain should be %v", err, tt.uncertain)
				}
				if tt.uncertain && (uncertain.Attempt.Requests != 3 || uncertain.Attempt.Bytes == 0 || uncertain.Attempt.Started.IsZero()) {
					t.Errorf("got %+v", uncertain)
				}
				var apiErr *client.APIError
				if strings.HasPrefix(name, "200") && (!errors.As(err, &apiErr) || apiErr.StatusCode != 200 || apiErr.RequestID == "") {
					t.Errorf("the error has lost status and request id: %v", err)
				}
				if taken := tt.calls == 2; (err == nil) != taken || (b != nil) != taken {
					t.Errorf("got %v, %v", b, err)
				}
			})
		})
	}
}

// TestCreateCutWhileSending loses connections before the whole body has been sent: the service cannot have accepted the
// batch, and the call is retried.
func TestCreateCutWhileSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		cut := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			io.CopyN(io.Discard, r.Body, 1000)
			panic(http.ErrAbortHandler)
		}
		early := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			io.CopyN(io.Discard, r.Body, 1000)
			w.WriteHeader(http.StatusBadGateway)
		}
		s.Inject(batchtest.Create, cut, early)
		batch := create(t, s.Client(), 1000)
		if len(s.Calls(batchtest.Create)) != 3 || len(s.Batches()) != 1 || s.Batches()[0].ID != batch.ID {
			t.Errorf("%d calls, %d batches", len(s.Calls(batchtest.Create)), len(s.Batches()))
		}
	})
}

func TestCreateCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, batchtest.Stall(0, time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.Client().Create(ctx, requests(1))
		if !errors.As(err, new(*client.UncertainError)) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.Client().Create(done, requests(1))
		if errors.As(err, new(*client.UncertainError)) || !errors.Is(err, context.Canceled) {
			t.Errorf("nothing was sent, but got %v", err)
		}
	})
}

func TestCreateWithStatus202(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.WriteHeader(http.StatusAccepted)
		next.ServeHTTP(w, r)
	})
	if b := create(t, s.Client(), 1); b.ID == "" {
		t.Error("the batch is lost")
	}
}

func TestAtLeastOnceCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, batchtest.DropAfter())
		create(t, s.Client(), 1, client.WithAtLeastOnceCreate())
		if n := len(s.Batches()); n != 2 {
			t.Errorf("%d batches, want the lost one and the resent one", n)
		}
	})
}

func TestAtLeastOnceCreateStaysUncertain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, batchtest.DropAfter(), batchtest.Fail(400, "invalid_request_error", "No."))
		_, err := s.Client().Create(t.Context(), requests(1), client.WithAtLeastOnceCreate())
		if !errors.As(err, new(*client.UncertainError)) || !errors.Is(err, client.ErrInvalidRequest) {
			t.Errorf("there is a batch, but got %v", err)
		}
	})
}

// TestCreateBody compares the body that arrives, its announced length, and what encoding/json makes of the params.
func TestCreateBody(t *testing.T) {
	t.Parallel()
	params := requests(3)
	params[1].Params.Messages[0] = client.UserText(strings.Repeat("é<\n", 100_000))
	var got []byte
	s := batchtest.New(t)
	s.Inject(batchtest.Create, batchtest.Times(2, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		before := got
		got, _ = io.ReadAll(r.Body)
		if r.ContentLength != int64(len(got)) || before != nil && !bytes.Equal(got, before) {
			t.Errorf("announced %d bytes, sent %d, and %d before", r.ContentLength, len(got), len(before))
		}
		batchtest.Fail(529, "overloaded_error", "Busy.")(w, r, next)
	})...)
	s.Client().Create(t.Context(), params, client.WithRetry(client.Retry{MaxAttempts: 2, MinDelay: time.Nanosecond}))
	want, err := json.Marshal(gen.BetaCreateMessageBatchParams{Requests: params})
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if json.Unmarshal(got, &g) != nil || json.Unmarshal(want, &w) != nil || !cmp.Equal(g, w) {
		t.Errorf("the body differs: %.200s", got)
	}
}

// A checker calls functions.
type checker struct {
	requests func([]client.Request, client.CallInfo) error
	lines    func(io.Reader) error
}

func (c checker) CheckRequests(_ context.Context, r []client.Request, i client.CallInfo) error {
	return c.requests(r, i)
}

func (c checker) CheckLines(_ context.Context, r io.Reader, _ client.CallInfo) error {
	return c.lines(r)
}

func TestPreflightOption(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	no := errors.New("no")
	var info client.CallInfo
	_, err := s.Client().Create(t.Context(), requests(2),
		client.WithBetas(gen.AnthropicBetaSkills20251002),
		client.WithPreflight(checker{requests: func(_ []client.Request, i client.CallInfo) error {
			info = i
			return no
		}}))
	if !errors.Is(err, no) || len(s.Calls(batchtest.Create)) != 0 || info.Version != gen.AnthropicVersionV20230601 || len(info.Betas) != 1 {
		t.Errorf("got %v, %+v", err, info)
	}
}
