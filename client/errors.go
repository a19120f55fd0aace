package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// Kinds of errors, for errors.Is. An error is of a kind by its type first and by the status second, so that answers
// which are not the API's own JSON have a kind too.
var (
	ErrInvalidRequest  = errors.New("invalid request")   // invalid_request_error; 400 and other 4xx
	ErrAuthentication  = errors.New("not authenticated") // authentication_error; 401
	ErrBilling         = errors.New("billing problem")   // billing_error; 402
	ErrPermission      = errors.New("not permitted")     // permission_error; 403
	ErrNotFound        = errors.New("not found")         // not_found_error; 404
	ErrConflict        = errors.New("conflict")          // conflict_error; 409
	ErrRequestTooLarge = errors.New("request too large") // request_too_large; 413
	ErrRateLimited     = errors.New("rate limited")      // rate_limit_error; 429
	ErrAPI             = errors.New("API failure")       // api_error; 500, 503 and other 5xx
	ErrTimeout         = errors.New("timeout")           // timeout_error; 504, 408
	ErrOverloaded      = errors.New("overloaded")        // overloaded_error; 529

	// ErrSpendLimit is the kind of a 402 or 429 that comes from a spend limit. Waiting does not help. The error is of
	// kind ErrBilling or ErrRateLimited too.
	ErrSpendLimit = errors.New("spend limit reached")

	ErrNotEnded    = errors.New("batch has not ended: wait for it first") // Results of a batch that still runs
	ErrResultsGone = errors.New("results were archived")                  // Results of a batch older than 29 days
	ErrCanceled    = errors.New("request was canceled")                   // an item of a batch that was canceled
	ErrExpired     = errors.New("request expired unprocessed")            // an item of a batch that expired
)

// An APIError is an answer that is not the contract's success, or the error of an item. The text of Error is for
// people and may change.
//
// errors.As finds the contract's variant in it, for example a *gen.BetaRateLimitError; errors.Is finds its kind, for
// example [ErrRateLimited].
type APIError struct {
	// Op is the operation that failed, in words, such as "create batch", and empty for an item.
	Op string

	// StatusCode is the HTTP status, 0 for an item.
	StatusCode int

	// Type is error.type of the API's JSON, empty if the answer is something else.
	Type string

	// Message is error.message of the API's JSON, or what can be said about another answer. It does not hold
	// the answer's body.
	Message string

	// ErrorCode is error.details.error_code, empty if there is none.
	ErrorCode string

	// RequestID is the id of the call, from the header or the body, empty if the API was not reached.
	RequestID string

	// RetryAfter is how long the service asks to wait, 0 if it does not.
	RetryAfter time.Duration

	// Detail is the error of the API's JSON: one of the contract's variants, a *gen.Unknown for a type that is
	// newer, or nil.
	Detail gen.BetaError

	// Attempts is how often the call was made.
	Attempts int

	// Excerpt is the beginning of the answer's body, up to 64 KiB. It may hold anything: show it to nobody who is
	// not to see the answer.
	Excerpt []byte

	shouldRetry string // the x-should-retry header
}

// maxErrorBody bounds how much of an answer that is no success is read.
const maxErrorBody = 64 << 10

func newAPIError(r *gen.BetaErrorResponse) *APIError {
	e := &APIError{RequestID: r.RequestID}
	e.setDetail(r.Error)
	return e
}

func (e *APIError) setDetail(detail gen.BetaError) {
	e.Detail = detail
	if detail == nil {
		return
	}
	e.Type = detail.Discriminator()
	raw, err := json.Marshal(detail)
	if err != nil {
		return
	}
	var fields, details map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return
	}
	// Each for itself: one odd property does not cost the others.
	_ = json.Unmarshal(fields["message"], &e.Message)
	_ = json.Unmarshal(fields["details"], &details)
	_ = json.Unmarshal(details["error_code"], &e.ErrorCode)
}

// readAPIError makes an error of an answer. It reads the body, within bounds, and closes it.
func readAPIError(op string, r *http.Response, now time.Time) *APIError {
	defer r.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxErrorBody))
	return parseAPIError(op, r, body, now)
}

// parseAPIError makes an error of an answer and as much of its body as an error keeps.
func parseAPIError(op string, r *http.Response, body []byte, now time.Time) *APIError {
	body = withoutCredential(body[:min(len(body), maxErrorBody)], r.Request)
	e := &APIError{
		Op:          op,
		StatusCode:  r.StatusCode,
		RetryAfter:  parseRetryAfter(r.Header, now),
		Attempts:    1,
		Excerpt:     body,
		shouldRetry: r.Header.Get("x-should-retry"),
	}
	var parsed gen.BetaErrorResponse
	if err := parsed.UnmarshalJSON(body); isErrorResponse(&parsed, err) {
		e.setDetail(parsed.Error)
		e.RequestID = parsed.RequestID
	} else {
		e.Message = describeBody(r, body)
	}
	if id := r.Header.Get("request-id"); id != "" {
		e.RequestID = id
	}
	return e
}

// withoutCredential returns a copy of a body that does not show the credential: some that stand before the API show what
// they were sent.
func withoutCredential(body []byte, r *http.Request) []byte {
	body = bytes.Clone(body)
	if r == nil {
		return body
	}
	for _, header := range []string{"x-api-key", "authorization", "proxy-authorization"} {
		value := r.Header.Get(header)
		_, secret, _ := strings.Cut(value, " ") // behind Bearer or Basic
		for _, s := range []string{value, secret} {
			if len(s) >= 8 { // a shorter one is part of other words
				body = bytes.ReplaceAll(body, []byte(s), []byte("[redacted]"))
			}
		}
	}
	return body
}

// isErrorResponse reports whether JSON that was decoded with err was an error of the API. Something odd about a property
// of it does not matter; its two types do.
func isErrorResponse(r *gen.BetaErrorResponse, err error) bool {
	var misfit *gen.DecodeError
	if err != nil && (!errors.As(err, &misfit) || misfit.Pointer == "" || misfit.Pointer == "/type") {
		return false
	}
	return r.Error != nil && r.Error.Discriminator() != ""
}

// describeBody says what kind of body an answer has, without showing it.
func describeBody(r *http.Response, body []byte) string {
	what := "with an empty body"
	if len(bytes.TrimSpace(body)) > 0 {
		what = "with a body that is not the API's JSON"
		if t, _, err := mime.ParseMediaType(r.Header.Get("content-type")); err == nil {
			what += " (" + t + ")"
		}
	}
	if r.StatusCode/100 == 3 {
		what += ": redirects are not followed for this call or to another origin"
	}
	return "answer " + what
}

// fromAPI reports whether the answer was the API's own JSON, not that of something on the way.
func (e *APIError) fromAPI() bool { return e.Detail != nil }

// Error says, on one line, which operation failed with which status, type, message and request id.
func (e *APIError) Error() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, cmp.Or(e.Type, http.StatusText(e.StatusCode)))))
	} else if e.Type != "" {
		parts = append(parts, e.Type)
	}
	if e.Op != "" {
		parts = append([]string{e.Op}, parts...)
	}
	if e.Message != "" {
		parts = append(parts, oneLine(e.Message))
	}
	text := strings.Join(parts, ": ")
	if e.ErrorCode != "" {
		text += " [" + oneLine(e.ErrorCode) + "]"
	}
	if e.RequestID != "" {
		text += " (request " + oneLine(e.RequestID) + ")"
	}
	if e.Attempts > 1 {
		text += fmt.Sprintf(" after %d attempts", e.Attempts)
	}
	return text
}

// oneLine makes a text of the service fit for the text of an error.
func oneLine(s string) string {
	const longest = 500
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return s
}

// LogValue implements slog.LogValuer.
func (e *APIError) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("op", e.Op),
		slog.Int("status", e.StatusCode),
		slog.String("type", e.Type),
		slog.String("message", oneLine(e.Message)),
		slog.String("error_code", e.ErrorCode),
		slog.String("request_id", e.RequestID),
		slog.Int("attempts", e.Attempts),
	)
}

// Unwrap gives errors.As the contract's variant.
func (e *APIError) Unwrap() error {
	err, _ := e.Detail.(error)
	return err
}

// Is reports whether the error is of the kind target, for errors.Is.
func (e *APIError) Is(target error) bool {
	if target == ErrSpendLimit {
		return strings.HasSuffix(e.ErrorCode, "spend_limit_reached")
	}
	return target == e.kind()
}

func (e *APIError) kind() error {
	switch e.Type {
	case "invalid_request_error":
		return ErrInvalidRequest
	case "authentication_error":
		return ErrAuthentication
	case "billing_error":
		return ErrBilling
	case "permission_error":
		return ErrPermission
	case "not_found_error":
		return ErrNotFound
	case "conflict_error":
		return ErrConflict
	case "request_too_large":
		return ErrRequestTooLarge
	case "rate_limit_error":
		return ErrRateLimited
	case "api_error":
		return ErrAPI
	case "timeout_error":
		return ErrTimeout
	case "overloaded_error":
		return ErrOverloaded
	}
	switch e.StatusCode {
	case http.StatusUnauthorized:
		return ErrAuthentication
	case http.StatusPaymentRequired:
		return ErrBilling
	case http.StatusForbidden:
		return ErrPermission
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return ErrTimeout
	case http.StatusConflict:
		return ErrConflict
	case http.StatusRequestEntityTooLarge:
		return ErrRequestTooLarge
	case http.StatusTooManyRequests:
		return ErrRateLimited
	case 529:
		return ErrOverloaded
	}
	switch {
	case e.StatusCode >= 500:
		return ErrAPI
	case e.StatusCode >= 400:
		return ErrInvalidRequest
	}
	return nil
}

// An ItemError says why a request of a batch has no message. It wraps an [*APIError] if the request errored, and is
// of kind [ErrCanceled] or [ErrExpired] otherwise.
type ItemError struct {
	// CustomID is your id of the request.
	CustomID string

	// Err is what became of the request.
	Err error
}

// Error names the request and says what became of it.
func (e *ItemError) Error() string { return fmt.Sprintf("request %q: %v", e.CustomID, e.Err) }

// Unwrap returns Err.
func (e *ItemError) Unwrap() error { return e.Err }

// An UncertainError says that the service may or may not have taken a batch: the whole body was sent, and no answer
// tells. The call was not repeated (unless by [WithAtLeastOnceCreate]), because a batch that exists twice is billed
// twice. Look through its Candidates before sending the batch again.
type UncertainError struct {
	// Err is why the answer does not tell: an [*APIError] or the failure of the connection.
	Err error

	// Started is when the first uncertain attempt began and Ended when the last one failed, by this machine's clock.
	Started, Ended time.Time

	// Requests and Bytes are the size of the batch: how many requests, and the length of the body.
	Requests int
	Bytes    int64

	client *Client
	call   func() call    // a function, because no fmt verb looks into it
	ahead  *time.Duration // what was known of the service's clock
}

// Error says what was sent and why it is not known to be taken.
func (e *UncertainError) Error() string {
	return fmt.Sprintf("the service may or may not have taken the batch of %d requests (look at its Candidates before sending it again): %v", e.Requests, e.Err)
}

// Unwrap returns Err.
func (e *UncertainError) Unwrap() error { return e.Err }

// A LineError is a line of the results that could not be read as it should. The next line follows it.
type LineError struct {
	// Line is the number of the line in the stream, from 1.
	Line int

	// CustomID is the id on the line, if that much could be read.
	CustomID string

	// Raw is the line, nil if it was too long to keep.
	Raw jsontext.Value

	// Err is what is wrong, for example a [*gen.DecodeError].
	Err error
}

// Error names the line and says what is wrong with it, without showing it.
func (e *LineError) Error() string {
	if e.CustomID != "" {
		return fmt.Sprintf("results, line %d (request %q): %v", e.Line, e.CustomID, wire.Quiet(e.Err))
	}
	return fmt.Sprintf("results, line %d: %v", e.Line, wire.Quiet(e.Err))
}

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// An IncompleteError says that the results ended with fewer or other lines than the batch's counts promise. What came is
// good; the requests without a result are those whose custom ids did not come.
type IncompleteError struct {
	// BatchID is the id of the batch.
	BatchID string

	// Want is what the batch counted, Got what came, without results of types that are newer than the contract.
	Want, Got gen.BetaRequestCounts

	// Err is why reading ended, if it was not the end of the stream.
	Err error
}

// Error says how many results of each type came, of how many.
func (e *IncompleteError) Error() string {
	text := fmt.Sprintf("results of batch %s are incomplete: got %s of %s", e.BatchID, counts(e.Got), counts(e.Want))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *IncompleteError) Unwrap() error { return e.Err }

func counts(c gen.BetaRequestCounts) string {
	return fmt.Sprintf("%d succeeded, %d errored, %d canceled, %d expired", c.Succeeded, c.Errored, c.Canceled, c.Expired)
}

// A WaitError says that waiting ended before the batch did.
type WaitError struct {
	// BatchID is the id of the batch.
	BatchID string

	// Last is the batch as it was last seen, nil if it never was.
	Last *Batch

	// Err is why: the context's error, or an [*APIError] that will not pass.
	Err error
}

// Error names the batch, how it was last seen, and why waiting ended.
func (e *WaitError) Error() string {
	seen := "never seen"
	if e.Last != nil {
		seen = "last seen " + string(e.Last.ProcessingStatus)
	}
	text := fmt.Sprintf("wait for batch %s, %s: %v", e.BatchID, seen, e.Err)
	if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
		text += " (the batch goes on, and can be waited for again)"
	}
	return text
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// localError is an error that was found before anything was sent.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// isLocal reports whether err was found before anything was sent: repeating the call does not help.
func isLocal(err error) bool { return errors.As(err, new(localError)) }
