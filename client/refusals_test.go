package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// createThrough creates a batch through one fault, and returns how many whole bodies the service has received.
func createThrough(t *testing.T, f batchtest.Fault) (b *client.Batch, wholes int, err error) {
	t.Helper()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Create, f)
		b, err = c.Create(t.Context(), requests(2))
		for _, call := range s.Calls(batchtest.Create) {
			if call.BodyWhole {
				wholes++
			}
		}
	})
	return b, wholes, err
}

// TestRefusalsWhoseTypeDisagreesWithTheStatus checks that these are not refusals: the API may send a time-out in the middle
// of its work, and an intermediary may change the status.
func TestRefusalsWhoseTypeDisagreesWithTheStatus(t *testing.T) {
	t.Parallel()
	kinds := []string{"api_error", "overloaded_error", "timeout_error", "rate_limit_error", "invalid_request_error", "new_error"}
	for _, status := range []int{500, 502, 503, 504, 529} {
		for _, kind := range kinds {
			t.Run(fmt.Sprint(status, "/", kind), func(t *testing.T) {
				t.Parallel()
				b, wholes, err := createThrough(t, batchtest.Fail(status, kind, "No."))
				agree := status == 503 && kind == "api_error" || status == 529 && kind == "overloaded_error"
				if agree != (b != nil && err == nil && wholes == 2) || !agree && (wholes != 1 || !errors.As(err, new(*client.UncertainError))) {
					t.Errorf("%d whole bodies, %+v, %v", wholes, b, err)
				}
			})
		}
	}
	for _, status := range []int{400, 403, 404, 408, 409, 429} {
		for _, kind := range []string{"timeout_error", "api_error", "conflict_error"} {
			if _, wholes, err := createThrough(t, batchtest.Fail(status, kind, "No.", "retry-after", "1")); wholes != 1 || !errors.As(err, new(*client.UncertainError)) {
				t.Errorf("%d %s: %d whole bodies, %v", status, kind, wholes, err)
			}
		}
	}
}

// TestEdgeRefusesACreate makes the service's edge refuse, whose JSON differs from the API's.
func TestEdgeRefusesACreate(t *testing.T) {
	t.Parallel()
	b, wholes, err := createThrough(t, batchtest.EdgeForbidden())
	var apiErr *client.APIError
	if b != nil || wholes != 1 || errors.As(err, new(*client.UncertainError)) || !errors.As(err, &apiErr) {
		t.Fatalf("%d whole bodies, %+v, %v", wholes, b, err)
	}
	if apiErr.StatusCode != 403 || apiErr.Type != "forbidden" || apiErr.Message != "Request not allowed" || !errors.Is(err, client.ErrPermission) {
		t.Errorf("got %+v", apiErr)
	}
	if got, want := err.Error(), "create batch: 403 forbidden: Request not allowed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRefusalsFromAnybody makes an intermediary refuse a create, with a status that means that nothing was done.
func TestRefusalsFromAnybody(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{"html": "<html>Who are you?</html>", "text": "no", "json": `{"detail":"Not Found"}`, "empty": ""}
	for _, status := range []int{401, 402, 403, 404, 405, 407, 410, 411, 413, 414, 415, 417, 421, 426, 428, 431, 451} {
		for name, body := range bodies {
			t.Run(fmt.Sprint(status, "/", name), func(t *testing.T) {
				t.Parallel()
				b, wholes, err := createThrough(t, batchtest.Status(status, body))
				var apiErr *client.APIError
				if b != nil || wholes != 1 || errors.As(err, new(*client.UncertainError)) || !errors.As(err, &apiErr) || apiErr.StatusCode != status {
					t.Errorf("%d whole bodies, %+v, %v", wholes, b, err)
				}
			})
		}
	}
	for _, status := range []int{400, 406, 408, 409, 412, 418, 422, 423, 424, 425, 429, 499, 500, 502, 503, 504, 529} {
		for name, body := range bodies {
			if _, wholes, err := createThrough(t, batchtest.Status(status, body)); wholes != 1 || !errors.As(err, new(*client.UncertainError)) {
				t.Errorf("%d/%s is not a refusal, but: %d whole bodies, %v", status, name, wholes, err)
			}
		}
	}
}

// TestRedirectsThatDoNotParse are refusals of a create like other redirects.
func TestRedirectsThatDoNotParse(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		for _, to := range []string{"", "http://[::1", "%zz", ":", "http://a b/", "\x7f", "https://example.com:port/", strings.Repeat("x", 10_000)} {
			b, wholes, err := createThrough(t, batchtest.Redirect(status, to))
			var apiErr *client.APIError
			if b != nil || wholes != 1 || errors.As(err, new(*client.UncertainError)) || !errors.As(err, &apiErr) || apiErr.StatusCode != status {
				t.Errorf("%d to %.20q: %d whole bodies, %+v, %v", status, to, wholes, b, err)
			}
		}
	}
}
