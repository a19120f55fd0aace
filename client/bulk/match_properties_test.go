package bulk_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// TestMatchProperties matches random results with random inputs.
func TestMatchProperties(t *testing.T) {
	t.Parallel()
	const cases = 3000
	kinds := make(map[error]int)
	for seed := range uint64(cases) {
		c := newMatchCase(rand.New(rand.NewPCG(seed, 9)))
		for name, matches := range map[string]iter.Seq2[bulk.Matched[int], error]{
			"match":    bulk.Match(indexed(c.inputs...), c.results...),
			"in order": bulk.MatchInOrder(indexed(c.inputs...), nil, c.results...),
		} {
			got, skipped := make(map[string]int), 0
			last := 0
			var counted bulk.MatchError
			matched, err := collect(t, matches)
			for _, m := range matched {
				got[fmt.Sprint(m.CustomID, " ", m.Mismatch, m.Item != nil && m.Item.Result != nil)]++
				kinds[m.Mismatch]++
				count(&counted, m.Mismatch)
				if m.Mismatch == nil && (m.Input != slices.Index(c.inputs, m.CustomID)+1 || m.Item.CustomID != m.CustomID) {
					t.Fatalf("seed %d, %s: got %+v", seed, name, m)
				}
				if name == "in order" && m.Input > 0 {
					if m.Input != last+1 {
						t.Fatalf("seed %d: %d follows %d", seed, m.Input, last)
					}
					last = m.Input
				}
			}
			if !maps.Equal(got, c.want) {
				t.Fatalf("seed %d, %s: got %v, want %v", seed, name, got, c.want)
			}
			if bad, ok := errors.AsType[*bulk.MatchError](err); ok {
				checkMatchError(t, bad, counted)
				skipped = bad.Damaged - counted.Damaged
				if len(bad.Errs) != c.failures || skipped != c.skipped {
					t.Fatalf("seed %d, %s: got %v, want %d failures and %d lines skipped", seed, name, bad, c.failures, c.skipped)
				}
			} else if err != nil || c.failures > 0 || counted.Missing+counted.Unknown+counted.DuplicateIDs+counted.DuplicateResults > 0 {
				t.Fatalf("seed %d, %s: got %v", seed, name, err)
			}
		}
	}
	t.Logf("%d inputs: %v", cases, kinds)
	if len(kinds) != 7 {
		t.Errorf("the inputs cover only %d kinds", len(kinds))
	}
}

// A matchCase is random inputs and results, and how often each id comes with each mismatch, with or without a result.
type matchCase struct {
	inputs            []string
	results           []iter.Seq2[*client.Item, error]
	want              map[string]int
	failures, skipped int
}

func newMatchCase(random *rand.Rand) *matchCase {
	c := &matchCase{want: make(map[string]int)}
	ids := 1 + random.IntN(20)
	id := func() string { return fmt.Sprint("r", random.IntN(ids)) }
	for range random.IntN(20) {
		c.inputs = append(c.inputs, id())
	}
	whole, damaged := make(map[string]int), make(map[string]int)
	for range random.IntN(4) {
		var lines []string
		for range random.IntN(8) {
			id := id()
			line := fmt.Sprintf(succeeded, id, "Hi")
			switch random.IntN(8) {
			case 0:
				line = strings.Replace(line, `"model":"claude-opus-5"`, `"model":5`, 1)
			case 1:
				line = line[:50]
			case 2:
				line = line[15:]
			}
			lines = append(lines, line)
			if item := client.ParseItem([]byte(line), 1); item.CustomID == "" {
				c.want[fmt.Sprint(" ", bulk.ErrDamaged, false)]++
			} else if item.Result == nil {
				damaged[id]++
			} else {
				whole[id]++
			}
		}
		results := items(lines...)
		if random.IntN(5) == 0 {
			results = then(results, errors.New("connection lost"))
			c.failures++
		}
		c.results = append(c.results, results)
	}
	c.expect(whole, damaged)
	return c
}

// expect returns the expected matches, given how many results and damaged lines there are of each id.
func (c *matchCase) expect(whole, damaged map[string]int) {
	missing := bulk.ErrMissing
	if c.failures > 0 {
		missing = bulk.ErrUnread
	}
	for i, id := range c.inputs {
		switch {
		case slices.Index(c.inputs, id) < i:
			c.want[fmt.Sprint(id, " ", bulk.ErrDuplicateID, false)]++
		case whole[id] > 0:
			c.want[fmt.Sprint(id, " ", nil, true)]++
		case damaged[id] > 0:
			c.want[fmt.Sprint(id, " ", nil, false)]++
		default:
			c.want[fmt.Sprint(id, " ", missing, false)]++
		}
	}
	for id, n := range whole {
		if !slices.Contains(c.inputs, id) {
			c.want[fmt.Sprint(id, " ", bulk.ErrUnknown, true)]++
		}
		if n > 1 {
			c.want[fmt.Sprint(id, " ", client.ErrDuplicateResult, true)] += n - 1
		}
	}
	for id, n := range damaged {
		c.skipped += n
		if whole[id] == 0 {
			c.skipped--
			if !slices.Contains(c.inputs, id) {
				c.want[fmt.Sprint(id, " ", bulk.ErrUnknown, false)]++
			}
		}
	}
}
