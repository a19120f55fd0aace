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
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestEndlessAnswers checks that what never ends is given up, compressed or not: a client that read on would hang here.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	var bomb bytes.Buffer // gzip files may follow each other
	packer := gzip.NewWriter(&bomb)
	packer.Write(zeros)
	packer.Close()
	all := []batchtest.Op{batchtest.Create, batchtest.List, batchtest.Retrieve, batchtest.Cancel, batchtest.Delete, batchtest.Results}
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
		"redirect":      {307, false, all, "redirects are not followed"},
		"redirect/bomb": {307, true, all, "redirects are not followed"},
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

// TestJSONThatIsTooMuch puts nesting and numbers that no parser wants into each answer.
func TestJSONThatIsTooMuch(t *testing.T) {
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
			c := newClient(t, s)
			id := create(t, c, 3).ID
			for _, answer := range []struct {
				op     batchtest.Op
				status int
				body   string
			}{
				{batchtest.Create, 200, value},
				{batchtest.Create, 200, `{` + batch + `,"x":` + value + `}`},
				{batchtest.Retrieve, 200, `{` + batch + `,"created_at":` + value + `}`},
				{batchtest.Retrieve, 200, `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"succeeded":` + value + `}}`},
				{batchtest.Retrieve, 500, `{"type":"error","error":{"type":"api_error","message":` + value + `}}`},
				{batchtest.Delete, 500, `{"type":"error","error":{"type":"new_error","x":` + value + `}}`},
				{batchtest.Delete, 500, `{"type":"error","error":` + value + `}`},
				{batchtest.List, 200, `{"data":[` + value + `],"has_more":false}`},
				{batchtest.List, 200, `{"data":[],"has_more":false,"last_id":` + value + `}`},
			} {
				s.Inject(answer.op, batchtest.Status(answer.status, answer.body))
				err := everyCall(t.Context(), newClient(t, s, once), id)[answer.op]()
				if answer.status == 500 && err == nil || err != nil && len(err.Error()) > 2000 {
					t.Errorf("%s, %d %.80s: got %.2000v", answer.op, answer.status, answer.body, err)
				}
			}
			s.Inject(batchtest.Results, batchtest.Rewrite(func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				lines[0] = strings.Replace(lines[0], `"output_tokens":`, `"x":`+value+`,"output_tokens":`, 1)
				lines[1] = strings.Replace(lines[1], `"output_tokens":`, `"output_tokens":`+value+`,"x":`, 1)
				return []byte(strings.Join(lines, ""))
			}, false))
			items, bad := 0, 0
			for item, err := range c.Results(t.Context(), id) {
				if err != nil && !errors.As(err, new(*client.LineError)) || err != nil && len(err.Error()) > 2000 {
					t.Errorf("got %.2000v", err)
				}
				if item != nil {
					items++
				} else {
					bad++
				}
			}
			if items+bad != 3 || items == 0 {
				t.Errorf("%d items and %d bad lines", items, bad)
			}
		})
	}
}

// TestHugeLine streams a line of 100 MB, which is passed over in bounded memory if it is not wanted.
//
// It does not run in parallel with other tests, since it counts what is allocated.
func TestHugeLine(t *testing.T) {
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("r1", batchtest.Text("<here>"))
	c := newClient(t, s)
	id := create(t, c, 3).ID
	block := bytes.Repeat([]byte("x"), 1<<20)
	for _, tt := range []struct{ size, max, items int }{
		{100 << 20, 1 << 20, 2},
		{8 << 20, 10 << 20, 3},
		{8 << 20, 8 << 20, 2},
	} {
		s.Inject(batchtest.Results, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			before, after, _ := bytes.Cut(whole.Body.Bytes(), []byte("<here>"))
			w.Write(before)
			for range tt.size / len(block) {
				w.Write(block)
			}
			w.Write(after)
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		items, bad := 0, 0
		for item, err := range c.Results(t.Context(), id, client.WithMaxLine(tt.max)) {
			if errors.As(err, new(*client.LineError)) {
				bad++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if items++; item.CustomID == "r1" && len(item.Text()) != tt.size {
				t.Errorf("a text of %d bytes", len(item.Text()))
			}
		}
		if items != tt.items || bad != 3-tt.items {
			t.Errorf("bound %d: %d items and %d bad lines", tt.max, items, bad)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; tt.size > 10*tt.max && got > 16<<20 {
			t.Errorf("%d bytes were allocated to pass over a line", got)
		}
	}
}

// TestCreateHoldsNoBody sends 64 MB out of little memory.
//
// It does not run in parallel with other tests, since it counts what is allocated.
func TestCreateHoldsNoBody(t *testing.T) {
	const size = 64 << 20
	batch := largeRequests(64)
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if n, err := io.Copy(io.Discard, r.Body); n != r.ContentLength || n < size || err != nil {
				t.Errorf("got %d bytes, %v", n, err)
			}
			return &http.Response{StatusCode: 429, Header: make(http.Header), Body: http.NoBody}, nil
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.Create(t.Context(), client.BatchParams{Requests: batch}); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size/4 {
		t.Errorf("%d bytes were allocated in all", got)
	}
}

// TestFreeJSONIsKept sends JSON of the caller and gets some of the model's: neither numbers nor the order of names change.
func TestFreeJSONIsKept(t *testing.T) {
	t.Parallel()
	const free = `{"z":12345678901234567890,"a":1.0,"m":1e2,"a2":[{"y":1,"b":2}]}`
	s := batchtest.New(t, batchtest.WithDuration(0))
	var sent []byte
	s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		next.ServeHTTP(w, r)
	})
	s.Answer("", batchtest.Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaToolUseBlock{ID: "t", Name: "n", Input: []byte(free)}}}))
	c := newClient(t, s)
	r := requests(1)
	r[0].Params.Messages = append(r[0].Params.Messages, &gen.BetaAssistantMessageParam{Content: gen.BetaMessageContentBlocks{
		&gen.BetaToolUseBlockParam{ID: "t", Name: "n", Input: []byte(free)},
	}})
	batch, err := c.Create(t.Context(), client.BatchParams{Requests: r})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(sent, []byte(free)) {
		t.Errorf("sent %s", sent)
	}
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if got := string(item.Message().Content[0].(*gen.BetaToolUseBlock).Input); got != free {
			t.Errorf("got %s", got)
		}
	}
}
