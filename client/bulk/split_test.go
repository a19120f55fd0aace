package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
		want     []string // ids of each batch, and then place, id and kind of omitted requests
	}{
		"none/no batch":           {nil, bulk.Limits{}, nil},
		"count/zero":              {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{}, []string{"a b"}},
		"count/one":               {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{MaxRequests: 1}, []string{"a", "b"}},
		"count/last one":          {[]client.Request{request("a", "x"), request("b", "x"), request("c", "x")}, bulk.Limits{MaxRequests: 2}, []string{"a b", "c"}},
		"count/above the service": {[]client.Request{request("a", "x")}, bulk.Limits{MaxRequests: 1 << 40, MaxBytes: 1 << 60}, []string{"a"}},
		"bytes/just two":          {[]client.Request{request("a", "x"), request("b", "x"), request("c", "x")}, bulk.Limits{MaxBytes: empty + 2*one + 1}, []string{"a b", "c"}},
		"bytes/no room for two":   {[]client.Request{request("a", "x"), request("b", "x")}, bulk.Limits{MaxBytes: empty + 2*one}, []string{"a", "b"}},
		"bytes/just one":          {[]client.Request{request("a", "x")}, bulk.Limits{MaxBytes: empty + one}, []string{"a"}},
		"bytes/a byte too many":   {[]client.Request{request("a", "xx"), request("b", "x")}, bulk.Limits{MaxBytes: empty + one}, []string{"b", "0 a: " + bulk.ErrTooLarge.Error()}},
		"bytes/no room at all":    {[]client.Request{request("a", "x")}, bulk.Limits{MaxBytes: 3}, []string{"0 a: " + bulk.ErrTooLarge.Error()}},
		"id/empty":                {[]client.Request{request("", "x")}, bulk.Limits{}, []string{"0 : " + bulk.ErrInvalidID.Error()}},
		"id/64 characters":        {[]client.Request{request(strings.Repeat("_", 64), "x")}, bulk.Limits{}, []string{strings.Repeat("_", 64)}},
		"id/65 characters":        {[]client.Request{request(strings.Repeat("_", 65), "x")}, bulk.Limits{}, []string{"0 " + strings.Repeat("_", 65) + ": " + bulk.ErrInvalidID.Error()}},
		"id/dot":                  {[]client.Request{request("a.b", "x"), request("c", "x")}, bulk.Limits{}, []string{"c", "0 a.b: " + bulk.ErrInvalidID.Error()}},
		"id/twice in a batch":     {[]client.Request{request("a", "x"), request("a", "y"), request("b", "x")}, bulk.Limits{}, []string{"a b", "1 a: " + bulk.ErrDuplicateID.Error()}},
		"id/twice in two batches": {[]client.Request{request("a", "x"), request("b", "x"), request("a", "y")}, bulk.Limits{MaxRequests: 1}, []string{"a", "b", "2 a: " + bulk.ErrDuplicateID.Error()}},
		"id/free after an error":  {[]client.Request{request("a", "\xff"), request("a", "y")}, bulk.Limits{}, []string{"a", "0 a: " + bulk.ErrMalformed.Error()}},
		"json/invalid UTF-8":      {[]client.Request{request("a", "x"), request("b", "\xff"), request("c", "x")}, bulk.Limits{}, []string{"a c", "1 b: " + bulk.ErrMalformed.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batches, err := collect(t, bulk.Split(slices.Values(tt.requests), tt.limits))
			var got []string
			for _, batch := range batches {
				got = append(got, strings.Join(ids(batch), " "))
			}
			if left, ok := errors.AsType[*bulk.LeftOutError](err); ok && left.Count == len(left.First) {
				for _, r := range left.First {
					got = append(got, fmt.Sprintf("%d %s: %v", r.Index, r.CustomID, kindOf(r)))
				}
			} else if err != nil {
				t.Errorf("got %v", err)
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
	_, err := collect(t, bulk.Split(slices.Values(requests), bulk.Limits{}))
	left, ok := errors.AsType[*bulk.LeftOutError](err)
	if !ok || left.Count != 2 || !errors.Is(err, bulk.ErrMalformed) || !errors.Is(err, bulk.ErrInvalidID) || errors.Is(err, bulk.ErrTooLarge) {
		t.Fatalf("got %v", err)
	}
	if encoding, ok := errors.AsType[*gen.EncodeError](left.First[0]); !ok || encoding.Pointer != "/params/messages/0/content" {
		t.Errorf("got %v", left.First[0])
	}
	if want := `request 0 (request "a"): malformed request: encode JSON at /params/messages/0/content: invalid UTF-8`; left.First[0].Error() != want {
		t.Errorf("got %v", left.First[0])
	}
	if text := err.Error(); len(text) > 400 || strings.Contains(text, "secret") || !strings.HasPrefix(text, "requests omitted: 2 (request 0 ") {
		t.Errorf("got %s", text)
	}
	broken := request("a", "x")
	broken.Params.Tools = []client.ToolUnion{&client.Tool{Name: "t", InputSchema: []byte(`{"secret":x}`)}}
	_, err = collect(t, bulk.Split(slices.Values(slices.Repeat([]client.Request{broken}, 12)), bulk.Limits{}))
	if text := err.Error(); strings.Contains(text, "secret") || !strings.Contains(text, "/params/tools/0") || !strings.HasSuffix(text, "; and 2 more)") {
		t.Errorf("got %s", text)
	}
	for _, limits := range []bulk.Limits{{MaxRequests: -1}, {MaxBytes: -1}} {
		if batches, err := collect(t, bulk.Split(slices.Values(requests), limits)); err == nil || batches != nil || kindOf(err) != nil {
			t.Errorf("limits %+v: got %v", limits, err)
		}
		if sections, err := collect(t, bulk.SplitLines(strings.NewReader("{}"), limits)); err == nil || sections != nil || kindOf(err) != nil {
			t.Errorf("limits %+v: got %v", limits, err)
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
	leaveEarly(bulk.Split(requests, bulk.Limits{MaxRequests: 2}))
	asked = 0
	for range bulk.Split(requests, bulk.Limits{MaxRequests: 2}) {
		break
	}
	if asked != 5 {
		t.Errorf("%d requests were read for a batch of 2", asked)
	}
	// A batch belongs to the caller, and each iteration starts anew.
	split := bulk.Split(requests, bulk.Limits{MaxRequests: 7})
	first, _ := collect(t, split)
	for _, batch := range first {
		for i := range batch {
			batch[i].CustomID = "changed"
		}
	}
	second, _ := collect(t, split)
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
		c.Create(t.Context(), requests)
		size := int64(len(body))
		batches, _ := collect(t, bulk.Split(slices.Values(requests), bulk.Limits{MaxBytes: size}))
		sections, _ := collect(t, bulk.SplitLines(bytes.NewReader(lines.Bytes()), bulk.Limits{MaxBytes: size}))
		if len(batches) != 1 || len(sections) != 1 || sections[0].Body != size {
			t.Errorf("%d requests of %d bytes: %d batches, sections %+v", n, size, len(batches), sections)
		}
		batches, err := collect(t, bulk.Split(slices.Values(requests), bulk.Limits{MaxBytes: size - 1}))
		if want := min(n-1, 1) + 1; n > 1 && len(batches) != want || (n == 1) != errors.Is(err, bulk.ErrTooLarge) {
			t.Errorf("%d requests with a byte less: %d batches, %v", n, len(batches), err)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestCustomIDs compares the rule for custom ids with that of Create.
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
		_, refusal := c.Create(t.Context(), []client.Request{request(id, "x")})
		refused := strings.Contains(refusal.Error(), "custom_id: it")
		batches, err := collect(t, bulk.Split(slices.Values([]client.Request{request(id, "x")}), bulk.Limits{}))
		if errors.Is(err, bulk.ErrInvalidID) != refused || refused != (len(batches) == 0) {
			t.Errorf("id %q: %v; Create says %v", id, err, refusal)
		}
	}
}
