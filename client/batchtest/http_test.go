package batchtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A reached is a service with an HTTP client for it.
type reached struct {
	*batchtest.Service
	client *http.Client
}

// everywhere returns a service for each kind of connection.
func everywhere(t *testing.T, opts ...batchtest.Option) map[string]reached {
	inside, socket, secure := batchtest.New(t, opts...), batchtest.New(t, opts...), batchtest.New(t, opts...)
	for _, listen := range []func(string) (func() error, error){socket.Listen, secure.ListenTLS} {
		if _, err := listen("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]reached{
		"inside": {inside, inside.HTTPClient()},
		"socket": {socket, http.DefaultClient},
		"HTTP/2": {secure, secure.TLSClient()},
	}
}

// try sends a call, with the required headers unless they are given.
func (s reached) try(t testing.TB, method, path string, body io.Reader, headers ...string) (*http.Response, error) {
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
	return s.client.Do(r)
}

// do is try for a call that must get a response.
func (s reached) do(t testing.TB, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	resp, err := s.try(t, method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// do sends a call to a service inside the process.
func do(t testing.TB, s *batchtest.Service, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	return reached{s, s.HTTPClient()}.do(t, method, path, body, headers...)
}

// send is do for a call that must succeed with a T.
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
