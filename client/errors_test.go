package client_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestErrorsByVariantAndKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status    int
		errorType string
		kind      error
		variant   func(error) bool // nil if the contract does not have it
	}{
		{400, "invalid_request_error", client.ErrInvalidRequest, as[*gen.BetaInvalidRequestError]},
		{401, "authentication_error", client.ErrAuthentication, as[*gen.BetaAuthenticationError]},
		{402, "billing_error", client.ErrBilling, as[*gen.BetaBillingError]},
		{403, "permission_error", client.ErrPermission, as[*gen.BetaPermissionError]},
		{404, "not_found_error", client.ErrNotFound, as[*gen.BetaNotFoundError]},
		{409, "conflict_error", client.ErrConflict, as[*gen.BetaConflictError]},
		{413, "request_too_large", client.ErrRequestTooLarge, as[*gen.BetaRequestTooLargeError]},
		{429, "rate_limit_error", client.ErrRateLimited, as[*gen.BetaRateLimitError]},
		{500, "api_error", client.ErrAPI, as[*gen.BetaAPIError]},
		{503, "api_error", client.ErrAPI, as[*gen.BetaAPIError]},
		{504, "timeout_error", client.ErrTimeout, as[*gen.BetaGatewayTimeoutError]},
		{529, "overloaded_error", client.ErrOverloaded, as[*gen.BetaOverloadedError]},
		{418, "teapot_error", client.ErrInvalidRequest, nil},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.errorType), func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			s.Inject(batchtest.Get, batchtest.Fail(tt.status, tt.errorType, "Because."))
			_, err := s.Client().Get(t.Context(), "b", once)
			var apiErr *client.APIError
			if !errors.As(err, &apiErr) {
				t.Fatalf("got %v", err)
			}
			if apiErr.StatusCode != tt.status || apiErr.Type != tt.errorType || apiErr.Message != "Because." || apiErr.RequestID != "req_fault" || apiErr.Op != "get batch" {
				t.Errorf("got %+v", apiErr)
			}
			if want := fmt.Sprintf("get batch: %d %s: Because. (request req_fault)", tt.status, tt.errorType); err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
			if tt.variant != nil && !tt.variant(err) {
				t.Errorf("errors.As does not find the type in %T", apiErr.Detail)
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

// as reports whether errors.As finds a T.
func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// TestResponsesThatAreNotTheAPIs checks that every response becomes an error with its status and kind, whose text does not
// show the body.
func TestResponsesThatAreNotTheAPIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		header []string
		kind   error
		want   string
	}{
		"html":               {502, "<html>" + strings.Repeat("secret ", 100_000), nil, client.ErrAPI, "502 Bad Gateway: response with a body that is not the API's JSON (text/html)"},
		"html with type":     {429, "<html>secret", []string{"content-type", "text/html"}, client.ErrRateLimited, "429 Too Many Requests"},
		"text":               {413, "secret", nil, client.ErrRequestTooLarge, "(text/plain)"},
		"empty":              {503, "", nil, client.ErrAPI, "503 Service Unavailable: response with an empty body"},
		"null":               {500, "null", nil, client.ErrAPI, "not the API's JSON"},
		"empty object":       {404, "{}", nil, client.ErrNotFound, "not the API's JSON"},
		"another type":       {403, `{"type":"secret","error":{"type":"permission_error"}}`, nil, client.ErrPermission, "not the API's JSON"},
		"error without type": {403, `{"type":"error","error":{"message":"secret"}}`, nil, client.ErrPermission, "not the API's JSON"},
		"cut JSON":           {529, `{"type":"error","error":{"type":"over`, nil, client.ErrOverloaded, "not the API's JSON"},
		"200/null":           {200, "null", nil, nil, "response does not match the contract"},
		"200/empty":          {200, "", nil, nil, "response has an empty body"},
		"200/empty object":   {200, "{}", nil, nil, "response does not match the contract"},
		"200/list":           {200, `[]`, nil, nil, "response does not match the contract"},
		"200/html":           {200, "<html>secret", nil, nil, "response does not match the contract"},
		"200/error":          {200, `{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}`, nil, client.ErrOverloaded, "200 overloaded_error: Busy."},
		"redirect":           {302, "", []string{"location", "https://example.com/secret"}, nil, "redirects are followed only"},
		"line breaks":        {400, `{"type":"error","error":{"type":"invalid_request_error","message":"a\r\nb\u0000` + strings.Repeat("c", 5000) + `"}}`, nil, client.ErrInvalidRequest, `a\r\nb\x00c`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			s.Inject(batchtest.Get, batchtest.Status(tt.status, tt.body, tt.header...))
			b, err := s.Client().Get(t.Context(), "b", once)
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
	s.Inject(batchtest.Get, batchtest.Status(429, `{"type":"error","error":{"type":"rate_limit_error","message":"No.","details":{"error_code":"enforced_spend_limit_reached"}}}`))
	_, err := s.Client().Get(t.Context(), "b")
	var apiErr *client.APIError
	if !errors.As(err, &apiErr) || apiErr.ErrorCode != "enforced_spend_limit_reached" || !errors.Is(err, client.ErrSpendLimit) || !errors.Is(err, client.ErrRateLimited) {
		t.Errorf("got %v", err)
	}
	if n := len(s.Calls(batchtest.Get)); n != 1 {
		t.Errorf("%d attempts: waiting does not lift a spend limit", n)
	}
	var limited *gen.BetaRateLimitError
	if !errors.As(err, &limited) || limited.Details.ErrorCode != gen.BetaErrorDetailsErrorCodeEnforcedSpendLimitReached {
		t.Errorf("got %+v", limited)
	}
}

// TestMalformedPropertiesOfErrors checks that one malformed property of an error does not affect the others.
func TestMalformedPropertiesOfErrors(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"type":"error","error":{"type":"overloaded_error","message":"Busy.","details":"odd"}}`,
		`{"type":"error","error":{"type":"overloaded_error","message":"Busy."},"request_id":5}`,
		`{"type":"error","error":{"type":"new_error","message":"Busy.","details":[]}}`,
	} {
		s := batchtest.New(t)
		s.Inject(batchtest.Get, batchtest.Status(529, body))
		_, err := s.Client().Get(t.Context(), "b", once)
		var apiErr *client.APIError
		if !errors.As(err, &apiErr) || apiErr.Message != "Busy." || apiErr.Type == "" {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestErrorIsLogged(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Get, batchtest.Fail(404, "not_found_error", "Gone."))
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := s.Client(client.WithLogger(logger)).Get(t.Context(), "b")
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
