package client_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// flood is a body that repeats a text and ends after 3 GiB: the client must not read that far.
type flood struct {
	text string
	read int64
}

const floodEnds = 3 << 30

func (f *flood) Read(p []byte) (int, error) {
	if f.read > floodEnds {
		return 0, io.EOF
	}
	if len(f.text) < 32<<10 {
		f.text = strings.Repeat(f.text, 64<<10/len(f.text))
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], f.text[int(f.read+int64(n))%len(f.text):])
	}
	f.read += int64(n)
	return n, nil
}

// drip is a body that takes a minute and a half for each byte.
type drip struct{ from io.Reader }

func (d drip) Read(p []byte) (int, error) {
	<-time.After(90 * time.Second)
	return d.from.Read(p[:1])
}

// TestHostileService runs calls against a hostile service: each row is its response to one path. No call crashes, hangs,
// reads for ever, returns wrong values, or shows the key or unfit text.
func TestHostileService(t *testing.T) {
	t.Parallel()
	const ended = `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":%s}`
	result := `{"custom_id":"a","result":{"type":"expired"}}` + "\n"
	counts := func(c string) string { return fmt.Sprintf(ended, c) }
	text := func(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }
	endless := func(s string) func() io.Reader { return func() io.Reader { return &flood{text: s} } }
	const one = `{"expired":1}`
	for name, tt := range map[string]struct {
		counts  string // of the batch
		results func() io.Reader
		get     func() io.Reader // in place of a batch with these counts
		header  http.Header
		status  int
		items   int    // that Results yields
		want    string // in the error of Results; empty for no error
	}{
		// Counts that would make an incomplete stream complete.
		"counts/sum wraps to one":       {counts: `{"succeeded":9223372036854775807,"errored":9223372036854775807,"canceled":3}`, results: text(result), items: 1, want: "incomplete"},
		"counts/sum wraps to zero":      {counts: `{"succeeded":4611686018427387904,"errored":4611686018427387904,"canceled":4611686018427387904,"expired":4611686018427387904}`, results: text(result), items: 1, want: "incomplete"},
		"counts/new negative one":       {counts: `{"expired":5,"paused":-4}`, results: text(result), items: 1, want: "incomplete"},
		"counts/negative":               {counts: `{"expired":5,"errored":-4}`, results: text(result), items: 1, want: "incomplete"},
		"counts/all negative":           {counts: `{"expired":-1}`, results: text(result), items: 1, want: "incomplete"},
		"counts/negative, nothing":      {counts: `{"expired":-1}`, results: text(""), want: "incomplete"},
		"counts/much in process":        {counts: `{"expired":2,"processing":9223372036854775807}`, results: text(result), items: 1, want: "incomplete"},
		"counts/processing":             {counts: `{"expired":2,"processing":99}`, results: text(result), items: 1, want: "incomplete"},
		"counts/negative in process":    {counts: `{"expired":1,"processing":-7}`, results: text(result), items: 1, want: "incomplete"},
		"counts/text":                   {counts: `{"expired":"1"}`, results: text(result), items: 1, want: "incomplete"},
		"counts/list":                   {counts: `[1]`, results: text(result), items: 1, want: "incomplete"},
		"counts/null":                   {counts: `null`, results: text(result), items: 1, want: "incomplete"},
		"counts/huge exponent":          {counts: `{"expired":1e999999999}`, results: text(result), items: 1, want: "incomplete"},
		"counts/many digits":            {counts: `{"expired":1` + strings.Repeat("0", 5<<20) + `}`, results: text(result), items: 1, want: "incomplete"},
		"counts/other case":             {counts: `{"Expired":1,"expired":2}`, results: text(result), items: 1, want: "incomplete"},
		"counts/more than a batch has":  {counts: `{"expired":100001}`, results: text(result), items: 1, want: "100001"},
		"counts/twice, the last counts": {counts: `{"expired":9},"request_counts":` + one, results: text(result), items: 1},

		// Streams that never end.
		"stream/line breaks":    {counts: one, results: endless("\n"), want: "no line within 64 MiB"},
		"stream/blanks":         {counts: one, results: endless(" "), want: "no line within 64 MiB"},
		"stream/blank lines":    {counts: one, results: endless(" \r\n\t"), want: "no line within 64 MiB"},
		"stream/one line":       {counts: one, results: endless("x"), want: "no line within 64 MiB"},
		"stream/one text":       {counts: one, results: func() io.Reader { return io.MultiReader(strings.NewReader(`{"custom_id":"a`), &flood{text: "x"}) }, want: "no line within 64 MiB"},
		"stream/errors":         {counts: one, results: endless(`{"type":"error","error":{"type":"api_error","message":"x"}}` + "\n"), want: "more damaged lines"},
		"stream/same result":    {counts: `{"expired":2}`, results: endless(result), items: -1, want: "more damaged lines"},
		"stream/drips":          {counts: one, results: func() io.Reader { return drip{strings.NewReader(result)} }, items: 1},
		"stream/complete first": {counts: one, results: func() io.Reader { return io.MultiReader(strings.NewReader(result), &flood{text: " "}) }, items: 1, want: "-"},

		// Streams that are not results.
		"stream/UTF-16":            {counts: one, results: text("\xff\xfe{\x00\"\x00c\x00"), items: -1, want: "incomplete"},
		"stream/byte order marks":  {counts: one, results: text(strings.Repeat("\ufeff", 3) + result), items: -1, want: "incomplete"},
		"stream/NUL":               {counts: one, results: text(strings.Repeat("\x00", 1<<20)), items: -1, want: "incomplete"},
		"stream/two on one line":   {counts: `{"expired":2}`, results: text(strings.TrimSpace(result) + result), items: -1, want: "incomplete"},
		"stream/carriage returns":  {counts: `{"expired":2}`, results: text(strings.Repeat(strings.TrimSpace(result)+"\r", 2)), items: -1, want: "incomplete"},
		"stream/array":             {counts: one, results: text("[" + strings.TrimSpace(result) + "]"), items: -1, want: "incomplete"},
		"stream/other case":        {counts: one, results: text(`{"Custom_ID":"a","Result":{"type":"expired"}}`), items: -1, want: "incomplete"},
		"stream/deep":              {counts: one, results: text(`{"custom_id":"a","result":` + strings.Repeat("[", 1<<20)), items: -1, want: "incomplete"},
		"stream/event stream":      {counts: one, results: text("event: message\ndata: " + result), header: http.Header{"Content-Type": {"text/event-stream"}}, want: "not the API's JSON"},
		"stream/gzip without word": {counts: one, results: text("\x1f\x8b\x08\x00\x00\x00\x00\x00"), items: -1, want: "incomplete"},
		"stream/wrong encoding":    {counts: one, results: text(result), header: http.Header{"Content-Encoding": {"br"}, "Content-Type": {"application/x-jsonl"}}, items: 1},

		// Responses to Get that are not batches.
		"batch/drips":              {get: func() io.Reader { return drip{strings.NewReader(counts(one))} }, want: "no data from the service for 1m0s"},
		"batch/endless":            {get: endless(" "), want: "larger than"},
		"batch/two":                {get: text(counts(one) + counts(one)), want: "does not match the contract"},
		"batch/in a list":          {get: text("[" + counts(one) + "]"), want: "does not match the contract"},
		"batch/deep":               {get: text(`{"id":"b","type":"message_batch","x":` + strings.Repeat("[", 1<<20) + `}`), want: "does not match the contract"},
		"batch/another by escapes": {get: text(strings.Replace(counts(one), `"b"`, `"\u0062b"`, 1)), want: "another batch"},
		"batch/ID twice":           {get: text(strings.Replace(counts(one), `"id":"b"`, `"id":"b","id":"c"`, 1)), want: "another batch"},
		"batch/ID in other case":   {get: text(strings.Replace(counts(one), `"id":"b"`, `"ID":"b"`, 1)), want: "-"},
		"batch/long ID":            {get: text(strings.Replace(counts(one), `"b"`, `"`+strings.Repeat("b", 10<<20)+`"`, 1)), want: "another batch"},
		"batch/long status":        {get: text(strings.Replace(counts(one), "ended", strings.Repeat("e\u202e", 1<<20), 1)), want: "has not ended"},
		"batch/switching protocol": {get: text(""), status: 101, header: http.Header{"Upgrade": {"KEY"}}, want: "101"},
		"batch/status 999":         {get: text("KEY"), status: 999, want: "999"},
		"batch/retry for ever":     {get: text(""), status: 400, header: http.Header{"X-Should-Retry": {"true"}}, want: "after 5 attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raceDetector && name == "stream/line breaks" {
				t.Skip("64 million lines take a minute with the race detector")
			}
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				most := int64(0)
				options := append(shownClient(&log), client.WithRetry(client.Retry{}), client.WithHTTPClient(&http.Client{
					Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
						resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-jsonl"}}, Request: r}
						body, attack := tt.get, tt.get != nil
						if strings.HasSuffix(r.URL.Path, "/results") {
							body, attack = tt.results, true
						} else if body == nil {
							body = text(counts(tt.counts))
						}
						if attack && tt.header != nil {
							resp.Header = tt.header
						}
						if attack && tt.status != 0 {
							resp.StatusCode = tt.status
						}
						resp.Body = &hostileBody{Reader: body(), ctx: r.Context(), most: &most}
						return resp, nil
					}),
				}))
				c, err := client.New(options...)
				if err != nil {
					t.Fatal(err)
				}
				items := 0
				var last error
				for item, err := range c.Results(t.Context(), "b") {
					if last = err; err == nil {
						if items++; item.Err() != nil {
							checkFit(t, item.Err().Error(), 2000)
						}
					}
				}
				checkErrorText(t, last)
				checkNoSecret(t, log.String())
				if tt.items >= 0 && items != tt.items {
					t.Errorf("%d items, want %d", items, tt.items)
				}
				if tt.want != "-" && (last == nil) != (tt.want == "") || last != nil && tt.want != "-" && !strings.Contains(last.Error(), tt.want) {
					t.Errorf("got %v, want %q", last, tt.want)
				}
				if most > 2<<30 {
					t.Errorf("it read %d bytes of one response", most)
				}
			})
		})
	}
}

// hostileBody is a body that ends with its context.
type hostileBody struct {
	io.Reader
	ctx  context.Context
	n    int64
	most *int64
}

func (b *hostileBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.Reader.Read(p)
	b.n += int64(n)
	*b.most = max(*b.most, b.n)
	return n, err
}

func (b *hostileBody) Close() error { return nil }
