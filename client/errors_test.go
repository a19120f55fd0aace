package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

var once = client.WithRetry(client.Retry{MaxAttempts: 1})

func TestErrorsByVariantAndKind(t *testing.T) {
	t.Parallel()
	as := func(target error) func(error) bool {
		return func(err error) bool {
			switch any(target).(type) {
			case *gen.BetaInvalidRequestError:
				return errors.As(err, new(*gen.BetaInvalidRequestError))
			case *gen.BetaAuthenticationError:
				return errors.As(err, new(*gen.BetaAuthenticationError))
			case *gen.BetaBillingError:
				return errors.As(err, new(*gen.BetaBillingError))
			case *gen.BetaPermissionError:
				return errors.As(err, new(*gen.BetaPermissionError))
			case *gen.BetaNotFoundError:
				return errors.As(err, new(*gen.BetaNotFoundError))
			case *gen.BetaRateLimitError:
				return errors.As(err, new(*gen.BetaRateLimitError))
			case *gen.BetaGatewayTimeoutError:
				return errors.As(err, new(*gen.BetaGatewayTimeoutError))
			case *gen.BetaAPIError:
				return errors.As(err, new(*gen.BetaAPIError))
			case *gen.BetaOverloadedError:
				return errors.As(err, new(*gen.BetaOverloadedError))
			}
			return false
		}
	}
	for _, tt := range []struct {
		status    int
		errorType string
		kind      error
		variant   error // nil if the contract has none
	}{
		{400, "invalid_request_error", client.ErrInvalidRequest, &gen.BetaInvalidRequestError{}},
		{401, "authentication_error", client.ErrAuthentication, &gen.BetaAuthenticationError{}},
		{402, "billing_error", client.ErrBilling, &gen.BetaBillingError{}},
		{403, "permission_error", client.ErrPermission, &gen.BetaPermissionError{}},
		{404, "not_found_error", client.ErrNotFound, &gen.BetaNotFoundError{}},
		{409, "conflict_error", client.ErrConflict, nil},
		{413, "request_too_large", client.ErrRequestTooLarge, nil},
		{429, "rate_limit_error", client.ErrRateLimited, &gen.BetaRateLimitError{}},
		{500, "api_error", client.ErrAPI, &gen.BetaAPIError{}},
		{503, "api_error", client.ErrAPI, &gen.BetaAPIError{}},
		{504, "timeout_error", client.ErrTimeout, &gen.BetaGatewayTimeoutError{}},
		{529, "overloaded_error", client.ErrOverloaded, &gen.BetaOverloadedError{}},
		{418, "teapot_error", client.ErrInvalidRequest, nil},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.errorType), func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			s.Inject(batchtest.Retrieve, batchtest.Fail(tt.status, tt.errorType, "Because."))
			_, err := newClient(t, s).Get(t.Context(), "b", once)
			var apiErr *client.APIError
			if !errors.As(err, &apiErr) {
				t.Fatalf("got %v", err)
			}
			if apiErr.StatusCode != tt.status || apiErr.Type != tt.errorType || apiErr.Message != "Because." || apiErr.RequestID != "req_fault" || apiErr.Op != "retrieve batch" {
				t.Errorf("got %+v", apiErr)
			}
			if want := fmt.Sprintf("retrieve batch: %d %s: Because. (request req_fault)", tt.status, tt.errorType); err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
			if tt.variant != nil && !as(tt.variant)(err) {
				t.Errorf("errors.As does not find %T", tt.variant)
			}
			if unknown, ok := apiErr.Detail.(*gen.Unknown); tt.variant == nil && (!ok || !strings.Contains(string(unknown.Raw), "Because.")) {
				t.Errorf("an unknown type is not kept: %#v", apiErr.Detail)
			}
			for _, kind := range []error{
				client.ErrInvalidRequest, client.ErrAuthentication, client.ErrBilling, client.ErrPermission,
				client.ErrNotFound, client.ErrConflict, client.ErrRequestTooLarge, client.ErrRateLimited, client.ErrAPI,
				client.ErrTimeout, client.ErrOverloaded, client.ErrSpendLimit, client.ErrNotEnded, client.ErrExpired,
			} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("errors.Is(err, %q) is %v", kind, errors.Is(err, kind))
				}
			}
		})
	}
}

// TestAnswersThatAreNotTheAPIs checks that whatever comes becomes an error with status and kind, without its body
// in the text.
func TestAnswersThatAreNotTheAPIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		header []string
		kind   error
		want   string
	}{
		"html":               {502, "<html>" + strings.Repeat("secret ", 100_000), nil, client.ErrAPI, "502 Bad Gateway: answer with a body that is not the API's JSON (text/html)"},
		"html with type":     {429, "<html>secret", []string{"content-type", "text/html"}, client.ErrRateLimited, "429 Too Many Requests"},
		"text":               {413, "secret", nil, client.ErrRequestTooLarge, "(text/plain)"},
		"empty":              {503, "", nil, client.ErrAPI, "503 Service Unavailable: answer with an empty body"},
		"null":               {500, "null", nil, client.ErrAPI, "not the API's JSON"},
		"empty object":       {404, "{}", nil, client.ErrNotFound, "not the API's JSON"},
		"another type":       {403, `{"type":"secret","error":{"type":"permission_error"}}`, nil, client.ErrPermission, "not the API's JSON"},
		"error without type": {403, `{"type":"error","error":{"message":"secret"}}`, nil, client.ErrPermission, "not the API's JSON"},
		"cut JSON":           {529, `{"type":"error","error":{"type":"over`, nil, client.ErrOverloaded, "not the API's JSON"},
		"200/null":           {200, "null", nil, nil, "answer is not what the contract says"},
		"200/empty":          {200, "", nil, nil, "answer has an empty body"},
		"200/empty object":   {200, "{}", nil, nil, "answer is not what the contract says"},
		"200/list":           {200, `[]`, nil, nil, "answer is not what the contract says"},
		"200/html":           {200, "<html>secret", nil, nil, "answer is not what the contract says"},
		"200/error":          {200, `{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}`, nil, client.ErrOverloaded, "200 overloaded_error: Busy."},
		"redirect":           {302, "", []string{"location", "https://example.com/secret"}, nil, "redirects are not followed"},
		"line breaks":        {400, `{"type":"error","error":{"type":"invalid_request_error","message":"a\r\nb\u0000` + strings.Repeat("c", 5000) + `"}}`, nil, client.ErrInvalidRequest, "a  b c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			s.Inject(batchtest.Retrieve, batchtest.Status(tt.status, tt.body, tt.header...))
			b, err := newClient(t, s).Get(t.Context(), "b", once)
			var apiErr *client.APIError
			if b != nil || !errors.As(err, &apiErr) || apiErr.StatusCode != tt.status {
				t.Fatalf("got %v, %v", b, err)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of kind %v", err, tt.kind)
			}
			text := err.Error()
			if !strings.Contains(text, tt.want) || strings.Contains(text, "secret") || strings.ContainsAny(text, "\r\n\x00") || len(text) > 700 {
				t.Errorf("got text %q, want %q in it", text, tt.want)
			}
			if len(apiErr.Excerpt) > 64<<10 || len(apiErr.Excerpt) == 0 && tt.body != "" {
				t.Errorf("excerpt of %d bytes", len(apiErr.Excerpt))
			}
		})
	}
}

func TestErrorCode(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Retrieve, batchtest.Status(429, `{"type":"error","error":{"type":"rate_limit_error","message":"No.","details":{"error_code":"enforced_spend_limit_reached"}}}`))
	_, err := newClient(t, s).Get(t.Context(), "b")
	var apiErr *client.APIError
	if !errors.As(err, &apiErr) || apiErr.ErrorCode != "enforced_spend_limit_reached" || !errors.Is(err, client.ErrSpendLimit) || !errors.Is(err, client.ErrRateLimited) {
		t.Errorf("got %v", err)
	}
	if n := len(s.Calls(batchtest.Retrieve)); n != 1 {
		t.Errorf("%d attempts: waiting does not lift a spend limit", n)
	}
	var limited *gen.BetaRateLimitError
	if !errors.As(err, &limited) || limited.Details.ErrorCode != gen.BetaErrorDetailsErrorCodeEnforcedSpendLimitReached {
		t.Errorf("got %+v", limited)
	}
}

func TestErrorIsLogged(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Retrieve, batchtest.Fail(404, "not_found_error", "Gone."))
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := newClient(t, s, client.WithLogger(logger)).Get(t.Context(), "b")
	logger.Error("failed", "error", err)
	for _, want := range []string{"status=404", "request_id=req_fault", "error.type=not_found_error", `error.message=Gone.`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %s:\n%s", want, &log)
		}
	}
	if strings.Contains(log.String(), s.Key()) {
		t.Errorf("the key is in the log:\n%s", &log)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	after := func(headers ...string) batchtest.Fault {
		return batchtest.Fail(429, "rate_limit_error", "Slow down.", headers...)
	}
	for name, tt := range map[string]struct {
		faults   []batchtest.Fault
		attempts int
		min, max time.Duration
		ok       bool
	}{
		"529 twice":             {batchtest.Times(2, overloaded), 3, 500 * time.Millisecond, 1500 * time.Millisecond, true},
		"529 for ever":          {batchtest.Times(5, overloaded), 5, time.Second, 8 * time.Second, false},
		"dropped":               {[]batchtest.Fault{batchtest.DropBefore(), batchtest.DropAfter()}, 3, 500 * time.Millisecond, 1500 * time.Millisecond, true},
		"html 502":              {[]batchtest.Fault{batchtest.Status(502, "<html>")}, 2, 0, time.Second, true},
		"408":                   {[]batchtest.Fault{batchtest.Status(408, "")}, 2, 0, time.Second, true},
		"409":                   {[]batchtest.Fault{batchtest.Status(409, "")}, 2, 0, time.Second, true},
		"429 after 7 s":         {[]batchtest.Fault{after("retry-after", "7")}, 2, 7 * time.Second, 8 * time.Second, true},
		"429 after 1500 ms":     {[]batchtest.Fault{after("retry-after-ms", "1500")}, 2, 1500 * time.Millisecond, 1700 * time.Millisecond, true},
		"429 after an hour":     {[]batchtest.Fault{after("retry-after", "3600")}, 1, 0, 0, false},
		"429 after -1":          {[]batchtest.Fault{after("retry-after", "-1")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after NaN":         {[]batchtest.Fault{after("retry-after", "NaN")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after 1e30":        {[]batchtest.Fault{after("retry-after", "1e30")}, 1, 0, 0, false},
		"429 after Inf":         {[]batchtest.Fault{after("retry-after", "Inf")}, 1, 0, 0, false},
		"429 after garbage":     {[]batchtest.Fault{after("retry-after", "soon")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after a past date": {[]batchtest.Fault{after("retry-after", "Sat, 02 Jan 1999 15:04:05 GMT")}, 2, 100 * time.Millisecond, time.Second, true},
		"400":                   {[]batchtest.Fault{batchtest.Status(400, "")}, 1, 0, 0, false},
		"400 should retry":      {[]batchtest.Fault{batchtest.Status(400, "", "x-should-retry", "true")}, 2, 0, time.Second, true},
		"500 should not":        {[]batchtest.Fault{batchtest.Status(500, "", "x-should-retry", "false")}, 1, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				c := newClient(t, s)
				batch := create(t, c, 1)
				s.Inject(batchtest.Retrieve, tt.faults...)
				began := time.Now()
				_, err := c.Get(t.Context(), batch.ID)
				if took := time.Since(began); took < tt.min || took > tt.max {
					t.Errorf("took %v, want %v to %v", took, tt.min, tt.max)
				}
				if n := len(s.Calls(batchtest.Retrieve)); n != tt.attempts {
					t.Errorf("%d attempts, want %d", n, tt.attempts)
				}
				if (err == nil) != tt.ok {
					t.Errorf("got error %v", err)
				}
				var apiErr *client.APIError
				if errors.As(err, &apiErr) && apiErr.Attempts != tt.attempts {
					t.Errorf("the error says %d attempts: %v", apiErr.Attempts, err)
				}
			})
		})
	}
}

func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Retrieve, batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "60"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := newClient(t, s).Get(ctx, "b")
		if time.Since(began) != 0 {
			t.Errorf("waited %v in vain", time.Since(began))
		}
		if !errors.Is(err, client.ErrRateLimited) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the answer and the deadline", err)
		}
	})
}

func TestDeleteAfterLostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 1)
		s.Inject(batchtest.Delete, batchtest.DropAfter())
		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Errorf("the batch was deleted, but: %v", err)
		}
		if err := c.Delete(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestServiceThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Retrieve, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		began := time.Now()
		_, err := newClient(t, s).Get(t.Context(), "b", once)
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestOddFieldKeepsTheBatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change [2]string
		zero   bool
		ok     bool
	}{
		"null":    {[2]string{`"ended_at":null`, `"ended_at":null`}, true, true},
		"absent":  {[2]string{`"ended_at":null,`, ``}, true, true},
		"time":    {[2]string{`"ended_at":null`, `"ended_at":"2026-08-20T19:10:04.5Z"`}, false, true},
		"empty":   {[2]string{`"ended_at":null`, `"ended_at":""`}, true, false},
		"garbage": {[2]string{`"ended_at":null`, `"ended_at":"soon"`}, true, false},
		"number":  {[2]string{`"ended_at":null`, `"ended_at":5`}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(time.Hour))
			s.Inject(batchtest.Create, batchtest.Rewrite(func(body []byte) []byte {
				return []byte(strings.Replace(string(body), tt.change[0], tt.change[1], 1))
			}, false))
			b, err := newClient(t, s).Create(t.Context(), client.BatchParams{Requests: requests(1)})
			if b == nil || b.ID == "" || !strings.Contains(string(b.Raw), strings.TrimSuffix(tt.change[1], ",")) {
				t.Fatalf("the batch is lost: %+v, %v", b, err)
			}
			if b.EndedAt.IsZero() != tt.zero || (err == nil) != tt.ok {
				t.Errorf("got ended_at %v, error %v", b.EndedAt, err)
			}
			if err != nil && !strings.Contains(err.Error(), "/ended_at") {
				t.Errorf("the error does not name the field: %v", err)
			}
		})
	}
}

func TestBatchFromStoredJSON(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	b := create(t, newClient(t, s), 1)
	stored, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var again client.Batch
	if err := json.Unmarshal(stored, &again); err != nil || again.ID != b.ID || string(again.Raw) != string(stored) {
		t.Errorf("got %+v, %v", again, err)
	}
}
