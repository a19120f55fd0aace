package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestEndlessResponses checks that the client gives up responses that never end, compressed or not: a client that continued
// to read would hang here.
func TestEndlessResponses(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	var bomb bytes.Buffer // gzip files may be concatenated
	packer := gzip.NewWriter(&bomb)
	packer.Write(zeros)
	packer.Close()
	all := []batchtest.Op{batchtest.Create, batchtest.List, batchtest.Get, batchtest.Cancel, batchtest.Delete, batchtest.Results}
	for name, tt := range map[string]struct {
		status int
		gzip   bool
		ops    []batchtest.Op
		want   string // of the error
	}{
		"error":         {500, false, all, "not the API's JSON"},
		"error/bomb":    {500, true, all, "not the API's JSON"},
		"success":       {200, false, all, "larger than"},
		"success/bomb":  {200, true, all[:2], "larger than"},
		"redirect":      {307, false, all, "redirects are followed only"},
		"redirect/bomb": {307, true, all, "redirects are followed only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("location", "https://example.com/")
				block := zeros
				if tt.gzip {
					w.Header().Set("content-encoding", "gzip")
					block = bomb.Bytes()
				}
				w.WriteHeader(tt.status)
				for {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
			}))
			defer server.Close()
			c := socketClient(t, server.URL, once)
			for _, op := range tt.ops {
				err := everyCall(t.Context(), c, "b")[op]()
				if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 1000 {
					t.Errorf("%s: got %.1000v", op, err)
				}
				var apiErr *client.APIError
				if errors.As(err, &apiErr) && len(apiErr.Excerpt) > 64<<10 {
					t.Errorf("%s: an excerpt of %d bytes", op, len(apiErr.Excerpt))
				}
			}
		})
	}
}

func TestEndlessHeaders(t *testing.T) {
	t.Parallel()
	url := rawServer(t, func(conn *net.TCPConn) {
		conn.Read(make([]byte, 1))
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "x-filler: "+strings.Repeat("y", 8000)+"\r\n"); err != nil {
				return
			}
		}
	})
	if _, err := socketClient(t, url, once).Get(t.Context(), "b"); err == nil || len(err.Error()) > 1000 {
		t.Errorf("got %.1000v", err)
	}
}

// TestDeepAndHugeJSON puts deep nesting and huge numbers into each response.
func TestDeepAndHugeJSON(t *testing.T) {
	t.Parallel()
	const batch = `"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"succeeded":1}`
	for name, value := range map[string]string{
		"lists":          strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"more lists":     strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"objects":        strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000),
		"open lists":     strings.Repeat("[", 60_000),
		"open objects":   strings.Repeat(`{"type":`, 8_000),
		"digits":         strings.Repeat("9", 60_000),
		"fraction":       "0." + strings.Repeat("3", 60_000),
		"exponent":       "1e999999999",
		"minus exponent": "-1e-999999999",
		"long exponent":  "1e" + strings.Repeat("9", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(0))
			c := s.Client()
			id := create(t, c, 3).ID
			for _, response := range []struct {
				op     batchtest.Op
				status int
				body   string
			}{
				{batchtest.Create, 200, value},
				{batchtest.Create, 200, `{` + batch + `,"x":` + value + `}`},
				{batchtest.Get, 200, `{` + batch + `,"created_at":` + value + `}`},
				{batchtest.Get, 200, `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"succeeded":` + value + `}}`},
				{batchtest.Get, 500, `{"type":"error","error":{"type":"api_error","message":` + value + `}}`},
				{batchtest.Delete, 500, `{"type":"error","error":{"type":"new_error","x":` + value + `}}`},
				{batchtest.Delete, 500, `{"type":"error","error":` + value + `}`},
				{batchtest.List, 200, `{"data":[` + value + `],"has_more":false}`},
				{batchtest.List, 200, `{"data":[],"has_more":false,"last_id":` + value + `}`},
			} {
				s.Inject(response.op, batchtest.Status(response.status, response.body))
				err := everyCall(t.Context(), s.Client(once), id)[response.op]()
				if response.status == 500 && err == nil || err != nil && len(err.Error()) > 2000 {
					t.Errorf("%s, %d %.80s: got %.2000v", response.op, response.status, response.body, err)
				}
			}
			s.Inject(batchtest.Results, batchtest.Rewrite(func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				lines[0] = strings.Replace(lines[0], `"output_tokens":`, `"x":`+value+`,"output_tokens":`, 1)
				lines[1] = strings.Replace(lines[1], `"output_tokens":`, `"output_tokens":`+value+`,"x":`, 1)
				return []byte(strings.Join(lines, ""))
			}))
			results, damaged, err := collect(t, c.Results(t.Context(), id))
			if len(results)+len(damaged) != 3 || len(results) == 0 || err != nil {
				t.Errorf("%d results, %d damaged lines, %.2000v", len(results), len(damaged), err)
			}
			for _, item := range damaged {
				if err := item.Err(); len(err.Error()) > 2000 {
					t.Errorf("got %.2000v", err)
				}
			}
		})
	}
}

// TestHugeLine streams a line of 100 MB, which is skipped in bounded memory if it exceeds the limit.
//
// It does not run in parallel with other tests, because it counts allocations.
func TestHugeLine(t *testing.T) {
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("r1", batchtest.Text("<here>"))
	c := s.Client()
	id := create(t, c, 3).ID
	block := bytes.Repeat([]byte("x"), 1<<20)
	for _, tt := range []struct{ size, max, items int }{
		{100 << 20, 1 << 20, 2},
		{8 << 20, 10 << 20, 3},
		{8 << 20, 8 << 20, 2},
	} {
		long := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			before, after, _ := bytes.Cut(whole.Body.Bytes(), []byte("<here>"))
			w.Write(before)
			for range tt.size / len(block) {
				w.Write(block)
			}
			w.Write(after)
		}
		s.Inject(batchtest.Results, long)
		if tt.items < 3 {
			s.Inject(batchtest.Results, long) // another stream may have it undamaged
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		results, damaged, err := collect(t, c.Results(t.Context(), id, client.WithMaxLineBytes(tt.max)))
		short := tt.items < 3
		if len(results) != tt.items || len(damaged) != 3-tt.items || (err != nil) != short || short && !errors.As(err, new(*client.IncompleteError)) {
			t.Errorf("limit %d: %d results, %d damaged lines, %v", tt.max, len(results), len(damaged), err)
		}
		for _, item := range results {
			if item.CustomID == "r1" && len(item.Text()) != tt.size {
				t.Errorf("a text of %d bytes", len(item.Text()))
			}
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; tt.size > 10*tt.max && got > 16<<20 {
			t.Errorf("%d bytes were allocated to skip a line", got)
		}
	}
}

func TestLineLimitBelowTheReadBuffer(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.AnswerAll(batchtest.Text(strings.Repeat("x", 2000)))
	c := s.Client()
	batch := create(t, c, 1)
	if _, damaged, _ := collect(t, c.Results(t.Context(), batch.ID, client.WithMaxLineBytes(1000))); len(damaged) != 1 {
		t.Error("a line of more than 2000 bytes is within a limit of 1000")
	}
}
