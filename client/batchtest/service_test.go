package batchtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// body returns the body of a create call with one valid request for each custom id.
func body(ids ...string) io.Reader {
	var requests []string
	for _, id := range ids {
		requests = append(requests, fmt.Sprintf(`{"custom_id":%q,"params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hello, %s"}]}}`, id, id))
	}
	return strings.NewReader(`{"requests":[` + strings.Join(requests, ",") + `]}`)
}

func TestHeadersAndPaths(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithKey("sk-1"), batchtest.WithKey("sk-2"), batchtest.AllowBetas("new-2030-01-01"),
		batchtest.WithHeader("Anthropic-Ratelimit-Requests-Remaining", "7"))
	seen := make(map[string]bool) // request ids
	for name, tt := range map[string]struct {
		method, path string
		headers      []string
		status       int
		errorType    string
		message      string
	}{
		"key":                  {"GET", "", nil, 200, "", ""},
		"key as token":         {"GET", "", []string{"x-api-key", "", "authorization", "Bearer sk-1"}, 200, "", ""},
		"bearer in lower case": {"GET", "", []string{"x-api-key", "", "authorization", "bearer sk-1"}, 200, "", ""},
		"second key":           {"GET", "", []string{"x-api-key", "sk-2"}, 200, "", ""},
		"no key":               {"GET", "", []string{"x-api-key", ""}, 401, "authentication_error", "x-api-key"},
		"wrong key":            {"GET", "", []string{"x-api-key", "sk-3"}, 401, "authentication_error", ""},
		"wrong token":          {"GET", "", []string{"x-api-key", "", "authorization", "Bearer sk-3"}, 401, "authentication_error", ""},
		"basic":                {"GET", "", []string{"x-api-key", "", "authorization", "Basic sk-1"}, 401, "authentication_error", ""},
		"key before version":   {"GET", "", []string{"x-api-key", "", "anthropic-version", ""}, 401, "authentication_error", ""},
		"other version":        {"GET", "", []string{"anthropic-version", "2026-10-21"}, 200, "", ""},
		"no version":           {"GET", "", []string{"anthropic-version", ""}, 400, "invalid_request_error", "anthropic-version: header is required"},
		"unknown version":      {"GET", "", []string{"anthropic-version", "2024-01-01"}, 400, "invalid_request_error", `"2024-01-01"`},
		"betas":                {"GET", "", []string{"anthropic-beta", "files-api-2025-04-14, skills-2025-10-02,"}, 200, "", ""},
		"unknown beta":         {"GET", "", []string{"anthropic-beta", "files-api-2025-04-14,typo-2025-10-02"}, 400, "invalid_request_error", `"typo-2025-10-02"`},
		"allowed beta":         {"GET", "", []string{"anthropic-beta", "new-2030-01-01"}, 200, "", ""},
		"beta=true":            {"GET", "?beta=true", nil, 200, "", ""},
		"any accept":           {"GET", "", []string{"accept", "image/png"}, 200, "", ""},
		"no such batch":        {"GET", "/msgbatch_1", nil, 404, "not_found_error", `"msgbatch_1"`},
		"no such path":         {"GET", "/msgbatch_1/result", nil, 404, "not_found_error", "/v1/messages/batches/msgbatch_1/result"},
		"no such method":       {"PUT", "", nil, 404, "not_found_error", "PUT"},
		"limit 0":              {"GET", "?limit=0", nil, 400, "invalid_request_error", "1 to 1000"},
		"limit 1001":           {"GET", "?limit=1001", nil, 400, "invalid_request_error", "1 to 1000"},
		"limit as a word":      {"GET", "?limit=all", nil, 400, "invalid_request_error", "1 to 1000"},
		"before and after":     {"GET", "?before_id=a&after_id=b", nil, 400, "invalid_request_error", "mutually exclusive"},
		"after nothing":        {"GET", "?after_id=a", nil, 400, "invalid_request_error", "after_id"},
	} {
		resp := do(t, s, tt.method, tt.path, nil, tt.headers...)
		checkResponse(t, name, resp, tt.status, tt.errorType, tt.message)
		id := resp.Header.Get("request-id")
		if seen[id] {
			t.Errorf("%s: duplicate request-id %q", name, id)
		}
		seen[id] = true
		if resp.Header.Get("anthropic-ratelimit-requests-remaining") != "7" || resp.Header.Get("anthropic-organization-id") == "" {
			t.Errorf("%s: got headers %v", name, resp.Header)
		}
	}
}

// checkResponse checks status and body of a response, and that the body repeats the request-id if it is an error.
func checkResponse(t testing.TB, name string, resp *http.Response, status int, errorType, message string) {
	t.Helper()
	text := read(t, resp)
	if resp.StatusCode != status || resp.Header.Get("request-id") == "" {
		t.Errorf("%s: got %d %s %v, want %d", name, resp.StatusCode, text, resp.Header, status)
	}
	if errorType == "" {
		return
	}
	var e struct {
		Type      string
		Error     struct{ Type, Message string }
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Type != "error" || e.Error.Type != errorType ||
		!strings.Contains(e.Error.Message, message) || e.RequestID != resp.Header.Get("request-id") {
		t.Errorf("%s: got %s with request-id %q, want %s with %q", name, text, resp.Header.Get("request-id"), errorType, message)
	}
}

func TestCreateChecksTheBatch(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	list := func(n int, element string) string {
		return `{"requests":[` + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + `]}`
	}
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"custom_id":"%d","params":{}}`, i)
		}
		return `{"requests":[` + b.String()[1:] + `]}`
	}
	for name, tt := range map[string]struct {
		body    string
		message string // "" if the batch is accepted
	}{
		"fine":               {list(1, `{"custom_id":"a","params":{}}`), ""},
		"unknown names":      {`{"more":[1,{}],"requests":[{"custom_id":"a","params":{},"more":{}}]}`, ""},
		"the longest id":     {list(1, `{"custom_id":"`+strings.Repeat("x", 64)+`","params":{}}`), ""},
		"the most requests":  {many(100_000), ""},
		"too many requests":  {many(100_001), "1 to 100000 requests, and there are more"},
		"nothing":            {``, "not valid JSON"},
		"no JSON":            {`requests`, "not valid JSON"},
		"half of it":         {list(2, `{"custom_id":"a","params":{}}`)[:40], "not valid JSON"},
		"more than it":       {list(1, `{"custom_id":"a","params":{}}`) + "{}", "not valid JSON"},
		"invalid UTF-8":      {list(1, "{\"custom_id\":\"a\",\"params\":{\"model\":\"\xff\"}}"), "not valid JSON"},
		"a list":             {`[]`, "expected an object, got a list"},
		"null":               {`null`, "1 to 100000 requests, and there are none"},
		"no requests":        {`{}`, "1 to 100000 requests, and there are none"},
		"requests null":      {`{"requests":null}`, "1 to 100000 requests, and there are none"},
		"requests empty":     {`{"requests":[]}`, "1 to 100000 requests, and there are none"},
		"requests an object": {`{"requests":{}}`, "requests: expected a list, got an object"},
		"request null":       {list(1, `null`), "requests.0: must be an object"},
		"request a string":   {list(1, `"a"`), "requests.0: must be an object"},
		"no id":              {list(1, `{"params":{}}`), "requests.0.custom_id: must match"},
		"id null":            {list(1, `{"custom_id":null,"params":{}}`), "requests.0.custom_id: must match"},
		"id a number":        {list(1, `{"custom_id":7,"params":{}}`), "requests.0.custom_id: must match"},
		"id empty":           {list(1, `{"custom_id":"","params":{}}`), "requests.0.custom_id: must match"},
		"id too long":        {list(1, `{"custom_id":"`+strings.Repeat("x", 65)+`","params":{}}`), "requests.0.custom_id: must match"},
		"id with space":      {list(1, `{"custom_id":"a b","params":{}}`), "requests.0.custom_id: must match"},
		"id with line break": {list(1, `{"custom_id":"a\n","params":{}}`), "requests.0.custom_id: must match"},
		"id twice":           {list(2, `{"custom_id":"a","params":{}}`), "requests.1.custom_id: is not unique"},
		"Requests":           {`{"Requests":[{"custom_id":"a","params":{}}]}`, "1 to 100000 requests, and there are none"},
		"Custom_ID":          {list(1, `{"Custom_ID":"a","params":{}}`), "requests.0.custom_id: must match"},
		"Params":             {list(1, `{"custom_id":"a","Params":{}}`), "requests.0.params: must be an object"},
		"other case beside":  {`{"Requests":7,"requests":[{"custom_id":"a","Custom_ID":"a b","params":{},"Params":7}],"REQUESTS":null}`, ""},
		"no params":          {list(1, `{"custom_id":"a"}`), "requests.0.params: must be an object"},
		"params null":        {list(1, `{"custom_id":"a","params":null}`), "requests.0.params: must be an object"},
		"params a list":      {list(1, `{"custom_id":"a","params":[]}`), "requests.0.params: must be an object"},
	} {
		resp := do(t, s, "POST", "", strings.NewReader(tt.body))
		if tt.message == "" {
			checkResponse(t, name, resp, 200, "", "")
		} else {
			checkResponse(t, name, resp, 400, "invalid_request_error", tt.message)
		}
	}
	if n := len(s.Batches()); n != 5 {
		t.Errorf("%d batches were accepted, want 5", n)
	}
}

func TestCreateChecksTheSize(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	checkResponse(t, "largest", do(t, s, "POST", "", io.LimitReader(letters{}, 256_000_000)), 400, "invalid_request_error", "not valid JSON")
	checkResponse(t, "too large", do(t, s, "POST", "", io.LimitReader(letters{}, 256_000_001)), 413, "request_too_large", "maximum size")
}

// letters is an endless reader of the letter x.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	copy(p, "x")
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithKey("sk-a", "wrkspc_a"), batchtest.WithKey("sk-ab", "wrkspc_b", "wrkspc_a"), batchtest.WithKey("sk-any"))
	as := func(key, workspace string) []string {
		return []string{"x-api-key", key, "anthropic-workspace-id", workspace}
	}
	a := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"), as("sk-a", "")...).ID
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"), as("sk-ab", "")...).ID
	for name, tt := range map[string]struct {
		headers []string
		seen    string // the one batch that is listed
		out     string
		status  int
	}{
		"the key's own":           {as("sk-a", ""), a, "wrkspc_a", 200},
		"by name":                 {as("sk-a", "wrkspc_a"), a, "wrkspc_a", 200},
		"first of two":            {as("sk-ab", ""), b, "wrkspc_b", 200},
		"second of two":           {as("sk-ab", "wrkspc_a"), a, "wrkspc_a", 200},
		"of another key":          {as("sk-a", "wrkspc_b"), "", "", 403},
		"key for all":             {as("sk-any", "wrkspc_b"), b, "wrkspc_b", 200},
		"key for all, by default": {as("sk-any", ""), "", "wrkspc_fake", 200},
	} {
		resp := do(t, s, "GET", "", nil, tt.headers...)
		var page gen.BetaMessageBatchPage
		page.UnmarshalJSON([]byte(read(t, resp)))
		if resp.StatusCode != tt.status || resp.Header.Get("anthropic-workspace-id") != tt.out || page.FirstID != tt.seen {
			t.Errorf("%s: got %d %v %+v", name, resp.StatusCode, resp.Header, page)
		}
		for _, id := range []string{a, b} {
			want := 404
			if id == tt.seen {
				want = 200
			} else if tt.status == 403 {
				want = 403
			}
			resp := do(t, s, "GET", "/"+id, nil, tt.headers...)
			read(t, resp)
			if resp.StatusCode != want {
				t.Errorf("%s: the batch returns %d, want %d", name, resp.StatusCode, want)
			}
		}
	}
}

func TestAnyKey(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithAnyKey())
	for key, want := range map[string]int{"": 401, "x": 200, s.Key(): 200} {
		resp := do(t, s, "GET", "", nil, "x-api-key", key)
		if read(t, resp); resp.StatusCode != want {
			t.Errorf("key %q: got %d, want %d", key, resp.StatusCode, want)
		}
	}
}

// TestWhatABatchRefuses sends each parameter that is valid outside of a batch, or under another version.
func TestWhatABatchRefuses(t *testing.T) {
	t.Parallel()
	const (
		hi       = `"messages":[{"role":"user","content":"Hi"}]`
		document = `"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"}}]}]`
		cited    = `"messages":[{"role":"user","content":[{"type":"text","text":"x","citations":[{"type":"char_location","cited_text":"x","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":1}]}]}]`
	)
	rules := map[string]struct {
		params   string
		old, new string // where it is refused by 2023-06-01 and by 2026-10-21
	}{
		"plain":        {hi, "", ""},
		"stream":       {hi + `,"stream":true`, "stream", "stream"},
		"no stream":    {hi + `,"stream":false`, "", ""},
		"speed":        {hi + `,"speed":"fast"`, "speed", "speed"},
		"thread":       {hi + `,"thread":{"type":"create"}`, "thread", "thread"},
		"store":        {hi + `,"store":true`, "store", "store"},
		"event":        {hi + `,"previous_thread_event_id":"e"`, "previous_thread_event_id", "previous_thread_event_id"},
		"cache hint":   {hi + `,"cache_hint":{}`, "cache_hint", "cache_hint"},
		"context hint": {hi + `,"context_hint":{}`, "context_hint", "context_hint"},
		"research":     {hi + `,"research_preview_2026_02":"active"`, "research_preview_2026_02", "research_preview_2026_02"},
		"payer":        {hi + `,"billing_policy":{"type":"billing_policy","bill_to":"user_profile"}`, "billing_policy.bill_to", "billing_policy.bill_to"},
		"no tokens":    {hi + `,"max_tokens":0`, "max_tokens", "max_tokens"},
		"many tokens":  {hi + `,"max_tokens":64000`, "", ""},
		"fallbacks":    {hi + `,"fallbacks":[{"model":"claude-opus-4-8"}]`, "", ""},
		"unknown":      {hi + `,"something_new":1`, "", ""},
		"Speed":        {hi + `,"Speed":"fast"`, "Speed", "Speed"}, // unknown, and near a known name
		"typo":         {hi + `,"temprature":1`, "temprature", "temprature"},
		"temperature":  {hi + `,"temperature":1`, "", "temperature"},
		"top_p":        {hi + `,"top_p":0.99`, "", "top_p"},
		"top_k":        {hi + `,"top_k":5`, "", "top_k"},
		"document":     {document, "", "messages.1.content.0"},
		"cited":        {cited, "", "messages.0.content.0.citations"},
	}
	for _, version := range []string{"2023-06-01", "2026-10-21"} {
		s := batchtest.New(t, batchtest.WithDuration(0))
		var requests []string
		for name, rule := range rules {
			requests = append(requests, fmt.Sprintf(`{"custom_id":%q,"params":{"model":"claude-of-the-test","max_tokens":10,%s}}`, strings.ReplaceAll(name, " ", "-"), rule.params))
		}
		batch := send[gen.BetaMessageBatch](t, s, "POST", "", strings.NewReader(`{"requests":[`+strings.Join(requests, ",")+`]}`), "anthropic-version", version)
		results := resultsOf(t, s, batch.ID)
		for name, rule := range rules {
			want := rule.old
			if version == "2026-10-21" {
				want = rule.new
			}
			got := ""
			if e, ok := results[strings.ReplaceAll(name, " ", "-")].(*gen.BetaMessageBatchErroredResult); ok {
				got, _, _ = strings.Cut(e.Error.Error.(*gen.BetaInvalidRequestError).Message, ": ")
				got = strings.TrimPrefix(got, "params.")
			}
			if got != want {
				t.Errorf("%s under %s: refused at %q, want %q", name, version, got, want)
			}
		}
	}
}

// resultsOf reads the results of an ended batch, by custom id.
func resultsOf(t testing.TB, s *batchtest.Service, batchID string) map[string]gen.BetaMessageBatchResult {
	t.Helper()
	resp := do(t, s, "GET", "/"+batchID+"/results", nil)
	text := read(t, resp)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("content-type") != "application/x-jsonl" {
		t.Fatalf("results of %s: %d %s", batchID, resp.StatusCode, text)
	}
	results := make(map[string]gen.BetaMessageBatchResult)
	for line := range strings.Lines(text) {
		var r gen.BetaMessageBatchIndividualResponse
		if err := r.UnmarshalJSON([]byte(line)); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		results[r.CustomID] = r.Result
	}
	return results
}

// TestClient checks that the options of Client override its defaults, and that invalid ones fail the test.
func TestClient(t *testing.T) {
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "x-env: 1")
	s := batchtest.New(t)
	for _, c := range []*client.Client{s.Client(), s.Client(client.WithHeader("x-tag", "2"))} {
		for _, err := range c.List(t.Context()) {
			t.Error(err)
		}
	}
	calls := s.Calls(batchtest.List)
	if len(calls) != 2 || calls[0].Header.Get("x-env") != "" || calls[1].Header.Get("x-tag") != "2" {
		t.Errorf("got %+v", calls)
	}
	wrong := client.WithBaseURL("gopher://localhost")

	var r recorder
	failing, done := batchtest.New(&r), make(chan bool)
	go func() {
		defer close(done)
		failing.Client(wrong)
		t.Error("the test continues")
	}()
	<-done
	if errors := r.end(); len(errors) != 1 || !strings.HasPrefix(errors[0], "batchtest: ") {
		t.Errorf("the test fails with %q", errors)
	}

	defer func() {
		if p := recover(); p == nil {
			t.Error("a service of Start does not panic")
		}
	}()
	batchtest.Start().Client(wrong)
}
