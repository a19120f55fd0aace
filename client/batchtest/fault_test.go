package batchtest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestFaultsOfResults reads the results of three requests.
func TestFaultsOfResults(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t, batchtest.WithDuration(0)) {
		b, _ := results(t, s.Service, "a", "b", "c")
		whole := read(t, do(t, s.Service, "GET", "/"+b.ID+"/results", nil))
		lines := strings.SplitAfter(whole, "\n")
		for name, tt := range map[string]struct {
			fault batchtest.Fault
			want  string
			cut   bool
		}{
			"none":               {nil, whole, false},
			"drop bytes":         {batchtest.DropBytes(100), whole[:100], true},
			"truncate bytes":     {batchtest.TruncateBytes(100), whole[:100], false},
			"truncate behind it": {batchtest.TruncateBytes(1e6), whole, false},
			"drop":               {batchtest.Drop(2), lines[0] + lines[1], true},
			"truncate":           {batchtest.Truncate(2), lines[0] + lines[1], false},
			"corrupt":            {batchtest.Corrupt(1), lines[0] + lines[1][:len(lines[1])/2] + "\n" + lines[2], false},
			"duplicate":          {batchtest.Duplicate(2), whole + lines[2], false},
			"lose":               {batchtest.Lose(0), lines[1] + lines[2], false},
			"rewrite":            {batchtest.Rewrite(func([]byte) []byte { return []byte("x") }), "x", false},
			"stall":              {batchtest.Stall(100, time.Nanosecond), whole, false},
			"slow":               {batchtest.Slow(100, time.Nanosecond), whole, false},
			"delay":              {batchtest.DelayBefore(time.Nanosecond), whole, false},
		} {
			s.Inject(batchtest.Results, tt.fault)
			resp, err := s.try(t, "GET", "/"+b.ID+"/results", nil)
			if err != nil {
				t.Errorf("%s/%s: %v", where, name, err)
				continue
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("%s/%s: %s", where, name, diff)
			}
			if (err != nil) != tt.cut || where != "HTTP/2" && tt.cut && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s/%s: read ends with %v", where, name, err)
			}
		}
	}
}

func TestFaultsTakeTheirTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault         batchtest.Fault
		headers, body time.Duration // until they have come
	}{
		"none":  {nil, time.Second, time.Second},
		"delay": {batchtest.DelayBefore(time.Hour), time.Hour + time.Second, time.Hour + time.Second},
		"after": {batchtest.DelayAfter(time.Hour), time.Hour + time.Second, time.Hour + time.Second},
		"stall": {batchtest.Stall(10, time.Hour), time.Second, time.Hour + time.Second},
		"slow":  {batchtest.Slow(20, time.Hour), time.Second, time.Second + 2*time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithLatency(time.Second))
				s.Inject(batchtest.List, tt.fault)
				began := time.Now()
				resp := do(t, s, "GET", "", nil)
				headers := time.Since(began)
				read(t, resp)
				if body := time.Since(began); headers != tt.headers || body != tt.body {
					t.Errorf("headers after %v, body after %v", headers, body)
				}
			})
		})
	}
}

// TestLeftEarly checks that a handler does not outlive a caller that stops reading: the bubble would not end.
func TestLeftEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.List, batchtest.Stall(10, time.Hour))
		resp := do(t, s, "GET", "", nil)
		io.ReadFull(resp.Body, make([]byte, 10))
		resp.Body.Close()
	})
}

func TestFaultsWithoutTheService(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Create,
		nil,
		batchtest.Status(502, "<html>", "request-id", "", "retry-after", "3"),
		batchtest.Fail(409, "conflict_error", "A \"conflict\".\x01"),
		batchtest.Fail(429, "rate_limit_error", "Slow.", "request-id", "req_mine"),
		batchtest.DropBefore(),
		batchtest.DropAfter())
	create := func() *http.Response { return do(t, s, "POST", "", body("r")) }
	checkResponse(t, "nil", create(), 200, "", "")
	resp := create()
	if text := read(t, resp); resp.StatusCode != 502 || text != "<html>" || resp.Header["Request-Id"] != nil || resp.Header.Get("retry-after") != "3" {
		t.Errorf("got %d %s %v", resp.StatusCode, text, resp.Header)
	}
	checkResponse(t, "Fail", create(), 409, "conflict_error", "A \"conflict\".\x01")
	checkResponse(t, "Fail with request-id", create(), 429, "rate_limit_error", "Slow.")
	for _, batches := range []int{1, 2} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/v1/messages/batches", body("r"))
		r.Header.Set("x-api-key", s.Key())
		r.Header.Set("anthropic-version", "2023-06-01")
		if resp, err := s.HTTPClient().Do(r); err == nil {
			t.Errorf("got %v, want a lost connection", resp)
		}
		if n := len(s.Batches()); n != batches {
			t.Errorf("%d batches, want %d", n, batches)
		}
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.List, batchtest.Redirect(http.StatusTemporaryRedirect, "https://other.example.com/v1/messages/batches?x=1"))
	checkResponse(t, "redirect", do(t, s, "GET", "", nil), 200, "", "")
	calls := s.Calls(batchtest.List)
	if len(calls) != 2 || calls[1].Host != "other.example.com" || calls[1].Query != "x=1" {
		t.Errorf("got %+v", calls)
	}
}

func TestUnmetFaultsFailTheTest(t *testing.T) {
	t.Parallel()
	var r recorder
	s := batchtest.New(&r)
	s.Inject(batchtest.Get, batchtest.DropBefore())
	s.Inject(batchtest.Create, batchtest.Times(3, batchtest.Fail(500, "api_error", "Oops."))...)
	s.Inject(batchtest.Cancel, nil)
	read(t, do(t, s, "POST", "", body("r")))
	read(t, do(t, s, "POST", "/b/cancel", nil))
	want := []string{
		"batchtest: faults were injected into create, but the 2 calls that should meet the last ones never came",
		"batchtest: a fault was injected into get, but the call that should meet it never came",
	}
	if diff := cmp.Diff(want, r.end()); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenFaultsFailTheTest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault batchtest.Fault
		want  string
	}{
		"not an id":    {batchtest.OtherID("b"), "a fault of GET /v1/messages/batches panicked: the response has no id to replace\n"},
		"no such line": {batchtest.Corrupt(1), "a fault of GET /v1/messages/batches panicked: there is no line 1 in a response of 1 lines\n"},
		"panic":        {func(http.ResponseWriter, *http.Request, http.Handler) { panic("boom") }, "a fault of GET /v1/messages/batches panicked: boom\n"},
	} {
		var r recorder
		s := batchtest.New(&r)
		s.Inject(batchtest.List, tt.fault)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/v1/messages/batches", nil)
		req.Header.Set("x-api-key", s.Key())
		req.Header.Set("anthropic-version", "2023-06-01")
		if resp, err := s.HTTPClient().Do(req); err == nil {
			t.Errorf("%s: got %v, want a lost connection", name, resp)
		}
		if errors := r.end(); len(errors) != 1 || !strings.HasPrefix(errors[0], "batchtest: "+tt.want) {
			t.Errorf("%s: the test fails with %q", name, errors)
		}
	}
}

// TestResultsURL checks that results_url has the URL by which the caller reached the service, because some SDKs follow
// it.
func TestResultsURL(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"))
	for url, want := range map[string]string{"http://fake.internal:99": "http://fake.internal:99", "https://fake.internal": "https://fake.internal"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", url+"/v1/messages/batches/"+b.ID, nil)
		r.Header.Set("x-api-key", s.Key())
		r.Header.Set("anthropic-version", "2023-06-01")
		resp, err := s.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if text := read(t, resp); !strings.Contains(text, `"results_url":"`+want+"/v1/messages/batches/"+b.ID+`/results"`) {
			t.Errorf("%s: got %s", url, text)
		}
	}
}
