package batchtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// do sends a call to a service, with the headers that it needs unless they are given.
func do(t testing.TB, s *batchtest.Service, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/v1/messages/batches"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-api-key", s.Key())
	r.Header.Set("anthropic-version", "2023-06-01")
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	resp, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// send is do for a call that succeeds with a T.
func send[T any](t testing.TB, s *batchtest.Service, method, path string, body io.Reader, headers ...string) T {
	t.Helper()
	resp := do(t, s, method, path, body, headers...)
	text := read(t, resp)
	var x T
	if err := json.Unmarshal([]byte(text), &x); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return x
}

func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
