package client

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// words are the verdicts as the package documentation has them.
var words = map[verdict]string{unknown: "unknown", accepted: "accepted", notAccepted: "not accepted, and retried", postponed: "not accepted, and retried for minutes", refused: "refused"}

// TestJudge checks the table of judgements: each row decides at least one case, and each case is decided by its row.
func TestJudge(t *testing.T) {
	t.Parallel()
	api := func(status int, kind string, change ...func(*APIError)) outcome {
		e := &APIError{StatusCode: status, Type: kind, Detail: &gen.Unknown{Type: kind}}
		for _, f := range change {
			f(e)
		}
		return outcome{whole: true, response: e}
	}
	page := func(status int) outcome { return outcome{whole: true, response: &APIError{StatusCode: status}} }
	part := func(o outcome) outcome { o.whole = false; return o }
	after := func(e *APIError) { e.RetryAfter = time.Second }
	never := func(e *APIError) { e.shouldRetry = "false" }
	always := func(e *APIError) { e.shouldRetry = "true" }
	code := func(code string) func(*APIError) { return func(e *APIError) { e.ErrorCode = code } }
	lost := errors.New("EOF")
	rows := make(map[string]bool)
	for name, tt := range map[string]struct {
		outcome outcome
		row     string // the beginning of a row, "" for none
		then    verdict
	}{
		"batch/whole":                   {outcome{whole: true, batch: true}, "the response is a batch", accepted},
		"batch/of a part":               {outcome{batch: true}, "the response is a batch", accepted},
		"redirect/302":                  {page(302), "a redirect", refused},
		"redirect/308, part":            {part(page(308)), "a redirect", refused},
		"part/lost":                     {outcome{err: lost}, "the body was not sent whole", notAccepted},
		"part/502":                      {part(page(502)), "the body was not sent whole", notAccepted},
		"part/529":                      {part(api(529, "overloaded_error")), "503", postponed},
		"part/529 x-should-retry":       {part(api(529, "overloaded_error", never)), "the body was not sent whole, and", refused},
		"part/429":                      {part(api(429, "rate_limit_error", after)), "429", postponed},
		"part/not processed":            {outcome{err: errors.New("http2: Transport received GOAWAY from server ErrCode:NO_ERROR")}, "the body was not sent whole", notAccepted},
		"part/400":                      {part(api(400, "invalid_request_error")), "the body was not sent whole, and", refused},
		"part/413":                      {part(page(413)), "the body was not sent whole, and", refused},
		"lost/whole":                    {outcome{whole: true, err: lost}, "any other attempt without a response", unknown},
		"lost/refused stream":           {outcome{whole: true, err: errors.New("http2: Transport: cannot retry err [stream error: stream ID 1; REFUSED_STREAM; received from peer] after Request.Body was written; define")}, "no response: HTTP/2", refused},
		"lost/graceful shutdown":        {outcome{whole: true, err: errors.New("http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY] after")}, "no response: HTTP/2", refused},
		"lost/protocol error":           {outcome{whole: true, err: errors.New("http2: Transport: cannot retry err [stream error: stream ID 1; PROTOCOL_ERROR; received from peer] after")}, "any other attempt without a response", unknown},
		"4xx/408 of the API":            {api(408, "invalid_request_error"), "timeout_error", unknown},
		"4xx/408 page":                  {page(408), "timeout_error", unknown},
		"4xx/408, the body was late":    {api(408, "invalid_request_error", code("request_body_timeout")), "any other 4xx error of the API", refused},
		"4xx/409":                       {api(409, "conflict_error"), "timeout_error", unknown},
		"4xx/400 timeout_error":         {api(400, "timeout_error"), "timeout_error", unknown},
		"4xx/429 api_error":             {api(429, "api_error", after), "timeout_error", unknown},
		"4xx/413 page":                  {page(413), "413", refused},
		"4xx/413 of the API":            {api(413, "request_too_large"), "413", refused},
		"4xx/429 with retry-after":      {api(429, "rate_limit_error", after), "429", postponed},
		"4xx/429 without":               {api(429, "rate_limit_error"), "any other 4xx error of the API", refused},
		"4xx/429 spend limit":           {api(429, "rate_limit_error", after, code("enforced_spend_limit_reached")), "any other 4xx error of the API", refused},
		"4xx/429 x-should-retry":        {api(429, "rate_limit_error", after, never), "any other 4xx error of the API", refused},
		"4xx/429 page":                  {page(429), "", unknown},
		"4xx/400":                       {api(400, "invalid_request_error"), "any other 4xx error of the API", refused},
		"4xx/400, should be retried":    {api(400, "invalid_request_error", always), "any other 4xx error of the API", refused},
		"4xx/400 of a new type":         {api(400, "novel_error"), "any other 4xx error of the API", refused},
		"4xx/400 page":                  {page(400), "", unknown},
		"4xx/422 page":                  {page(422), "", unknown},
		"4xx/499 page":                  {page(499), "", unknown},
		"4xx/403 of the edge":           {outcome{whole: true, response: &APIError{StatusCode: 403, Type: "forbidden"}}, "401, 402", refused},
		"5xx/503":                       {api(503, "api_error"), "503 api_error or 529 overloaded_error", postponed},
		"5xx/529":                       {api(529, "overloaded_error"), "503 api_error or 529 overloaded_error", postponed},
		"5xx/529 x-should-retry":        {api(529, "overloaded_error", never), "503 api_error or 529 overloaded_error with x-should-retry", refused},
		"5xx/503 timeout_error":         {api(503, "timeout_error"), "", unknown},
		"5xx/503 overloaded_error":      {api(503, "overloaded_error"), "", unknown},
		"5xx/529 api_error":             {api(529, "api_error"), "", unknown},
		"5xx/529 timeout_error":         {api(529, "timeout_error"), "", unknown},
		"5xx/503 page":                  {page(503), "", unknown},
		"5xx/529 page":                  {page(529), "", unknown},
		"5xx/500":                       {api(500, "api_error", always), "", unknown},
		"5xx/500 invalid_request_error": {api(500, "invalid_request_error"), "", unknown},
		"5xx/502":                       {page(502), "", unknown},
		"5xx/504":                       {api(504, "timeout_error"), "", unknown},
		"2xx/empty object":              {page(200), "", unknown},
		"2xx/overloaded_error":          {api(200, "overloaded_error"), "", unknown},
		"1xx/101":                       {page(101), "", unknown},
	} {
		if got := judge(tt.outcome); got != tt.then {
			t.Errorf("%s: %s, want %s", name, words[got], words[tt.then])
		}
		row := ""
		for _, j := range judgements {
			if j.match(tt.outcome) {
				row = j.when
				break
			}
		}
		rows[row] = true
		if !strings.HasPrefix(row, tt.row) || (row == "") != (tt.row == "") {
			t.Errorf("%s: decided by %q, want %q", name, row, tt.row)
		}
	}
	for _, status := range refusals {
		if got := judge(page(status)); got != refused {
			t.Errorf("%d %s: %s", status, http.StatusText(status), words[got])
		}
	}
	for _, j := range judgements {
		if !rows[j.when] {
			t.Errorf("no case for %q", j.when)
		}
	}
}

// TestJudgementsAreDocumented compares the table with that of the package documentation.
func TestJudgementsAreDocumented(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	for _, j := range judgements {
		fmt.Fprintf(&want, "//   - %s: %s\n", j.when, words[j.then])
	}
	want.WriteString("//   - anything else: unknown\n")
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), want.String()) {
		t.Errorf("doc.go should have the lines\n%s", want.String())
	}
	statuses := make([]string, len(refusals))
	for i, status := range refusals {
		statuses[i] = fmt.Sprint(status)
	}
	list := strings.Join(statuses[:len(statuses)-1], ", ") + " or " + statuses[len(statuses)-1] + ", from any sender"
	if last := judgements[len(judgements)-1].when; last != list {
		t.Errorf("the last row is %q, want %q", last, list)
	}
}
