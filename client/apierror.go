package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// An APIError is an unsuccessful response, or the error of a batch item. The text of Error is for people and may change.
//
// errors.As finds the contract's type of the error in it, for example a *gen.BetaRateLimitError, and errors.Is its kind,
// for example [ErrRateLimited].
type APIError struct {
	// Op is the operation that failed, in words, such as "create batch". It is empty for an item.
	Op string

	// StatusCode is the HTTP status, 0 for an item.
	StatusCode int

	// Type is error.type of the response, empty if its body is not a JSON error.
	Type string

	// Message is error.message of the response, or a description of a body that is not a JSON error. It never holds such
	// a body.
	Message string

	// ErrorCode is error.details.error_code, empty if there is none.
	ErrorCode string

	// RequestID is the ID of the call, from the header or the body. It is empty if the API was not reached.
	RequestID string

	// RetryAfter is how long the service asks to wait, 0 if it does not.
	RetryAfter time.Duration

	// Detail is the error of the API's JSON: one of the contract's error types, or a *gen.Unknown for a newer type. It is
	// nil if the response did not come from the API.
	Detail gen.BetaError

	// Attempts is how many times the call was made.
	Attempts int

	// Excerpt is the beginning of the response's body, at most 64 KiB. It may contain sensitive data: do not log it.
	Excerpt []byte

	shouldRetry string // the x-should-retry header
}

// maxErrorBody bounds how much of an unsuccessful response is read.
const maxErrorBody = 64 << 10

// newAPIError returns the error of an item.
func newAPIError(r *gen.BetaErrorResponse) *APIError {
	e := &APIError{RequestID: r.RequestID, Detail: r.Error}
	if r.Error != nil {
		e.Type = r.Error.Discriminator()
		e.Message, e.ErrorCode = detailOf(r.Error)
	}
	return e
}

// detailOf returns the message and the error code of an error.
func detailOf(e gen.BetaError) (message, code string) {
	var details *gen.BetaErrorDetails
	switch e := e.(type) {
	case *gen.BetaInvalidRequestError:
		message, details = e.Message, e.Details
	case *gen.BetaAuthenticationError:
		message, details = e.Message, e.Details
	case *gen.BetaBillingError:
		message, details = e.Message, e.Details
	case *gen.BetaPermissionError:
		message, details = e.Message, e.Details
	case *gen.BetaNotFoundError:
		message, details = e.Message, e.Details
	case *gen.BetaRateLimitError:
		message, details = e.Message, e.Details
	case *gen.BetaGatewayTimeoutError:
		message, details = e.Message, e.Details
	case *gen.BetaAPIError:
		message, details = e.Message, e.Details
	case *gen.BetaOverloadedError:
		message, details = e.Message, e.Details
	case *gen.BetaConflictError:
		message, details = e.Message, e.Details
	case *gen.BetaRequestTooLargeError:
		message, details = e.Message, e.Details
	case *gen.Unknown:
		_, message, code = readError(e.Raw)
	}
	if details != nil {
		code = string(details.ErrorCode)
	}
	return message, code
}

// readError returns the type, message and error code in the JSON of an error.
func readError(raw jsontext.Value) (kind, message, code string) {
	eachProperty(raw, func(name string, d *wire.Decoder) {
		switch name {
		case "type":
			wire.DecodeString(d, &kind)
		case "message":
			wire.DecodeString(d, &message)
		case "details":
			eachProperty(d.Value(), func(name string, d *wire.Decoder) {
				if name == "error_code" {
					wire.DecodeString(d, &code)
				} else {
					d.Skip()
				}
			})
		default:
			d.Skip()
		}
	})
	return kind, message, code
}

// readAPIError makes an error of a response. It reads the body, within bounds, and closes it.
func readAPIError(op string, r *http.Response, now time.Time) *APIError {
	defer r.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxErrorBody))
	return parseAPIError(op, r, body, now)
}

// parseAPIError makes an error of a response and the part of its body that an error keeps.
func parseAPIError(op string, r *http.Response, body []byte, now time.Time) *APIError {
	secret := secretsFor(r)
	body = []byte(secret.redact(string(body[:min(len(body), maxErrorBody)])))
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
		e.Detail, e.RequestID = parsed.Error, parsed.RequestID
		e.Type = e.Detail.Discriminator()
		e.Message, e.ErrorCode = detailOf(e.Detail)
	} else {
		e.Type, e.Message = foreignError(body)
		e.Message = cmp.Or(e.Message, describeBody(r, body, secret))
	}
	e.RequestID = cmp.Or(r.Header.Get("request-id"), e.RequestID)
	for _, s := range []*string{&e.Type, &e.Message, &e.ErrorCode, &e.RequestID, &e.shouldRetry} {
		*s = secret.redact(*s) // the body may have held it in another form
	}
	return e
}

// isErrorResponse reports whether JSON that was decoded with err is an error of the API. Malformed properties are ignored,
// except the two types.
func isErrorResponse(r *gen.BetaErrorResponse, err error) bool {
	var misfit *gen.DecodeError
	if err != nil && (!errors.As(err, &misfit) || misfit.Pointer == "" || misfit.Pointer == "/type") {
		return false
	}
	return r.Error != nil && r.Error.Discriminator() != ""
}

// foreignError reads an error in the API's form that is not the API's own: {"error": {"type", "message"}} without the
// outer type, as the service's edge and some gateways send it.
func foreignError(body []byte) (kind, message string) {
	eachProperty(body, func(name string, d *wire.Decoder) {
		if name == "error" {
			kind, message, _ = readError(d.Value())
		} else {
			d.Skip()
		}
	})
	if kind == "" {
		message = "" // another form, whose message may be anything
	}
	return kind, message
}

// describeBody describes the body of a response without showing it.
func describeBody(r *http.Response, body []byte, secret secrets) string {
	what := "with an empty body"
	if len(bytes.TrimSpace(body)) > 0 {
		what = "with a body that is not the API's JSON"
		if t, _, err := mime.ParseMediaType(secret.redact(r.Header.Get("content-type"))); err == nil {
			what += " (" + foreign.Short(t) + ")"
		}
	}
	if r.StatusCode/100 == 3 {
		what += ": redirects are followed only for reads, within the origin, and without a user in the URL"
	}
	return "response " + what
}

// fromAPI reports whether the response was the API's own JSON, not that of an intermediary.
func (e *APIError) fromAPI() bool { return e.Detail != nil }

// Error returns one line with the operation, the status, type, message and request ID of the response, and how long the
// service asks to wait.
func (e *APIError) Error() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, cmp.Or(foreign.Short(e.Type), http.StatusText(e.StatusCode)))))
	} else if e.Type != "" {
		parts = append(parts, foreign.Short(e.Type))
	}
	if e.Op != "" {
		parts = append([]string{e.Op}, parts...)
	}
	if e.Message != "" {
		parts = append(parts, foreign.Fit(e.Message))
	}
	if len(parts) == 0 {
		parts = append(parts, "error without a type or a message")
	}
	text := strings.Join(parts, ": ")
	if e.ErrorCode != "" {
		text += " [" + foreign.Short(e.ErrorCode) + "]"
	}
	if e.RequestID != "" {
		text += " (request " + foreign.Short(e.RequestID) + ")"
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(", retry after %v", e.RetryAfter.Round(time.Millisecond))
	}
	if e.Attempts > 1 {
		text += fmt.Sprintf(" after %d attempts", e.Attempts)
	}
	return text
}

// LogValue implements slog.LogValuer.
func (e *APIError) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("op", e.Op),
		slog.Int("status", e.StatusCode),
		slog.String("type", foreign.Short(e.Type)),
		slog.String("message", foreign.Fit(e.Message)),
		slog.String("error_code", foreign.Short(e.ErrorCode)),
		slog.String("request_id", foreign.Short(e.RequestID)),
		slog.Int("attempts", e.Attempts),
	)
}

// Unwrap returns Detail, for errors.As.
func (e *APIError) Unwrap() error {
	err, _ := e.Detail.(error)
	return err
}

// Is reports whether target is the kind of the error, for errors.Is.
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
