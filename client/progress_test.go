package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// fakeService returns a client of a service whose response bodies a function returns. A body that ends with "<cut>" is
// truncated there.
func fakeService(t *testing.T, respond func(r *http.Request) string) *client.Client {
	t.Helper()
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			text, cut := strings.CutSuffix(respond(r), "<cut>")
			body := io.Reader(strings.NewReader(text))
			if cut {
				body = io.MultiReader(body, failingReader{})
			}
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-jsonl"}}, Body: io.NopCloser(body), Request: r}, nil
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

// TestListsThatDoNotEnd lists pages that announce more pages for ever.
func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	page := func(batches int, cursor string) string {
		data := strings.Repeat(`{"id":"b","type":"message_batch"},`, batches)
		return fmt.Sprintf(`{"data":[%s],"has_more":true,"first_id":"%s","last_id":"%s"}`, strings.TrimSuffix(data, ","), cursor, cursor)
	}
	for name, tt := range map[string]struct {
		page  func(n int) string // from 1
		opts  []client.CallOption
		pages int
		want  string // "" if the list ends without an error
	}{
		"cycle/of one":        {func(int) string { return page(1, "a") }, nil, 2, "cursor of an earlier page"},
		"cycle/of three":      {func(n int) string { return page(1, string(rune('a'+n%3))) }, nil, 4, "cursor of an earlier page"},
		"cycle/later":         {func(n int) string { return page(2, fmt.Sprint(min(n, 200+n%50))) }, nil, 250, "cursor of an earlier page"},
		"cycle/to the start":  {func(n int) string { return page(1, string(rune('a'+n%2))) }, []client.CallOption{client.WithAfter("a")}, 2, "cursor of an earlier page"},
		"cycle/backwards":     {func(int) string { return page(1, "a") }, []client.CallOption{client.WithBefore("a")}, 1, "cursor of an earlier page"},
		"empty/new cursors":   {func(n int) string { return page(0, fmt.Sprint(n)) }, nil, 10, "the last 10 pages are empty"},
		"empty/after others":  {func(n int) string { return page(max(0, 6-n), fmt.Sprint(n)) }, nil, 15, "the last 10 pages are empty"},
		"empty/now and then":  {func(n int) string { return last(n == 40, page(n/9%2, fmt.Sprint(n))) }, nil, 40, ""},
		"cursor/none":         {func(int) string { return page(1, "") }, nil, 1, "no cursor"},
		"cursor/too long":     {func(int) string { return page(1, strings.Repeat("x", 2000)) }, nil, 1, "cursor of 2000 bytes"},
		"ends/after a while":  {func(n int) string { return last(n == 300, page(1, fmt.Sprint(n))) }, nil, 300, ""},
		"ends/with an ID":     {func(n int) string { return last(n == 2, page(1, strings.Repeat("x", 200))) }, nil, 2, ""},
		"ends/with no batch":  {func(int) string { return last(true, page(0, "")) }, nil, 1, ""},
		"ends/with old cycle": {func(n int) string { return last(n == 2, page(1, "a")) }, nil, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := 0
			c := fakeService(t, func(*http.Request) string {
				if pages++; pages > 10_000 {
					t.Fatal("the list does not end")
				}
				return tt.page(pages)
			})
			var last error
			for _, err := range c.List(t.Context(), tt.opts...) {
				if last != nil {
					t.Error("something follows the error")
				}
				last = err
			}
			if pages != tt.pages || (last == nil) != (tt.want == "") || last != nil && (!strings.Contains(last.Error(), tt.want) || !strings.HasPrefix(last.Error(), "list batches: ")) {
				t.Errorf("%d pages, %v", pages, last)
			}
		})
	}
}

func last(is bool, page string) string {
	if is {
		return strings.Replace(page, `"has_more":true`, `"has_more":false`, 1)
	}
	return page
}

// TestCandidatesOfEndlessList looks for a batch in a list that always has newer ones.
func TestCandidatesOfEndlessList(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	var data []string
	for i := range 1000 {
		data = append(data, fmt.Sprintf(`{"id":"bPAGE-%d","created_at":"%s","request_counts":{"processing":9}}`, i, now))
	}
	page := fmt.Sprintf(`{"data":[%s],"has_more":true,"last_id":"bPAGE-999"}`, strings.Join(data, ","))
	pages := 0
	c := fakeService(t, func(*http.Request) string {
		pages++
		return strings.ReplaceAll(page, "PAGE", fmt.Sprint(pages))
	})
	found, err := c.Candidates(t.Context(), client.Attempt{Requests: 1, Started: time.Now(), Ended: time.Now()})
	if err == nil || !strings.Contains(err.Error(), "more than 100000 batches") || len(found.Batches) > 0 || pages > 101 {
		t.Errorf("%d candidates on %d pages, %v", len(found.Batches), pages, err)
	}
}

// TestStreamsWithoutProgress counts how often results are requested if damaged lines are all that is new in a stream.
func TestStreamsWithoutProgress(t *testing.T) {
	t.Parallel()
	good := func(n int) string { return fmt.Sprintf(`{"custom_id":"r%d","result":{"type":"expired"}}`+"\n", n) }
	for name, tt := range map[string]struct {
		stream  func(n int) string // from 1
		streams int
		results int
		err     bool
	}{
		"damaged/cut":          {func(n int) string { return fmt.Sprintf("garbage %d\n<cut>", n) }, 5, 0, true},
		"damaged/with IDs":     {func(n int) string { return fmt.Sprintf(`{"custom_id":"x%d","result":null}`+"\n<cut>", n) }, 5, 0, true},
		"damaged/more of them": {func(n int) string { return strings.Repeat(fmt.Sprintf("garbage %d\n", n), n) }, 5, 0, true},
		"damaged/with one":     {func(n int) string { return good(0) + fmt.Sprintf("garbage %d\n<cut>", n) }, 5, 1, true},
		"damaged/same twice":   {func(int) string { return "garbage\n" }, 2, 0, true},
		"results/one a stream": {func(n int) string { return strings.Repeat("garbage\n", n) + good(n) + "<cut>" }, 20, 20, false},
		"results/every fourth": {func(n int) string { return fmt.Sprintf("garbage %d\n", n) + good(n/4) + "<cut>" }, 76, 20, false},
		"results/every sixth":  {func(n int) string { return fmt.Sprintf("garbage %d\n", n) + good(n/6) + "<cut>" }, 5, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				streams := 0
				c := fakeService(t, func(r *http.Request) string {
					if !strings.HasSuffix(r.URL.Path, "/results") {
						return `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"expired":20}}`
					}
					streams++
					return tt.stream(streams)
				})
				results, _, err := collect(t, c.Results(t.Context(), "b"))
				if streams != tt.streams || len(results) != tt.results || (err != nil) != tt.err {
					t.Errorf("%d results in %d streams, %v", len(results), streams, err)
				}
			})
		})
	}
}

// TestResultsThatDoNotEnd reads streams with more lines than a batch can have: each line takes some memory.
func TestResultsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line func(n int) string
		want string
	}{
		"results":    {func(n int) string { return fmt.Sprintf(`{"custom_id":"r%d","result":{"type":"expired"}}`, n) }, "more results than"},
		"damaged":    {func(n int) string { return fmt.Sprint(n) }, "more damaged lines than"},
		"duplicates": {func(int) string { return `{"custom_id":"r","result":{"type":"expired"}}` }, "more damaged lines than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			streams := 0
			c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithHTTPClient(&http.Client{
				Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					body := io.NopCloser(strings.NewReader(`{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"expired":200}}`))
					if strings.HasSuffix(r.URL.Path, "/results") {
						streams++
						body = io.NopCloser(&endlessLines{line: tt.line})
					}
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-jsonl"}}, Body: body, Request: r}, nil
				}),
			}))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			var last error
			for _, err := range c.Results(t.Context(), "b") {
				n++
				last = err
			}
			if streams != 1 || n > client.MaxRequests+2 || last == nil || !strings.Contains(last.Error(), tt.want) {
				t.Errorf("%d items in %d streams, %v", n, streams, last)
			}
		})
	}
}

type endlessLines struct {
	line func(n int) string
	n    int
	rest string
}

func (e *endlessLines) Read(p []byte) (int, error) {
	if e.rest == "" {
		e.n++
		e.rest = e.line(e.n) + "\n"
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestLongIDs reads results with IDs that would fill memory: only their hashes are kept.
func TestLongIDs(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 3 {
		for range 2 { // the second one is a duplicate
			fmt.Fprintf(&lines, `{"custom_id":"%d%s","result":{"type":"expired"}}`+"\n", i, strings.Repeat("x", 1000))
		}
	}
	c := fakeService(t, func(r *http.Request) string {
		if strings.HasSuffix(r.URL.Path, "/results") {
			return lines.String()
		}
		return `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"expired":3}}`
	})
	results, damaged, err := collect(t, c.Results(context.Background(), "b"))
	if len(results) != 3 || len(damaged) != 3 || !errors.Is(damaged[0].Err(), client.ErrDuplicateResult) || err != nil {
		t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
	}
}
