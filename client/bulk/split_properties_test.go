package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// TestSplitProperties splits random requests, as values and as lines.
func TestSplitProperties(t *testing.T) {
	t.Parallel()
	const cases = 3000
	var batchesSeen, sectionsSeen, errorsSeen int
	for seed := range uint64(cases) {
		random := rand.New(rand.NewPCG(seed, 8))
		c := newSplitCase(random)
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

func newSplitCase(random *rand.Rand) *splitCase {
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
