package client_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestResultsTruncatedAtEveryByte truncates the stream after each of its bytes, cleanly or with a lost connection.
func TestResultsTruncatedAtEveryByte(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Answer("r0", batchtest.Text("\"é\\\x01\U0001F600\""))
		s.Answer("r1", batchtest.Raw(`{"type":"succeeded","message":{"content":[{"type":"text","text":"\ud83d\ude00 \u00e9"}],"usage":{"output_tokens":-1.50e+3},"container":null,"x":[true,false]}}`))
		batch := create(t, c, 3)
		for _, drop := range []bool{false, true} {
			for i, length := 0, 1; i <= length; i++ {
				fault := batchtest.Rewrite(func(b []byte) []byte {
					length = len(b)
					return b[:i]
				})
				if drop {
					fault = batchtest.ThenDrop(fault)
				}
				s.Inject(batchtest.Results, fault)
				results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
				if len(results) != 3 || len(damaged) != 0 || err != nil {
					t.Errorf("truncated after byte %d: %d results, %d damaged lines, %v", i, len(results), len(damaged), err)
				}
			}
		}
	})
}

// TestTruncatedLineIsReadAgain truncates a line inside the JSON and ends it with a line break: its readable part is not
// yielded, because the next stream has the whole line.
func TestTruncatedLineIsReadAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 3)
		s.Inject(batchtest.Results, batchtest.ThenDrop(batchtest.Rewrite(func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return append(append(lines[0], lines[1][:len(lines[1])-3]...), '\n')
		})))
		if results, damaged, err := collect(t, c.Results(t.Context(), batch.ID)); len(results) != 3 || len(damaged) != 0 || err != nil {
			t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
		}
	})
}

// TestStreamsThatEndInDifferentPlaces ends two streams cleanly, at different lines: only two ends at the same line count as
// the end.
func TestStreamsThatEndInDifferentPlaces(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, batchtest.Truncate(6), batchtest.Truncate(3))
		wantResults(t, 10, c.Results(t.Context(), batch.ID))
	})
}

// TestFailureAfterTheLastResult fails streams whose results have all been read: none is requested again.
func TestFailureAfterTheLastResult(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 3)
		for name, fault := range map[string]batchtest.Fault{
			"dropped": batchtest.Drop(3),
			"an error": batchtest.Rewrite(func(b []byte) []byte {
				return append(b, `{"type":"error","error":{"type":"not_found_error","message":"Gone."}}`...)
			}),
			"stalled": batchtest.Stall(1<<20, time.Hour),
		} {
			s.Inject(batchtest.Results, fault)
			before := len(s.Calls(batchtest.Results))
			wantResults(t, 3, c.Results(t.Context(), batch.ID, once))
			if calls := len(s.Calls(batchtest.Results)) - before; calls != 1 {
				t.Errorf("%s: %d streams", name, calls)
			}
		}
	})
}

// TestResponsesThatAreNotResults has a gateway respond in place of the results, with status 200.
func TestResponsesThatAreNotResults(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "text/html", "text/plain; charset=utf-8", "application/json", "application/x-jsonl"} {
		for _, body := range []string{"upstream request timeout", "<!doctype html>\n<html>\n</html>", "", "null", "[]", "{}"} {
			if contentType == "application/x-jsonl" && body != "" {
				continue // that is a damaged line
			}
			t.Run(contentType+"/"+body, func(t *testing.T) {
				t.Parallel()
				inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
					batch := create(t, c, 1)
					s.Inject(batchtest.Results, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
						w.Header()["Content-Type"] = []string{contentType}
						w.Write([]byte(body))
					})
					wantResults(t, 1, c.Results(t.Context(), batch.ID))
				})
			})
		}
	}
}
