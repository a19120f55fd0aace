package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestRedirectsToOtherOrigins checks that these are ordinary responses: neither the credential nor a body is sent there.
func TestRedirectsToOtherOrigins(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{
			"https://example.com/v1/messages/batches",
			"//example.com/v1/messages/batches",
			"https://localhost/v1/messages/batches", // another scheme
			"http://localhost:81/v1/messages/batches",
			"http://user:password@example.com/",
		} {
			s, c, watch := watched(t)
			batch := create(t, c, 1)
			for op, call := range everyCall(t.Context(), c, batch.ID) {
				s.Inject(op, batchtest.Status(status, "", "location", to))
				before := len(s.Calls(op))
				err := call()
				var apiErr *client.APIError
				if op == batchtest.Cancel {
					// After a refused cancel the client checks whether the batch has ended, which it has.
				} else if !errors.As(err, &apiErr) || apiErr.StatusCode != status || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("%s, %d to %s: got %v", op, status, to, err)
				} else if strings.Contains(err.Error(), "example") || strings.Contains(err.Error(), "password") {
					t.Errorf("%s: the error shows the target: %v", op, err)
				}
				if n := len(s.Calls(op)) - before; n != 1 {
					t.Errorf("%s, %d to %s: %d calls", op, status, to, n)
				}
			}
			watch.check(t)
		}
	}
}

// TestRedirectsWithinTheOrigin checks that reads follow them with the credential, and other calls do not follow them.
func TestRedirectsWithinTheOrigin(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s, c, watch := watched(t)
		batch := create(t, c, 1)
		const root = "/v1/messages/batches"
		for op, path := range map[batchtest.Op]string{
			batchtest.List:    root,
			batchtest.Get:     root + "/" + batch.ID,
			batchtest.Results: root + "/" + batch.ID + "/results",
			batchtest.Create:  root,
			batchtest.Cancel:  root + "/" + batch.ID + "/cancel",
			batchtest.Delete:  root + "/" + batch.ID,
		} {
			s.Inject(op, batchtest.Status(status, "", "location", path))
			before := len(s.Calls(op))
			err := everyCall(t.Context(), c, batch.ID)[op]()
			read := op == batchtest.List || op == batchtest.Get || op == batchtest.Results
			if calls := len(s.Calls(op)) - before; read && (err != nil || calls != 2) || !read && calls != 1 {
				t.Errorf("%s, %d: %d calls, %v", op, status, calls, err)
			}
			for _, call := range s.Calls(op) {
				if call.Header.Get("x-api-key") != s.Key() {
					t.Errorf("%s, %d: a call went without the credential", op, status)
				}
			}
		}
		watch.check(t)
	}
}

func TestRedirectLoop(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Get, batchtest.Times(10, batchtest.Status(302, "", "location", "/v1/messages/batches/b"))...)
	_, err := s.Client().Get(t.Context(), "b")
	var apiErr *client.APIError
	if !errors.As(err, &apiErr) || apiErr.StatusCode != 302 {
		t.Errorf("got %v", err)
	}
}

// TestResultsURLIsNotTrusted sets another host, path or scheme in the results_url of a batch.
func TestResultsURLIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"https://example.com/results", "http://localhost/elsewhere", "file:///etc/passwd", "//example.com", "%"} {
		s, c, watch := watched(t)
		batch := create(t, c, 2)
		s.Inject(batchtest.Get, batchtest.Rewrite(func(b []byte) []byte {
			return []byte(strings.Replace(string(b), s.URL()+"/v1/messages/batches/"+batch.ID+"/results", to, 1))
		}))
		wantResults(t, 2, c.Results(t.Context(), batch.ID))
		if n := len(s.Calls(batchtest.Results)); n != 1 {
			t.Errorf("%s: %d streams", to, n)
		}
		watch.check(t)
	}
}

// TestIDsAreEscaped checks that an ID is one segment of the path, whatever characters it has.
func TestIDsAreEscaped(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a?b=c", "a#b", "a%2Fb", "%2e%2e", "a;b", "é", "a&b", "a+b", "a:b", "...", "a@b"} {
		var got []string
		c := batchtest.New(t).Client(client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			got = append(got, r.URL.EscapedPath())
			if r.URL.RawQuery != "beta=true" {
				t.Errorf("%s: query %q", id, r.URL.RawQuery)
			}
			return nil, errors.New("not sent")
		})}), once)
		for _, call := range everyCall(t.Context(), c, id) {
			call()
		}
		for _, path := range got {
			rest := strings.TrimPrefix(path, "/v1/messages/batches")
			decoded, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(rest, "/"), "/cancel"))
			if rest != "" && (err != nil || decoded != id) {
				t.Errorf("%s: path is %s", id, path)
			}
		}
		if len(got) != 6 {
			t.Errorf("%s: %d calls", id, len(got))
		}
	}
	for _, id := range []string{"", ".", "..", "a/b", "../x", `a\b`, "a\x00", "a\r\nb", " a", "a\u0085"} {
		c := batchtest.New(t).Client(client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("sent to %s", r.URL)
		})}), once)
		for op, call := range everyCall(t.Context(), c, id) {
			if err := call(); op != batchtest.Create && op != batchtest.List && (err == nil || strings.Contains(err.Error(), "sent to")) {
				t.Errorf("%s of %q: %v", op, id, err)
			}
		}
	}
}
