package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	one := int64(len(encode(t, request("a", "x"))))
	const empty = int64(len(`{"requests":[]}`))
	for name, tt := range map[string]struct {
		requests []client.Request
		limits   bulk.Limits
		want     []string // ids of each batch, or kind and place of each error
	}{
		"none/no batch":           {nil, bulk.Limits{}, nil},
		"count/zero":              {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{}, []string{"a b"}},
		"count/one":               {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{MaxRequests: 1}, []string{"a", "b"}},
		"count/last one":          {[]client.Request{request("a", "x"), request("b", "x"), request("c", "x")}, bulk.Limits{MaxRequests: 2}, []string{"a b", "c"}},
		"count/above the service": {[]client.Request{request("a", "x")}, bulk.Limits{MaxRequests: 1 << 40, MaxBytes: 1 << 60}, []string{"a"}},
		"bytes/just two":          {[]client.Request{request("a", "x"), request("b", "x"), request("c", "x")}, bulk.Limits{MaxBytes: empty + 2*one + 1}, []string{"a b", "c"}},
		"bytes/no room for two":   {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{MaxBytes: empty + 2*one}, []string{"a", "b"}},
		"bytes/just one":          {[]client.Request{request("a", "x")}, bulk.Limits{MaxBytes: empty + one}, []string{"a"}},
		"bytes/a byte too many":   {[]client.Request{request("a", "xx"), request("b", "x")}, bulk.Limits{MaxBytes: empty + one}, []string{"0 a: " + bulk.ErrTooLarge.Error(), "b"}},
		"bytes/no room at all":    {[]client.Request{request("a", "x")}, bulk.Limits{MaxBytes: 3}, []string{"0 a: " + bulk.ErrTooLarge.Error()}},
		"id/empty":                {[]client.Request{request("", "x")}, bulk.Limits{}, []string{"0 : " + bulk.ErrInvalidID.Error()}},
		"id/64 characters":        {[]client.Request{request(strings.Repeat("_", 64), "x")}, bulk.Limits{}, []string{strings.Repeat("_", 64)}},
		"id/65 characters":        {[]client.Request{request(strings.Repeat("_", 65), "x")}, bulk.Limits{}, []string{"0 " + strings.Repeat("_", 65) + ": " + bulk.ErrInvalidID.Error()}},
		"id/dot":                  {[]client.Request{request("a.b", "x"), request("c", "x")}, bulk.Limits{}, []string{"0 a.b: " + bulk.ErrInvalidID.Error(), "c"}},
		"id/twice in a batch":     {[]client.Request{request("a", "x"), request("a", "y"), request("b", "x")}, bulk.Limits{}, []string{"1 a: " + bulk.ErrDuplicateID.Error(), "a b"}},
		"id/twice in two batches": {[]client.Request{request("a", "x"), request("b", "x"), request("a", "y")}, bulk.Limits{MaxRequests: 1}, []string{"a", "2 a: " + bulk.ErrDuplicateID.Error(), "b"}},
		"id/free after an error":  {[]client.Request{request("a", "\xff"), request("a", "y")}, bulk.Limits{}, []string{"0 a: " + bulk.ErrMalformed.Error(), "a"}},
		"json/invalid UTF-8":      {[]client.Request{request("a", "x"), request("b", "\xff"), request("c", "x")}, bulk.Limits{}, []string{"1 b: " + bulk.ErrMalformed.Error(), "a c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for batch, err := range bulk.Split(slices.Values(tt.requests), tt.limits) {
				var bad *bulk.RequestError
				switch {
				case err == nil && len(batch) > 0:
					got = append(got, strings.Join(ids(batch), " "))
				case errors.As(err, &bad) && batch == nil && bad.Line == 0:
					got = append(got, fmt.Sprintf("%d %s: %v", bad.Index, bad.CustomID, kindOf(err)))
				default:
					t.Fatalf("got %v, %v", batch, err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ids(batch []client.Request) []string {
	var ids []string
	for _, r := range batch {
		ids = append(ids, r.CustomID)
	}
	return ids
}

func TestSplitErrors(t *testing.T) {
	t.Parallel()
	requests := []client.Request{request("a", "\xff"), request(strings.Repeat("long", 1000), "secret")}
	_, errs := take(bulk.Split(slices.Values(requests), bulk.Limits{}), -1)
	if len(errs) != 2 {
		t.Fatalf("got %v", errs)
	}
	var encoding *gen.EncodeError
	if !errors.As(errs[0], &encoding) || encoding.Pointer != "/params/messages/0/content" {
		t.Errorf("got %v", errs[0])
	}
	if want := `request 0 (request "a"): malformed request: encode JSON at /params/messages/0/content: jsontext: invalid UTF-8`; errs[0].Error() != want {
		t.Errorf("got %v", errs[0])
	}
	if text := errs[1].Error(); len(text) > 250 || strings.Contains(text, "secret") {
		t.Errorf("got %s", text)
	}
	for _, limits := range []bulk.Limits{{MaxRequests: -1}, {MaxBytes: -1}} {
		if batches, errs := take(bulk.Split(slices.Values(requests), limits), -1); len(errs) != 1 || errs[0] == nil || batches[0] != nil || kindOf(errs[0]) != nil {
			t.Errorf("limits %+v: got %v", limits, errs)
		}
		if sections, errs := take(bulk.SplitLines(strings.NewReader("{}"), limits), -1); len(errs) != 1 || errs[0] == nil || sections[0] != (bulk.Section{}) || kindOf(errs[0]) != nil {
			t.Errorf("limits %+v: got %v", limits, errs)
		}
	}
}

func TestSplitLeftEarly(t *testing.T) {
	t.Parallel()
	asked := 0
	requests := func(yield func(client.Request) bool) {
		for i := range 100 {
			asked++
			if !yield(request(fmt.Sprintf("r%d", i/2), "x")) { // each id twice
				return
			}
		}
	}
	for n := 1; n < 10; n++ {
		asked = 0
		if _, errs := take(bulk.Split(requests, bulk.Limits{MaxRequests: 2}), n); len(errs) != n || asked == 0 || asked > 4*n {
			t.Errorf("%d given, %d requests asked for", len(errs), asked)
		}
	}
	// What is given is the caller's, and each iteration begins anew.
	split := bulk.Split(requests, bulk.Limits{MaxRequests: 7})
	first, _ := take(split, -1)
	for _, batch := range first {
		for i := range batch {
			batch[i].CustomID = "changed"
		}
	}
	second, _ := take(split, -1)
	if last := len(first) - 1; len(second) != len(first) || second[last][0].CustomID != "r49" {
		t.Errorf("the second iteration differs: %d and %d", len(second), len(first))
	}
}

// TestSplitSizesAreThoseOfCreate compares the sizes with what client sends.
func TestSplitSizesAreThoseOfCreate(t *testing.T) {
	t.Parallel()
	var body []byte
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key-for-tests"), client.WithBaseURL("http://localhost"),
		client.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			body, _ = io.ReadAll(r.Body)
			if int64(len(body)) != r.ContentLength {
				t.Errorf("%d bytes, %d announced", len(body), r.ContentLength)
			}
			return nil, errors.New("seen enough")
		})}), client.WithRetry(client.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 20; n++ {
		var requests []client.Request
		var lines bytes.Buffer
		for i := range n {
			requests = append(requests, request(fmt.Sprint("r", i), strings.Repeat("\"\u2028ü", i)))
			lines.Write(append(encode(t, requests[i]), " \r\n"...))
		}
		c.Create(t.Context(), client.BatchParams{Requests: requests})
		size := int64(len(body))
		batches, _ := take(bulk.Split(slices.Values(requests), bulk.Limits{MaxBytes: size}), -1)
		sections, _ := take(bulk.SplitLines(bytes.NewReader(lines.Bytes()), bulk.Limits{MaxBytes: size}), -1)
		if len(batches) != 1 || len(sections) != 1 || sections[0].Body != size {
			t.Errorf("%d requests of %d bytes: %d batches, sections %+v", n, size, len(batches), sections)
		}
		batches, errs := take(bulk.Split(slices.Values(requests), bulk.Limits{MaxBytes: size - 1}), -1)
		if len(batches) != min(n, 2) || (n == 1) != errors.Is(errs[0], bulk.ErrTooLarge) {
			t.Errorf("%d requests with a byte less: %d batches, %v", n, len(batches), errs)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestCustomIDs holds the rule for custom ids against that of Create.
func TestCustomIDs(t *testing.T) {
	t.Parallel()
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key-for-tests"), client.WithBaseURL("http://localhost"),
		client.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("not sent")
		})}), client.WithRetry(client.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"", strings.Repeat("a", 64), strings.Repeat("a", 65), "ä", "a b"}
	for b := range 128 {
		all = append(all, string(rune(b)), "a"+string(rune(b)))
	}
	for _, id := range all {
		_, err := c.Create(t.Context(), client.BatchParams{Requests: []client.Request{request(id, "x")}})
		refused := strings.Contains(err.Error(), "custom id must be")
		_, errs := take(bulk.Split(slices.Values([]client.Request{request(id, "x")}), bulk.Limits{}), -1)
		if errors.Is(errs[0], bulk.ErrInvalidID) != refused {
			t.Errorf("id %q: %v; Create says %v", id, errs[0], err)
		}
	}
}

// TestSplitProperties splits random requests, as values and as lines.
func TestSplitProperties(t *testing.T) {
	t.Parallel()
	const cases = 3000
	var batchesSeen, sectionsSeen, errorsSeen int
	for seed := range uint64(cases) {
		random := rand.New(rand.NewPCG(seed, 8))
		c := newSplitCase(t, random)
		batches, failed := c.checkSplit(t, seed)
		sections := c.checkLines(t, seed, failed)
		batchesSeen, sectionsSeen, errorsSeen = batchesSeen+batches, sectionsSeen+sections, errorsSeen+len(failed)
	}
	t.Logf("%d inputs, %d batches, %d sections, %d errors", cases, batchesSeen, sectionsSeen, errorsSeen)
	if batchesSeen < cases || sectionsSeen < cases || errorsSeen < cases {
		t.Error("the inputs show little")
	}
}

// A splitCase is a random list of requests and the same as lines.
type splitCase struct {
	requests []client.Request
	texts    [][]byte // as they are sent; of a malformed one, a line that no JSON is
	file     []byte
	starts   []int // where the line of each request begins in file
	limits   bulk.Limits
}

func newSplitCase(t *testing.T, random *rand.Rand) *splitCase {
	c := new(splitCase)
	if random.IntN(4) == 0 {
		c.file = append(c.file, "\ufeff"...)
	}
	space := func() string { return []string{"", "", "", " ", "\t", "\r"}[random.IntN(6)] }
	for range random.IntN(30) {
		r := request(fmt.Sprint("r", random.IntN(60)), strings.Repeat("x", random.IntN(200)))
		switch random.IntN(25) {
		case 0:
			r.CustomID = []string{"", "a b", strings.Repeat("x", 65)}[random.IntN(3)]
		case 1:
			r.Params.Messages = []client.InputMessage{client.UserText("\xff")}
		case 2:
			r.Params.Messages = []client.InputMessage{client.UserText(strings.Repeat("large", 1200))}
		}
		text, err := r.AppendJSON(nil)
		if err != nil {
			text = fmt.Appendf(nil, `{"custom_id":%q,"params":{"messages":"%s"}}`, r.CustomID, "\xff")
		}
		c.requests, c.texts = append(c.requests, r), append(c.texts, text)
		for random.IntN(5) == 0 {
			c.file = append(c.file, space()+"\n"...)
		}
		c.starts = append(c.starts, len(c.file))
		c.file = append(c.file, space()...)
		c.file = append(c.file, text...)
		c.file = append(c.file, space()+"\n"...)
	}
	if random.IntN(2) == 0 {
		c.file = bytes.TrimRight(c.file, "\n")
	}
	c.limits = bulk.Limits{MaxRequests: random.IntN(10), MaxBytes: random.Int64N(6000)}
	if random.IntN(3) == 0 {
		c.limits.MaxBytes = 0
	}
	return c
}

func (c *splitCase) maxRequests() int {
	if c.limits.MaxRequests == 0 {
		return client.MaxRequests
	}
	return c.limits.MaxRequests
}

func (c *splitCase) maxBytes() int {
	if c.limits.MaxBytes == 0 {
		return client.MaxBytes
	}
	return int(c.limits.MaxBytes)
}

// body is what is sent for the requests with the given indices.
func (c *splitCase) body(indices []int) []byte {
	var parts [][]byte
	for _, i := range indices {
		parts = append(parts, c.texts[i])
	}
	return slices.Concat([]byte(`{"requests":[`), bytes.Join(parts, []byte(",")), []byte(`]}`))
}

// checkSplit checks Split and returns the number of batches and the kinds of errors, by index.
func (c *splitCase) checkSplit(t *testing.T, seed uint64) (n int, failed map[int]error) {
	t.Helper()
	failed = make(map[int]error)
	var batches [][]client.Request
	for batch, err := range bulk.Split(slices.Values(c.requests), c.limits) {
		var bad *bulk.RequestError
		switch {
		case err == nil:
			batches = append(batches, batch)
		case errors.As(err, &bad) && failed[bad.Index] == nil && bad.CustomID == c.requests[bad.Index].CustomID:
			failed[bad.Index] = kindOf(err)
		default:
			t.Fatalf("seed %d: got %v", seed, err)
		}
	}
	var groups [][]int // indices of the requests of each batch, by counting off
	next := 0
	for _, batch := range batches {
		var group []int
		for _, r := range batch {
			for failed[next] != nil {
				next++
			}
			if r.CustomID != c.requests[next].CustomID {
				t.Fatalf("seed %d: request %d is not in its place", seed, next)
			}
			group = append(group, next)
			next++
		}
		sent, err := (&client.BatchParams{Requests: batch}).AppendJSON(nil)
		if err != nil || !bytes.Equal(sent, c.body(group)) {
			t.Fatalf("seed %d: a batch is sent as %s, %v", seed, sent, err)
		}
		groups = append(groups, group)
	}
	c.checkGroups(t, seed, groups, nil)
	if got := len(slices.Concat(groups...)) + len(failed); got != len(c.requests) {
		t.Fatalf("seed %d: %d of %d requests were given", seed, got, len(c.requests))
	}
	c.checkFailures(t, seed, failed)
	return len(groups), failed
}

// checkGroups checks that batches keep the limits, and that each is as large as it can be, unless it was cut.
func (c *splitCase) checkGroups(t *testing.T, seed uint64, groups [][]int, cut map[int]bool) {
	t.Helper()
	for i, group := range groups {
		if len(group) == 0 || len(group) > c.maxRequests() || len(c.body(group)) > c.maxBytes() {
			t.Fatalf("seed %d: batch %d has %d requests and %d bytes, limits are %+v", seed, i, len(group), len(c.body(group)), c.limits)
		}
		if i > 0 && !cut[group[0]] {
			more := append(slices.Clone(groups[i-1]), group[0])
			if len(more) <= c.maxRequests() && len(c.body(more)) <= c.maxBytes() {
				t.Fatalf("seed %d: batch %d has room for the first request of the next", seed, i-1)
			}
		}
	}
}

// checkFailures compares the errors with what is wrong with each request, seen by other eyes.
func (c *splitCase) checkFailures(t *testing.T, seed uint64, failed map[int]error) {
	t.Helper()
	taken := make(map[string]bool)
	for i, r := range c.requests {
		_, err := r.AppendJSON(nil)
		var want error
		switch {
		case err == nil && len(c.texts[i]) > c.maxBytes()-len(`{"requests":[]}`):
			want = bulk.ErrTooLarge
		case err != nil:
			want = bulk.ErrMalformed
		case r.CustomID == "" || len(r.CustomID) > 64 || strings.Contains(r.CustomID, " "):
			want = bulk.ErrInvalidID
		case taken[r.CustomID]:
			want = bulk.ErrDuplicateID
		default:
			taken[r.CustomID] = true
		}
		if failed[i] != want {
			t.Fatalf("seed %d: request %d: got %v, want %v", seed, i, failed[i], want)
		}
	}
}

// checkLines checks that SplitLines agrees with Split, and returns the number of sections.
func (c *splitCase) checkLines(t *testing.T, seed uint64, failed map[int]error) int {
	t.Helper()
	var groups [][]int
	cut := make(map[int]bool) // requests that follow a line that is in no section
	next := 0
	end := int64(0)
	for s, err := range bulk.SplitLines(bytes.NewReader(c.file), c.limits) {
		if err != nil {
			var bad *bulk.RequestError
			if !errors.As(err, &bad) || bad.Index != next || bad.Line != 1+bytes.Count(c.file[:c.starts[next]], []byte("\n")) {
				t.Fatalf("seed %d: got %v in place of request %d", seed, err, next)
			}
			// A malformed line that is too large as well is only the latter.
			if kind := kindOf(err); kind != failed[next] && !(kind == bulk.ErrTooLarge && failed[next] == bulk.ErrMalformed && len(c.texts[next]) > c.maxBytes()-15) {
				t.Fatalf("seed %d: request %d: got %v, want %v", seed, next, err, failed[next])
			}
			next++
			cut[next] = true
			continue
		}
		var group []int
		for range s.Requests {
			if failed[next] != nil {
				t.Fatalf("seed %d: request %d is in a section", seed, next)
			}
			group = append(group, next)
			next++
		}
		groups = append(groups, group)
		if start := int64(c.starts[group[0]]); s.Offset != start || s.Offset < end || s.Line != 1+bytes.Count(c.file[:start], []byte("\n")) {
			t.Fatalf("seed %d: section %+v begins in the wrong place", seed, s)
		}
		end = s.Offset + s.Bytes
		if end < int64(len(c.file)) && c.file[end-1] != '\n' {
			t.Fatalf("seed %d: section %+v ends in a line", seed, s)
		}
		if body := bodyOfLines(c.file[s.Offset:end]); !bytes.Equal(body, c.body(group)) || int64(len(body)) != s.Body {
			t.Fatalf("seed %d: section %+v makes %s", seed, s, body)
		}
	}
	if next != len(c.requests) {
		t.Fatalf("seed %d: %d of %d lines were given", seed, next, len(c.requests))
	}
	c.checkGroups(t, seed, groups, cut)
	return len(groups)
}

// bodyOfLines makes of lines what is sent for them.
func bodyOfLines(section []byte) []byte {
	var parts [][]byte
	for line := range bytes.Lines(section) {
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			parts = append(parts, line)
		}
	}
	return slices.Concat([]byte(`{"requests":[`), bytes.Join(parts, []byte(",")), []byte(`]}`))
}
