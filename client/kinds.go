package client

import "errors"

// Kinds of errors, for errors.Is. The kind of an [*APIError] follows from its type, or from its status if the response
// was not the API's JSON.
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

	// ErrSpendLimit is the kind of a 402 or 429 caused by a spend limit. Waiting does not help. The error is also of kind
	// ErrBilling or ErrRateLimited.
	ErrSpendLimit = errors.New("spend limit reached")

	ErrNotEnded    = errors.New("batch has not ended: wait for it first") // Results of a batch that still runs
	ErrResultsGone = errors.New("results were archived")                  // Results of a batch older than 29 days

	ErrCanceled        = errors.New("request was canceled")        // an item of a batch that was canceled
	ErrExpired         = errors.New("request expired unprocessed") // an item of a batch that expired
	ErrNoResult        = errors.New("no result")                   // an item without a result that could be read
	ErrDuplicateResult = errors.New("duplicate result")            // an item whose custom id had a result before
)

// localError is an error found before the service has seen anything: a retry cannot help.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

func isLocal(err error) bool { return errors.As(err, new(localError)) }
