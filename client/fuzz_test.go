package client_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// FuzzResponses sends arbitrary responses to Get: it returns a batch with an ID, or an error.
func FuzzResponses(f *testing.F) {
	f.Add(200, "application/json", "7", []byte(`{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{}}`))
	f.Add(429, "application/json", "1e30", []byte(`{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"y"}},"request_id":"r"}`))
	f.Add(502, "text/html; charset=\"", "Sat, 02 Jan 1999 15:04:05 GMT", []byte("<html>"))
	f.Add(302, "", "-0", []byte("null"))
	f.Add(291, "", "", []byte(`{"id":"b"}`))
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter string, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		s := batchtest.New(t)
		s.Inject(batchtest.Get, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.Header()["Content-Type"] = []string{contentType}
			w.Header()["Retry-After"] = []string{retryAfter}
			w.WriteHeader(status)
			w.Write(body)
		})
		b, err := s.Client().Get(t.Context(), "b", once)
		switch {
		case b == nil && err == nil:
			t.Fatal("neither batch nor error")
		case b != nil && (b.ID == "" || status/100 != 2):
			t.Fatalf("status %d: got %+v", status, b)
		}
		var apiErr *client.APIError
		if errors.As(err, &apiErr) && (apiErr.StatusCode != status || apiErr.RetryAfter < 0 || apiErr.Error() == "") {
			t.Fatalf("got %+v", apiErr)
		}
	})
}

// FuzzResults streams arbitrary bytes as the results of three requests: the iteration ends, each ID is yielded at most
// once, and missing results are reported.
func FuzzResults(f *testing.F) {
	const line = `{"custom_id":"r0","result":{"type":"succeeded","message":{"type":"message","content":[{"type":"text","text":"x"}]}}}` + "\n"
	f.Add([]byte(line))
	f.Add([]byte(line + line + "\n\r\n" + `{"custom_id":"r1","result":{"type":"expired"}}` + "\n" + `{"custom_id":"r2","result":{"ty`))
	f.Add([]byte(`{"type":"error","error":{"type":"api_error","message":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			batch := create(t, c, 3)
			s.Advance(time.Second)
			for range 2 {
				s.Inject(batchtest.Results, batchtest.Rewrite(func([]byte) []byte { return body }))
			}
			seen := make(map[string]bool)
			results, _, last := collect(t, c.Results(t.Context(), batch.ID, client.WithRetry(client.Retry{MaxAttempts: 2})))
			for _, item := range results {
				if item.CustomID == "" || seen[item.CustomID] {
					t.Fatalf("custom id %q is empty or was yielded twice", item.CustomID)
				}
				seen[item.CustomID] = true
			}
			if last == nil && len(seen) < 3 {
				t.Fatalf("%d results and no error", len(seen))
			}
			// Unused faults are fine here: the first stream may have been complete.
			for range 2 {
				resp, err := c.Raw().RetrieveMessageBatchResults(t.Context(), batch.ID, nil)
				if err == nil {
					resp.Body.Close()
				}
			}
		})
	})
}
