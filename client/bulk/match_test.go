package bulk_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

const expired = `{"custom_id":"%s","result":{"type":"expired"}}`

func expiredItems(ids ...string) iter.Seq2[*client.Item, error] {
	var lines []string
	for _, id := range ids {
		lines = append(lines, fmt.Sprintf(expired, id))
	}
	return items(lines...)
}

// then gives an error behind results.
func then(results iter.Seq2[*client.Item, error], err error) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for item, err := range results {
			if !yield(item, err) {
				return
			}
		}
		_ = yield(nil, err) && yield(nil, errors.New("behind the last error"))
	}
}

func indexed(ids ...string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i, id := range ids {
			if !yield(id, i+1) {
				return
			}
		}
	}
}

// matchesOf writes each match as id, input (from 1) and type of the result, and then the kind of its error.
func matchesOf(matches iter.Seq2[bulk.Matched[int], error]) (all []string) {
	for m, err := range matches {
		text := fmt.Sprint(m.CustomID, " ", m.Input)
		if m.Item != nil {
			text += " " + m.Item.Result.Discriminator()
		}
		if kind := kindOf(err); kind != nil {
			text += ": " + kind.Error()
			var bad *bulk.MatchError
			if !errors.As(err, &bad) || bad.CustomID != m.CustomID {
				text += fmt.Sprintf(" (%v)", err)
			}
		}
		var bad *client.LineError
		if errors.As(err, &bad) {
			text += ": line " + string(bad.Raw)
		} else if err != nil && kindOf(err) == nil {
			text += ": " + err.Error()
		}
		all = append(all, text)
	}
	return all
}

func TestMatch(t *testing.T) {
	t.Parallel()
	missing, doubled, unknown, duplicate := bulk.ErrMissing.Error(), bulk.ErrDoubled.Error(), bulk.ErrUnknown.Error(), bulk.ErrDuplicateID.Error()
	odd := strings.Replace(fmt.Sprintf(succeeded, "b", "Hi"), `"model":"claude-opus-5"`, `"model":5`, 1)
	failure := errors.New("connection lost")
	badLine := func(id string) error {
		return &client.LineError{Line: 1, CustomID: id, Raw: []byte("{"), Err: errors.New("no JSON")}
	}
	type streams = []iter.Seq2[*client.Item, error]
	for name, tt := range map[string]struct {
		inputs  iter.Seq2[string, int]
		results streams
		want    []string
		ordered []string // if it is another order
	}{
		"fine/nothing":      {indexed(), nil, nil, nil},
		"fine/shuffled":     {indexed("a", "b", "c"), streams{expiredItems("c", "a", "b")}, []string{"c 3 expired", "a 1 expired", "b 2 expired"}, []string{"a 1 expired", "b 2 expired", "c 3 expired"}},
		"fine/two batches":  {indexed("a", "b", "c"), streams{expiredItems("b", "a"), expiredItems("c")}, []string{"b 2 expired", "a 1 expired", "c 3 expired"}, []string{"a 1 expired", "b 2 expired", "c 3 expired"}},
		"fine/odd field":    {indexed("a", "b"), streams{items(odd, fmt.Sprintf(expired, "a"))}, []string{"b 2 succeeded: line " + odd, "a 1 expired"}, []string{"a 1 expired", "b 2 succeeded: line " + odd}},
		"missing/all":       {indexed("b", "a"), nil, []string{"b 1: " + missing, "a 2: " + missing}, nil},
		"missing/one":       {indexed("a", "b", "c"), streams{expiredItems("c", "a")}, []string{"c 3 expired", "a 1 expired", "b 2: " + missing}, []string{"a 1 expired", "b 2: " + missing, "c 3 expired"}},
		"unknown/first":     {indexed("a"), streams{expiredItems("z", "a", "y")}, []string{"z 0 expired: " + unknown, "a 1 expired", "y 0 expired: " + unknown}, []string{"a 1 expired", "z 0 expired: " + unknown, "y 0 expired: " + unknown}},
		"unknown/twice":     {indexed(), streams{expiredItems("z", "z")}, []string{"z 0 expired: " + unknown, "z 0 expired: " + doubled}, []string{"z 0 expired: " + doubled, "z 0 expired: " + unknown}},
		"doubled/batch":     {indexed("a", "b"), streams{expiredItems("a", "a", "b")}, []string{"a 1 expired", "a 1 expired: " + doubled, "b 2 expired"}, []string{"a 0 expired: " + doubled, "a 1 expired", "b 2 expired"}},
		"doubled/batches":   {indexed("a"), streams{expiredItems("a"), expiredItems("a")}, []string{"a 1 expired", "a 1 expired: " + doubled}, []string{"a 0 expired: " + doubled, "a 1 expired"}},
		"doubled/odd":       {indexed("b"), streams{expiredItems("b"), items(odd)}, []string{"b 1 expired", "b 1 succeeded: " + doubled + ": line " + odd}, []string{"b 0 succeeded: " + doubled + ": line " + odd, "b 1 expired"}},
		"inputs/duplicate":  {indexed("a", "b", "a"), streams{expiredItems("b", "a")}, []string{"a 3: " + duplicate, "b 2 expired", "a 1 expired"}, []string{"a 1 expired", "b 2 expired", "a 3: " + duplicate}},
		"inputs/missing, 2": {indexed("a", "a"), nil, []string{"a 2: " + duplicate, "a 1: " + missing}, []string{"a 1: " + missing, "a 2: " + duplicate}},
		"error/last":        {indexed("a", "b"), streams{then(expiredItems("a"), failure), expiredItems("b")}, []string{"a 1 expired", " 0: connection lost", "b 2 expired"}, []string{" 0: connection lost", "a 1 expired", "b 2 expired"}},
		"error/missing":     {indexed("a", "b"), streams{then(expiredItems("a"), failure)}, []string{"a 1 expired", " 0: connection lost", "b 2: " + missing}, []string{" 0: connection lost", "a 1 expired", "b 2: " + missing}},
		"error/of a line":   {indexed("a", "b"), streams{lineError(badLine("b")), expiredItems("a")}, []string{"b 2: line {", "a 1 expired", "b 2: " + missing}, []string{"b 0: line {", "a 1 expired", "b 2: " + missing}},
		"error/no id":       {indexed("a"), streams{lineError(badLine("")), expiredItems("a")}, []string{" 0: line {", "a 1 expired"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, matchesOf(bulk.Match(tt.inputs, tt.results...))); diff != "" {
				t.Error(diff)
			}
			if tt.ordered == nil {
				tt.ordered = tt.want
			}
			for name, store := range map[string]bulk.Store{"memory": nil, "file": tempFile(t)} {
				if diff := cmp.Diff(tt.ordered, matchesOf(bulk.MatchInOrder(tt.inputs, store, tt.results...))); diff != "" {
					t.Errorf("in order, %s: %s", name, diff)
				}
			}
			for n := range tt.want { // leaving early must not go on
				take(bulk.Match(tt.inputs, tt.results...), n+1)
				take(bulk.MatchInOrder(tt.inputs, nil, tt.results...), n+1)
			}
		})
	}
}

// lineError gives an error without an item, and another line.
func lineError(err error) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		_ = yield(nil, err) && yield(nil, nil)
	}
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "results"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestMatchErrorText(t *testing.T) {
	t.Parallel()
	_, errs := take(bulk.Match(indexed("a"), expiredItems("b")), -1)
	if len(errs) != 2 || errs[0].Error() != `match (request "b"): result of no input` || errs[1].Error() != `match (request "a"): no result` {
		t.Errorf("got %v", errs)
	}
}

// TestMatchService matches the results of several batches of the fake, which come shuffled.
func TestMatchService(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	c := fakeClient(service)
	const n = 100
	texts := make(map[string]string)
	var requests []client.Request
	for i := range n {
		r := request(fmt.Sprint("r", i), fmt.Sprint("number ", i))
		requests = append(requests, r)
		texts[r.CustomID] = fmt.Sprint("You said: number ", i)
	}
	var results []iter.Seq2[*client.Item, error]
	for batch, err := range bulk.Split(slices.Values(requests), bulk.Limits{MaxRequests: 30}) {
		if err != nil {
			t.Fatal(err)
		}
		created, err := c.Create(t.Context(), client.BatchParams{Requests: batch})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, c.Results(t.Context(), created.ID))
	}
	if len(results) != 4 {
		t.Fatalf("%d batches", len(results))
	}
	inputs := func(yield func(string, int) bool) {
		for i, r := range requests {
			if !yield(r.CustomID, i) {
				return
			}
		}
	}
	matched, errs := take(bulk.Match(inputs, results...), -1)
	var order []int
	for i, m := range matched {
		if errs[i] != nil || m.CustomID != requests[m.Input].CustomID || m.Item.Text() != texts[m.CustomID] {
			t.Errorf("got %+v, %v", m, errs[i])
		}
		order = append(order, m.Input)
	}
	if len(matched) != n || slices.IsSorted(order) {
		t.Errorf("%d matched in the order %v", len(matched), order)
	}
	next := 0
	for m, err := range bulk.MatchInOrder(inputs, tempFile(t), results...) {
		if err != nil || m.Input != next || m.Item.Text() != texts[m.CustomID] {
			t.Errorf("got %+v, %v in place of %d", m, err, next)
		}
		next++
	}
	if next != n {
		t.Errorf("%d matched in order", next)
	}
}

// TestMatchProperties matches random results with random inputs.
func TestMatchProperties(t *testing.T) {
	t.Parallel()
	const cases = 3000
	kinds := make(map[error]int)
	for seed := range uint64(cases) {
		random := rand.New(rand.NewPCG(seed, 9))
		id := func() string { return fmt.Sprint("r", random.IntN(20)) }
		var inputs []string
		for range random.IntN(20) {
			inputs = append(inputs, id())
		}
		var results []iter.Seq2[*client.Item, error]
		count := make(map[string]int) // results of each id
		for range random.IntN(4) {
			var lines []string
			for range random.IntN(8) {
				id := id()
				line := fmt.Sprintf(succeeded, id, "Hi")
				if random.IntN(5) == 0 {
					line = strings.Replace(line, `"model":"claude-opus-5"`, `"model":5`, 1)
				}
				lines = append(lines, line)
				count[id]++
			}
			results = append(results, items(lines...))
		}
		want := make(map[string]int) // how often each id comes with each kind
		for i, id := range inputs {
			if slices.Index(inputs, id) < i {
				want[id+" "+bulk.ErrDuplicateID.Error()]++
			} else if count[id] == 0 {
				want[id+" "+bulk.ErrMissing.Error()]++
			}
		}
		for id, n := range count {
			if slices.Contains(inputs, id) {
				want[id+" <nil>"] = 1
			} else {
				want[id+" "+bulk.ErrUnknown.Error()] = 1
			}
			if n > 1 {
				want[id+" "+bulk.ErrDoubled.Error()] = n - 1
			}
		}
		ordered := bulk.MatchInOrder(indexed(inputs...), nil, results...)
		for name, matches := range map[string]iter.Seq2[bulk.Matched[int], error]{"match": bulk.Match(indexed(inputs...), results...), "in order": ordered} {
			got := make(map[string]int)
			last := 0
			for m, err := range matches {
				kind := kindOf(err)
				got[fmt.Sprint(m.CustomID, " ", kind)]++
				kinds[kind]++
				if kind == nil && (m.Input != slices.Index(inputs, m.CustomID)+1 || m.Item.CustomID != m.CustomID) {
					t.Fatalf("seed %d, %s: got %+v", seed, name, m)
				}
				var bad *client.LineError
				if odd := m.Item != nil && m.Item.Message().Model == ""; odd != errors.As(err, &bad) || odd && string(bad.Raw) != string(m.Item.Raw) {
					t.Fatalf("seed %d, %s: got %+v, %v", seed, name, m.Item, err)
				}
				if name == "in order" && m.Input > 0 {
					if m.Input != last+1 {
						t.Fatalf("seed %d: %d follows %d", seed, m.Input, last)
					}
					last = m.Input
				}
			}
			if !maps.Equal(got, want) {
				t.Fatalf("seed %d, %s: got %v, want %v", seed, name, got, want)
			}
		}
	}
	t.Logf("%d inputs: %v", cases, kinds)
}
