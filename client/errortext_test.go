package client_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Secrets that the server of these tests receives, with characters that JSON may escape.
const (
	shownKey   = "sk-ant-Shown/key&more"
	shownProxy = "c2hvd246c2hvd24tcHJveHk="
	shownOwn   = "shown-own-header"
)

// shownClient returns options of a client that sends the secrets, and logs.
func shownClient(log io.Writer) []client.Option {
	return []client.Option{
		client.WithoutEnvironment(),
		client.WithAPIKey(shownKey),
		client.WithHeader("Proxy-Authorization", "Basic "+shownProxy),
		client.WithHeader("X-Own", shownOwn),
		client.WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		client.WithRetry(client.Retry{MaxAttempts: 2, MinDelay: time.Nanosecond, MaxDelay: time.Nanosecond}),
	}
}

// checkErrorText fails if an error, or anything that can be reached from it, contains a secret, or if a text of it is not
// one safe line of limited length.
func checkErrorText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	checkNoSecret(t, fmt.Sprintf("%v %+v %#v", err, err, err)+inside(err))
	var apiErr *client.APIError
	if errors.As(err, &apiErr) {
		logged, _ := json.Marshal(apiErr.LogValue().String())
		checkNoSecret(t, string(logged)+string(apiErr.Excerpt))
		checkFit(t, fmt.Sprint(apiErr.LogValue()), 2000)
	}
	var walk func(error)
	walk = func(err error) {
		checkFit(t, err.Error(), 2000)
		switch e := err.(type) { //nolint:errorlint // it walks the tree
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil && fromUs(inner) {
				walk(inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
}

// fromUs reports whether this package must make a text safe. It does not do so for texts of errors of other packages, but
// they must not contain a secret either.
func fromUs(err error) bool {
	return strings.Contains(fmt.Sprintf("%T", err), "client.") || strings.Contains(fmt.Sprintf("%T", err), "gen.")
}

func checkNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{shownKey, shownProxy, shownOwn, "shown-proxy"} {
		if at := strings.Index(strings.ToLower(text), strings.ToLower(secret)); at >= 0 {
			t.Fatalf("shows %s: %s", secret, text[max(0, at-200):min(at+len(secret), len(text))])
		}
	}
}

func checkFit(t *testing.T, text string, most int) {
	t.Helper()
	if !utf8.ValidString(text) || len(text) > most {
		t.Fatalf("invalid UTF-8, or %d bytes: %q", len(text), text)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Fatalf("holds %U: %q", r, text)
		}
	}
}

// unfit is text that must not reach a terminal.
const unfit = "\x1b[2J\u009b2J\u202e\u2066\u200b\u2028\x7f\xff\x9b"

// sendAll sends a response to each request, with the secrets in place of KEY, PROXY and OWN, and unfit text in place of
// BAD. It returns the server's URL.
func sendAll(t *testing.T, response string) string {
	t.Helper()
	response = strings.NewReplacer("KEY", shownKey, "PROXY", shownProxy, "OWN", shownOwn, "BAD", unfit).Replace(response)
	return rawServer(t, func(conn *net.TCPConn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			io.Copy(io.Discard, r.Body)
			io.WriteString(conn, response)
		}
	})
}

// TestErrorsOverSockets makes a server put the secrets and unfit text into every part of a response: net/http quotes parts
// that it does not understand.
func TestErrorsOverSockets(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 400 Bad\r\n"
	for name, tt := range map[string]struct {
		response string
		want     string // part of the error text of Get
		is       error
	}{
		"status line/not HTTP":       {"KEYBAD\r\n\r\n", `malformed HTTP response "[redacted]\x1b`, nil},
		"status line/version":        {"HTTP/KEY 200 OK\r\n\r\n", "malformed HTTP", nil},
		"status line/code":           {"HTTP/1.1 KEY OK\r\n\r\n", "malformed HTTP status code", nil},
		"status line/reason":         {"HTTP/1.1 403 KEY BAD\r\ncontent-length: 0\r\n\r\n", "403 Forbidden", client.ErrPermission},
		"status line/cut":            {"HTTP/1.1 20", `malformed HTTP status code "20"`, nil},
		"header/no colon":            {ok + "KEY BAD\r\n\r\n", `malformed MIME header`, nil},
		"header/name":                {ok + "KEY\x1b: x\r\n\r\n", "malformed MIME header", nil},
		"header/first line":          {ok + " KEYBAD: x\r\n\r\n", "malformed MIME header", nil},
		"header/value":               {ok + "x: KEY\x01BAD\r\ncontent-length: 0\r\n\r\n", "", nil},
		"header/length":              {ok + "content-length: KEY\r\n\r\n", "bad Content-Length", nil},
		"header/lengths":             {ok + "content-length: 1\r\ncontent-length: KEY BAD\r\n\r\n", "", nil},
		"header/transfer encoding":   {ok + "transfer-encoding: KEY\r\n\r\n", "unsupported transfer encoding", nil},
		"header/trailer":             {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: content-length, KEY\r\n\r\n0\r\n\r\n", "", nil},
		"header/request id":          {ok + "request-id: KEYBAD" + "\r\ncontent-length: 0\r\n\r\n", "", nil},
		"header/request id, long":    {ok + "request-id: " + strings.Repeat("x", 50_000) + "KEY\r\ncontent-length: 0\r\n\r\n", "(request xxx", nil},
		"header/content type":        {ok + "content-type: KEY\r\ncontent-length: 1\r\n\r\nx", "", nil},
		"header/should retry":        {ok + "x-should-retry: KEY OWN\r\ncontent-length: 0\r\n\r\n", "400", nil},
		"header/location":            {"HTTP/1.1 302 KEY\r\nlocation: http://KEY%zz\x01" + strings.Repeat("y", 100_000) + "\r\ncontent-length: 0\r\n\r\n", "", nil},
		"header/location elsewhere":  {"HTTP/1.1 302 KEY\r\nlocation: https://KEY:OWN@example.com/PROXY\r\ncontent-length: 0\r\n\r\n", "302", nil},
		"body/chunk":                 {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nKEY\r\n", "read response: invalid byte in chunk length", nil},
		"body/trailer":               {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nKEY BAD\r\n\r\n", "read response: malformed MIME header", nil},
		"body/cut":                   {"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nKEY", "read response", io.ErrUnexpectedEOF},
		"body/echo":                  {ok + "\r\nKEY Basic PROXY OWN BAD", "not the API's JSON", client.ErrInvalidRequest},
		"body/error":                 {ok + "\r\n" + `{"type":"error","error":{"type":"KEY \u202e","message":"OWN KEY \u009b","details":{"error_code":"PROXY \u0000"}},"request_id":"KEY\u2028"}`, `400 [redacted] \u202e: [redacted] [redacted] \u009b [[redacted] \x00] (request [redacted]\u2028)`, nil},
		"body/known error":           {ok + "\r\n" + `{"type":"error","error":{"type":"invalid_request_error","message":"key sk-ant-Shown\/key\u0026more \n\u202e"}}`, `key [redacted] \n\u202e`, nil},
		"body/new error":             {ok + "\r\n" + `{"type":"error","error":{"type":"new","message":"x","more":"\u0073k-ant-Shown\/key&more"}}`, "new: x", nil},
		"body/nested":                {ok + "\r\n" + `{"type":"error","error":{"type":"api_error","message":"upstream said {\"key\":\"sk-ant-Shown\\/key\\u0026more\"}"}}`, `{"key":"[redacted]"}`, nil},
		"body/edge":                  {ok + "\r\n" + `{"error":{"type":"OWN","message":"KEY\u202e"}}`, `400 [redacted]: [redacted]\u202e`, nil},
		"body/cut key":               {ok + "\r\n" + strings.Repeat("x", 64<<10-10) + "KEY", "not the API's JSON", nil},
		"body/cut key in JSON":       {ok + "\r\n" + `{"error":{"type":"x","message":"` + strings.Repeat("x", 64<<10-50) + `\u0073k-ant-Shown\/key&more"}}`, "", nil},
		"body/cut key by connection": {ok + "content-length: 100\r\n\r\n" + shownKey[:10], "400", nil},
		"200/another batch":          {"HTTP/1.1 200 OK\r\n\r\n" + `{"id":"KEY\u009b","type":"message_batch","processing_status":"KEY","request_counts":{}}`, "another batch", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			c := socketClient(t, sendAll(t, tt.response), shownClient(&log)...)
			ops := everyCall(t.Context(), c, "b")
			ops["wait"] = func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				return second(c.Wait(ctx, "b", client.WithPollInterval(time.Nanosecond, time.Nanosecond)))
			}
			for op, call := range ops {
				err := call()
				if err == nil && !strings.HasPrefix(name, "200/") {
					t.Errorf("%s: no error", op)
				}
				if err == nil {
					continue
				}
				checkErrorText(t, err)
				if strings.Contains(inside(err), shownKey[:8]) {
					t.Errorf("%s: shows the beginning of the key: %v", op, err)
				}
				if op == batchtest.Get && (!strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is)) {
					t.Errorf("%s: got %v, want %q in it and %v", op, err, tt.want, tt.is)
				}
			}
			if resp, err := c.Raw().RetrieveMessageBatch(t.Context(), "b", nil); err != nil {
				checkErrorText(t, err)
			} else if _, err := io.ReadAll(resp.Body); err != nil {
				checkErrorText(t, err)
				resp.Body.Close()
			}
			checkNoSecret(t, log.String())
			checkFit(t, strings.ReplaceAll(log.String(), "\n", ""), 1<<20)
		})
	}
}

// TestErrorsOverHTTP2 makes a server send a GOAWAY with the key, which net/http quotes.
func TestErrorsOverHTTP2(t *testing.T) {
	t.Parallel()
	s := newH2Server(t, func(s *h2Stream) bool {
		if s.whole {
			s.goAway(s.id, h2InternalError, "no such key: "+shownKey+unfit)
			s.hangUp()
		}
		return s.whole
	})
	s.newRun()
	var log bytes.Buffer
	c := socketClient(t, s.url, append(shownClient(&log), client.WithHTTPClient(s.client))...)
	_, err := c.Create(t.Context(), requests(1))
	checkErrorText(t, err)
	checkNoSecret(t, log.String())
	if !errors.As(err, new(*client.UncertainError)) || !strings.Contains(err.Error(), `no such key: [redacted]`) {
		t.Errorf("got %v", err)
	}
}

// TestTextsOfData puts unfit text into the values that errors about batches and results contain.
func TestTextsOfData(t *testing.T) {
	t.Parallel()
	bad := unfit + strings.Repeat("y", 5000)
	cause := errors.New(bad)
	line, err := json.Marshal(bad)
	if err != nil {
		t.Fatal(err)
	}
	parse := func(result string) error {
		item := client.ParseItem(fmt.Appendf(nil, `{"custom_id":%s,"result":%s}`, line, result), 1)
		return item.Err()
	}
	var b client.Batch
	b.ProcessingStatus = gen.BetaMessageBatchProcessingStatus(bad)
	for name, err := range map[string]error{
		"item/type":       parse(`{"type":` + string(line) + `}`),
		"item/error":      parse(`{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":` + string(line) + `},"request_id":` + string(line) + `}}`),
		"item/new error":  parse(`{"type":"errored","error":{"type":"error","error":{"type":` + string(line) + `,"message":"x","details":{"error_code":` + string(line) + `}}}}`),
		"item/damaged":    parse(`7`),
		"item/expired":    parse(`{"type":"expired"}`),
		"line":            &client.LineError{Line: 1, CustomID: bad, Err: cause},
		"decode":          &gen.DecodeError{Pointer: jsontext.Pointer("/" + bad), Reason: "no"},
		"encode":          &gen.EncodeError{Pointer: jsontext.Pointer("/" + bad), Err: errors.New("no")},
		"contract":        &client.RateLimitError{Message: bad},
		"wait":            &client.WaitError{BatchID: bad, Last: &b, Err: context.DeadlineExceeded},
		"uncertain":       &client.UncertainError{BatchID: bad, Err: &client.APIError{Type: bad, Message: bad}},
		"incomplete":      &client.IncompleteError{BatchID: bad, Err: &client.APIError{RequestID: bad, ErrorCode: bad}},
		"stop":            &client.StopError{StopReason: client.StopReason(bad), Details: &client.RefusalStopDetails{Category: gen.BetaRefusalCategory(bad)}},
		"source of lines": second(errorClient(t).CreateLines(t.Context(), badFile{cause})),
		"token source":    second(errorClient(t, client.WithTokenSource(func(context.Context) (string, error) { return "", cause })).Get(t.Context(), "b")),
		"fence":           second(errorClient(t).Create(t.Context(), requests(1), client.WithFence(func() error { return cause }))),
		"beta":            second(client.New(client.WithoutEnvironment(), client.WithBetas(client.Beta(bad)))),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		checkFit(t, err.Error(), 1500)
	}
}

func errorClient(t *testing.T, opts ...client.Option) *client.Client {
	return batchtest.New(t).Client(append(opts, once)...)
}

// A badFile cannot be read.
type badFile struct{ err error }

func (f badFile) Read([]byte) (int, error)       { return 0, f.err }
func (f badFile) Seek(int64, int) (int64, error) { return 0, nil }

// TestForeignTransports uses a transport that does not set the request of a response.
func TestForeignTransports(t *testing.T) {
	t.Parallel()
	c := errorClient(t, client.WithAPIKey(shownKey), client.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		body := `{"type":"error","error":{"type":"api_error","message":"` + shownKey + `"}}`
		return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}))
	_, err := c.Get(t.Context(), "b")
	if checkErrorText(t, err); !strings.Contains(err.Error(), "[redacted]") {
		t.Errorf("got %v", err)
	}
}

// FuzzErrorTexts makes a service respond with arbitrary status, headers and body, where KEY stands for the credential. The
// error is one line without a secret.
func FuzzErrorTexts(f *testing.F) {
	f.Add(400, "request-id", "KEY\x1b\u202e", []byte(`{"type":"error","error":{"type":"KEY\u202e","message":"\u0073k-ant-Shown\/key&more\u009b"}}`))
	f.Add(302, "location", "//KEY:KEY@KEY/\x9b", []byte("KEY"))
	f.Add(200, "content-type", "KEY/KEY", []byte(`{"id":"KEY","type":"message_batch","processing_status":"\u001b"}`))
	f.Add(529, "x-should-retry", "KEY", []byte(strings.Repeat("x", 64<<10-9)+"KEY"))
	f.Add(200, "content-type", "application/x-jsonl", []byte(`{"custom_id":"\u202e","result":{"type":"\u009b"}}`+"\n"+`{"custom_id":"a","result":7}`+"\n"+`{"type":"error","error":{"type":"KEY","message":"KEY"}}`))
	f.Fuzz(func(t *testing.T, status int, header, value string, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		value = strings.ReplaceAll(value, "KEY", shownKey)
		body = bytes.ReplaceAll(body, []byte("KEY"), []byte(shownKey))
		var log bytes.Buffer
		s := batchtest.Start(batchtest.WithKey(shownKey), batchtest.WithDuration(0))
		c, err := client.New(append(shownClient(&log), client.WithBaseURL(s.URL()), client.WithHTTPClient(s.HTTPClient()))...)
		if err != nil {
			t.Fatal(err)
		}
		batch := create(t, c, 2)
		fault := func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.Header()[http.CanonicalHeaderKey(header)] = []string{value}
			w.WriteHeader(status)
			w.Write(body)
		}
		for op, call := range everyCall(t.Context(), c, batch.ID) {
			s.Inject(op, batchtest.Times(2, fault)...)
			checkErrorText(t, call())
		}
		s.Inject(batchtest.Results, batchtest.Times(4, fault)...)
		for item, err := range c.Results(t.Context(), batch.ID) {
			if checkErrorText(t, err); err == nil && item.Err() != nil {
				checkFit(t, item.Err().Error(), 2000)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		s.Inject(batchtest.Get, batchtest.Times(2, fault)...)
		_, err = c.Wait(ctx, batch.ID, client.WithPollInterval(time.Nanosecond, time.Nanosecond))
		checkErrorText(t, err)
		checkNoSecret(t, log.String())
	})
}

// FuzzErrorTextsOverSockets sends arbitrary bytes instead of a response, with the credential in place of KEY.
func FuzzErrorTextsOverSockets(f *testing.F) {
	f.Add([]byte("HTTP/1.1 KEY\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nKEY\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nKEY\r\n"))
	f.Add([]byte("HTTP/1.1 400 \x1b\r\ncontent-encoding: gzip\r\n\r\nKEY"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x16KEY"))
	f.Fuzz(func(t *testing.T, response []byte) {
		var log bytes.Buffer
		url := sendAll(t, string(response))
		c := socketClient(t, url, shownClient(&log)...)
		for _, call := range []func() error{
			func() error { return second(c.Get(t.Context(), "b")) },
			func() error { return second(c.Create(t.Context(), requests(1))) },
		} {
			checkErrorText(t, call())
		}
		checkNoSecret(t, log.String())
	})
}
