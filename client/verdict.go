package client

import (
	"net/http"
	"slices"
)

// A verdict says whether the service accepted a batch, as far as one attempt to create it shows.
type verdict int

const (
	unknown     verdict = iota // maybe: it is not resent
	accepted                   // yes
	notAccepted                // no, but the next attempt may be, and is made
	postponed                  // the same, but that may take minutes
	refused                    // no, and the next attempt would not be either
)

// An outcome is the outcome of one attempt to create a batch.
type outcome struct {
	whole    bool      // the last byte of the body was handed to the connection
	batch    bool      // the response is a batch
	response *APIError // any other response; nil if there was none
	err      error     // why there was no response
}

// A judgement is a row of the table that judges outcomes.
type judgement struct {
	when  string // in words, as the package documentation has it
	match func(o outcome) bool
	then  verdict
}

// judgements decide whether a batch was accepted. The first row that matches decides; without a match the verdict is
// unknown.
//
// The service cannot accept a batch before the last byte of its body was sent. After that, only an explicit response proves
// that it did not: its status and its type must agree, because an intermediary may have replaced the status of a response,
// or have sent its own response while the service works on the batch.
var judgements = []judgement{
	{"the response is a batch", func(o outcome) bool { return o.batch }, accepted},
	{"a redirect", func(o outcome) bool { return o.status() == 3 }, refused},
	{"429 rate_limit_error with retry-after", func(o outcome) bool {
		return o.is(http.StatusTooManyRequests, "rate_limit_error") && o.response.RetryAfter > 0 && repeatable(o.response)
	}, postponed},
	{"503 api_error or 529 overloaded_error", func(o outcome) bool {
		return (o.is(http.StatusServiceUnavailable, "api_error") || o.is(529, "overloaded_error")) && repeatable(o.response)
	}, postponed},
	{"the body was not sent whole", func(o outcome) bool { return !o.whole && (o.response == nil || repeatable(o.response)) }, notAccepted},
	{"the body was not sent whole, and the response will not change", func(o outcome) bool { return !o.whole }, refused},
	{"no response: HTTP/2 says that the request was not processed", func(o outcome) bool { return o.response == nil && notProcessed(o.err) }, refused},
	{"any other attempt without a response", func(o outcome) bool { return o.response == nil }, unknown},
	{"timeout_error, api_error or conflict_error with 4xx; 408 or 409", func(o outcome) bool { return o.status() == 4 && o.late() }, unknown},
	{"413, from any sender", func(o outcome) bool { return o.response.StatusCode == http.StatusRequestEntityTooLarge }, refused},
	{"503 api_error or 529 overloaded_error with x-should-retry: false", func(o outcome) bool {
		return o.is(http.StatusServiceUnavailable, "api_error") || o.is(529, "overloaded_error")
	}, refused},
	{"any other 4xx error of the API", func(o outcome) bool { return o.status() == 4 && o.response.fromAPI() }, refused},
	{"401, 402, 403, 404, 405, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431 or 451, from any sender", func(o outcome) bool {
		return slices.Contains(refusals, o.response.StatusCode)
	}, refused},
}

// refusals are the statuses that mean that a request was not acted upon, whoever sends them (RFC 9110, 15.5, and RFC 6585).
var refusals = []int{
	http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
	http.StatusMethodNotAllowed, http.StatusProxyAuthRequired, http.StatusGone, http.StatusLengthRequired,
	http.StatusRequestURITooLong, http.StatusUnsupportedMediaType, http.StatusExpectationFailed,
	http.StatusMisdirectedRequest, http.StatusUpgradeRequired, http.StatusPreconditionRequired,
	http.StatusRequestHeaderFieldsTooLarge, http.StatusUnavailableForLegalReasons,
}

func judge(o outcome) verdict {
	for _, j := range judgements {
		if j.match(o) {
			return j.then
		}
	}
	return unknown
}

// status returns the class of the response's status: 4 for 404.
func (o outcome) status() int {
	if o.response == nil {
		return 0
	}
	return o.response.StatusCode / 100
}

// is reports whether the response is the API's own error with this status and this type.
func (o outcome) is(status int, kind string) bool {
	return o.response != nil && o.response.fromAPI() && o.response.StatusCode == status && o.response.Type == kind
}

// late reports whether the response may have been sent after work on a batch began. The error for a body that took too long
// to arrive is not such a response.
func (o outcome) late() bool {
	if o.response.ErrorCode == "request_body_timeout" {
		return false
	}
	switch o.response.Type {
	case "timeout_error", "api_error", "conflict_error":
		return true
	}
	return o.response.StatusCode == http.StatusRequestTimeout || o.response.StatusCode == http.StatusConflict
}
