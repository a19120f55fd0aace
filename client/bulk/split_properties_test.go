package bulk_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
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
		t.Error("the inputs cover too little")
	}
}

// A splitCase is a random list of requests and the same as lines.
type splitCase struct {
	requests []client.Request
	texts    [][]byte // as they are sent; a malformed one is a line that is not JSON
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

// body returns the body that is sent for the requests with the given indices.
func (c *splitCase) body(indices []int) []byte {
	var parts [][]byte
	for _, i := range indices {
		parts = append(parts, c.texts[i])
	}
	return slices.Concat([]byte(`{"requests":[`), bytes.Join(parts, []byte(",")), []byte(`]}`))
}

// checkSplit checks Split and returns the number of batches, and the kind of each omitted request, by index.
func (c *splitCase) checkSplit(t *testing.T, seed uint64) (n int, failed map[int]error) {
	t.Helper()
	batches, err := collect(t, bulk.Split(slices.Values(c.requests), c.limits))
	failed = c.failures()
	c.checkLeftOut(t, seed, err, failed)
	var groups [][]int // indices of the requests of each batch, by counting
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
		sent, err := (&gen.BetaCreateMessageBatchParams{Requests: batch}).AppendJSON(nil)
		if err != nil || !bytes.Equal(sent, c.body(group)) {
			t.Fatalf("seed %d: a batch is sent as %s, %v", seed, sent, err)
		}
		groups = append(groups, group)
	}
	c.checkGroups(t, seed, groups, nil)
	if got := len(slices.Concat(groups...)) + len(failed); got != len(c.requests) {
		t.Fatalf("seed %d: %d of %d requests were yielded or omitted", seed, got, len(c.requests))
	}
	return len(groups), failed
}

// checkGroups checks that batches are within the limits, and that each is as large as possible, unless an omitted line
// ended it.
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

// failures returns the fault of each request, by index, computed independently.
func (c *splitCase) failures() map[int]error {
	failed := make(map[int]error)
	taken := make(map[string]bool)
	for i, r := range c.requests {
		_, err := r.AppendJSON(nil)
		switch {
		case err == nil && len(c.texts[i]) > c.maxBytes()-len(`{"requests":[]}`):
			failed[i] = bulk.ErrTooLarge
		case err != nil:
			failed[i] = bulk.ErrMalformed
		case r.CustomID == "" || len(r.CustomID) > 64 || strings.Contains(r.CustomID, " "):
			failed[i] = bulk.ErrInvalidID
		case taken[r.CustomID]:
			failed[i] = bulk.ErrDuplicateID
		default:
			taken[r.CustomID] = true
		}
	}
	return failed
}

// checkLeftOut checks that an error counts the failures, and names the first ones.
func (c *splitCase) checkLeftOut(t *testing.T, seed uint64, err error, failed map[int]error) []*bulk.RequestError {
	t.Helper()
	if len(failed) == 0 {
		if err != nil {
			t.Fatalf("seed %d: got %v", seed, err)
		}
		return nil
	}
	left, ok := errors.AsType[*bulk.LeftOutError](err)
	if !ok || left.Count != len(failed) || left.Err != nil {
		t.Fatalf("seed %d: got %v, want %d", seed, err, len(failed))
	}
	indices := slices.Sorted(maps.Keys(failed))
	for i, r := range left.First {
		kind := kindOf(r)
		if kind == bulk.ErrTooLarge && r.Line > 0 && len(c.texts[r.Index]) > c.maxBytes()-15 {
			kind = failed[r.Index] // a malformed line that is too large as well is only the latter
		}
		if r.Index != indices[i] || r.CustomID != c.requests[r.Index].CustomID && r.Line == 0 || kind != failed[r.Index] {
			t.Fatalf("seed %d: got %v, want %v of request %d", seed, r, failed[indices[i]], indices[i])
		}
	}
	if len(left.First) != min(10, len(failed)) {
		t.Fatalf("seed %d: %d of %d are named", seed, len(left.First), len(failed))
	}
	return left.First
}

// checkLines checks that SplitLines agrees with Split, and returns the number of sections.
func (c *splitCase) checkLines(t *testing.T, seed uint64, failed map[int]error) int {
	t.Helper()
	var groups [][]int
	cut := make(map[int]bool) // requests that follow a line that is in no section
	for i := range failed {
		cut[i+1] = true
	}
	lineOf := func(i int) int { return 1 + bytes.Count(c.file[:c.starts[i]], []byte("\n")) }
	sections, err := collect(t, bulk.SplitLines(bytes.NewReader(c.file), c.limits))
	for _, r := range c.checkLeftOut(t, seed, err, failed) {
		if r.Line != lineOf(r.Index) {
			t.Fatalf("seed %d: got %v, want line %d", seed, r, lineOf(r.Index))
		}
	}
	next := 0
	end := int64(0)
	for _, s := range sections {
		for failed[next] != nil {
			next++
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
		if s.Offset != int64(c.starts[group[0]]) || s.Offset < end || s.Line != lineOf(group[0]) {
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
	if got := len(slices.Concat(groups...)) + len(failed); got != len(c.requests) {
		t.Fatalf("seed %d: %d of %d lines were yielded or omitted", seed, got, len(c.requests))
	}
	c.checkGroups(t, seed, groups, cut)
	return len(groups)
}

// bodyOfLines returns the body that is sent for lines.
func bodyOfLines(section []byte) []byte {
	var parts [][]byte
	for line := range bytes.Lines(section) {
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			parts = append(parts, line)
		}
	}
	return slices.Concat([]byte(`{"requests":[`), bytes.Join(parts, []byte(",")), []byte(`]}`))
}
