package bulk_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

func indexed(ids ...string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i, id := range ids {
			if !yield(id, i+1) {
				return
			}
		}
	}
}

// matchesOf writes each match as id, input (from 1), type of the result and kind of its mismatch, and then the last error.
func matchesOf(t *testing.T, matches iter.Seq2[bulk.Matched[int], error]) (all []string) {
	t.Helper()
	matched, err := collect(t, matches)
	var counted bulk.MatchError
	for _, m := range matched {
		text := fmt.Sprint(m.CustomID, " ", m.Input)
		switch {
		case m.Item != nil && m.Item.Result != nil:
			text += " " + m.Item.Result.Discriminator()
		case m.Item != nil:
			text += " " + string(m.Item.Raw)
		}
		if bad := itemError(m.Item); bad != nil {
			text += fmt.Sprint(" line ", bad.Line)
		}
		if m.Mismatch != nil {
			text += ": " + m.Mismatch.Error()
			if !errors.Is(m.Err(), m.Mismatch) {
				t.Errorf("%v is not %v", m.Err(), m.Mismatch)
			}
		}
		all = append(all, text)
		count(&counted, m.Mismatch)
	}
	if bad, ok := errors.AsType[*bulk.MatchError](err); ok {
		checkMatchError(t, bad, counted)
		text := "last:"
		for _, err := range bad.Errs {
			text += " " + err.Error()
			if !errors.Is(bad, err) {
				t.Errorf("%v is not found", err)
			}
		}
		all = append(all, text)
	} else if err != nil {
		t.Errorf("got %v", err)
	} else if counted.Missing+counted.Unread+counted.Unknown+counted.DuplicateIDs+counted.DuplicateResults > 0 {
		t.Errorf("no error of %+v", counted)
	}
	return all
}

// count counts a mismatch as a MatchError must.
func count(e *bulk.MatchError, mismatch error) {
	switch mismatch {
	case bulk.ErrMissing:
		e.Missing++
	case bulk.ErrUnread:
		e.Unread++
	case bulk.ErrUnknown:
		e.Unknown++
	case client.ErrDuplicateResult:
		e.DuplicateResults++
	case bulk.ErrDuplicateID:
		e.DuplicateIDs++
	case bulk.ErrDamaged:
		e.Damaged++
	}
}

func checkMatchError(t *testing.T, got *bulk.MatchError, want bulk.MatchError) {
	t.Helper()
	n := want.Missing + want.Unread + want.Unknown + want.DuplicateIDs + want.DuplicateResults
	want.Damaged = max(want.Damaged, got.Damaged) // some may have been skipped
	want.First, want.Errs = got.First, got.Errs
	if diff := cmp.Diff(want, *got, cmpopts.EquateErrors()); diff != "" {
		t.Error(diff)
	}
	if len(got.First) != min(10, n) || n+len(got.Errs) == 0 {
		t.Errorf("got %v, and %d are named", got, len(got.First))
	}
	for kind, n := range map[error]int{
		bulk.ErrMissing: want.Missing, bulk.ErrUnread: want.Unread, bulk.ErrUnknown: want.Unknown, client.ErrDuplicateResult: want.DuplicateResults,
		bulk.ErrDuplicateID: want.DuplicateIDs, bulk.ErrDamaged: want.Damaged,
	} {
		if errors.Is(got, kind) != (n > 0) {
			t.Errorf("%v: errors.Is returns %v for %v", kind, n == 0, got)
		}
	}
}

// itemError returns the fault of the line of an item.
func itemError(i *client.Item) *client.LineError {
	if i == nil {
		return nil
	}
	return i.Malformed
}

func TestMatch(t *testing.T) {
	t.Parallel()
	missing, unread, unknown, duplicateID := ": "+bulk.ErrMissing.Error(), ": "+bulk.ErrUnread.Error(), ": "+bulk.ErrUnknown.Error(), ": "+bulk.ErrDuplicateID.Error()
	duplicate, damaged := ": "+client.ErrDuplicateResult.Error(), ": "+bulk.ErrDamaged.Error()
	odd := strings.Replace(fmt.Sprintf(succeeded, "b", "Hi"), `"model":"claude-opus-5"`, `"model":5`, 1)
	exp := func(id string) string { return fmt.Sprintf(expired, id) }
	const cutB, none, cutZ = `{"custom_id":"b","result":{"type":"succ`, `hello`, `{"custom_id":"z","result":null}`
	marked := item(t, exp("a"))
	marked.Malformed = &client.LineError{Line: 7, CustomID: "a", Err: client.ErrDuplicateResult}
	failure, other := errors.New("connection lost"), errors.New("archived")
	type streams = []iter.Seq2[*client.Item, error]
	for name, tt := range map[string]struct {
		inputs  iter.Seq2[string, int]
		results streams
		want    []string
		ordered []string // if the order differs
	}{
		"fine/nothing":        {indexed(), nil, nil, nil},
		"fine/shuffled":       {indexed("a", "b", "c"), streams{expiredItems("c", "a", "b")}, []string{"c 3 expired", "a 1 expired", "b 2 expired"}, []string{"a 1 expired", "b 2 expired", "c 3 expired"}},
		"fine/two batches":    {indexed("a", "b", "c"), streams{expiredItems("b", "a"), expiredItems("c")}, []string{"b 2 expired", "a 1 expired", "c 3 expired"}, []string{"a 1 expired", "b 2 expired", "c 3 expired"}},
		"fine/odd field":      {indexed("a", "b"), streams{items(odd, exp("a"))}, []string{"b 2 succeeded line 1", "a 1 expired"}, []string{"a 1 expired", "b 2 succeeded line 1"}},
		"fine/nil item":       {indexed("a"), streams{listed(nil, item(t, exp("a")))}, []string{"a 1 expired"}, nil},
		"missing/all":         {indexed("b", "a"), nil, []string{"b 1" + missing, "a 2" + missing, "last:"}, nil},
		"missing/one":         {indexed("a", "b", "c"), streams{expiredItems("c", "a")}, []string{"c 3 expired", "a 1 expired", "b 2" + missing, "last:"}, []string{"a 1 expired", "b 2" + missing, "c 3 expired", "last:"}},
		"missing/empty id":    {indexed(""), streams{items(none)}, []string{" 0 hello line 1" + damaged, " 1" + missing, "last:"}, nil},
		"unknown/first":       {indexed("a"), streams{expiredItems("z", "a", "y")}, []string{"z 0 expired" + unknown, "a 1 expired", "y 0 expired" + unknown, "last:"}, []string{"a 1 expired", "z 0 expired" + unknown, "y 0 expired" + unknown, "last:"}},
		"unknown/twice":       {indexed(), streams{expiredItems("z", "z")}, []string{"z 0 expired" + unknown, "z 0 expired" + duplicate, "last:"}, []string{"z 0 expired" + duplicate, "z 0 expired" + unknown, "last:"}},
		"unknown/damaged":     {indexed("a"), streams{items(cutZ, exp("a"))}, []string{"a 1 expired", "z 0 " + cutZ + " line 1" + unknown, "last:"}, nil},
		"unknown/both":        {indexed(), streams{items(cutZ, exp("z"), cutZ)}, []string{"z 0 expired" + unknown, "last:"}, nil},
		"duplicate/batch":     {indexed("a", "b"), streams{expiredItems("a", "a", "b")}, []string{"a 1 expired", "a 1 expired" + duplicate, "b 2 expired", "last:"}, []string{"a 0 expired" + duplicate, "a 1 expired", "b 2 expired", "last:"}},
		"duplicate/batches":   {indexed("a"), streams{expiredItems("a"), expiredItems("a")}, []string{"a 1 expired", "a 1 expired" + duplicate, "last:"}, []string{"a 0 expired" + duplicate, "a 1 expired", "last:"}},
		"duplicate/odd":       {indexed("b"), streams{expiredItems("b"), items(odd)}, []string{"b 1 expired", "b 1 succeeded line 1" + duplicate, "last:"}, []string{"b 0 succeeded line 1" + duplicate, "b 1 expired", "last:"}},
		"duplicate/marked":    {indexed("a"), streams{listed(item(t, exp("a")), marked)}, []string{"a 1 expired", "a 1 expired line 7" + duplicate, "last:"}, []string{"a 0 expired line 7" + duplicate, "a 1 expired", "last:"}},
		"duplicate/alone":     {indexed("a"), streams{listed(marked)}, []string{"a 1 expired line 7" + duplicate, "a 1" + missing, "last:"}, []string{"a 0 expired line 7" + duplicate, "a 1" + missing, "last:"}},
		"damaged/alone":       {indexed("a", "b"), streams{items(cutB, exp("a"))}, []string{"a 1 expired", "b 2 " + cutB + " line 1"}, nil},
		"damaged/before":      {indexed("b"), streams{items(cutB, exp("b"))}, []string{"b 1 expired"}, nil},
		"damaged/after":       {indexed("b"), streams{items(exp("b"), cutB)}, []string{"b 1 expired"}, nil},
		"damaged/twice":       {indexed("b"), streams{items(exp("z"), cutB), items(cutB)}, []string{"z 0 expired" + unknown, "b 1 " + cutB + " line 2", "last:"}, []string{"b 1 " + cutB + " line 2", "z 0 expired" + unknown, "last:"}},
		"damaged/then marked": {indexed("a"), streams{items(`{"custom_id":"a"}`), listed(marked)}, []string{"a 1 expired line 7" + duplicate, `a 1 {"custom_id":"a"} line 1`, "last:"}, []string{"a 0 expired line 7" + duplicate, `a 1 {"custom_id":"a"} line 1`, "last:"}},
		"damaged/no id":       {indexed("a"), streams{items(none, exp("a"), none)}, []string{" 0 hello line 1" + damaged, "a 1 expired", " 0 hello line 3" + damaged}, []string{" 0 hello line 1" + damaged, " 0 hello line 3" + damaged, "a 1 expired"}},
		"damaged/no id, miss": {indexed("a"), streams{items(none)}, []string{" 0 hello line 1" + damaged, "a 1" + missing, "last:"}, nil},
		"inputs/duplicate":    {indexed("a", "b", "a"), streams{expiredItems("b", "a")}, []string{"a 3" + duplicateID, "b 2 expired", "a 1 expired", "last:"}, []string{"a 1 expired", "b 2 expired", "a 3" + duplicateID, "last:"}},
		"inputs/missing, 2":   {indexed("a", "a"), nil, []string{"a 2" + duplicateID, "a 1" + missing, "last:"}, []string{"a 1" + missing, "a 2" + duplicateID, "last:"}},
		"error/all there":     {indexed("a", "b"), streams{then(expiredItems("a"), failure), expiredItems("b")}, []string{"a 1 expired", "b 2 expired", "last: connection lost"}, nil},
		"error/unread":        {indexed("a", "b"), streams{then(expiredItems("a"), failure)}, []string{"a 1 expired", "b 2" + unread, "last: connection lost"}, nil},
		"error/two":           {indexed("a", "b"), streams{then(items(), failure), then(items(), other)}, []string{"a 1" + unread, "b 2" + unread, "last: connection lost archived"}, nil},
		"error/damaged":       {indexed("b"), streams{then(items(cutB), failure)}, []string{"b 1 " + cutB + " line 1", "last: connection lost"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, matchesOf(t, bulk.Match(tt.inputs, tt.results...))); diff != "" {
				t.Error(diff)
			}
			if tt.ordered == nil {
				tt.ordered = tt.want
			}
			for name, store := range map[string]bulk.Store{"memory": nil, "file": tempFile(t)} {
				if diff := cmp.Diff(tt.ordered, matchesOf(t, bulk.MatchInOrder(tt.inputs, store, tt.results...))); diff != "" {
					t.Errorf("in order, %s: %s", name, diff)
				}
			}
			leaveEarly(bulk.Match(tt.inputs, tt.results...))
			leaveEarly(bulk.MatchInOrder(tt.inputs, nil, tt.results...))
		})
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

func TestMatchErrors(t *testing.T) {
	t.Parallel()
	incomplete := &client.IncompleteError{BatchID: "msgbatch_1", Want: client.RequestCounts{Succeeded: 2}}
	matched, err := collect(t, bulk.Match(indexed("a", "c"), then(items(fmt.Sprintf(expired, "b"), "{", fmt.Sprintf(expired, "c")), incomplete)))
	var texts []string
	for _, m := range matched {
		texts = append(texts, fmt.Sprint(m.Err()))
	}
	want := []string{
		`request "b": result without an input`,
		`damaged result without custom id: results, line 2: not JSON, at byte 1: unexpected EOF`,
		`request "c": request expired unprocessed`,
		`request "a": result not read`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	if got, ok := errors.AsType[*client.IncompleteError](err); !ok || got != incomplete {
		t.Errorf("got %v", err)
	}
	text := `match: unread results: 1, results without an input: 1, damaged lines: 1 (request "b": result without an input; request "a": result not read); ` + incomplete.Error()
	if err.Error() != text {
		t.Errorf("got  %v\nwant %v", err, text)
	}
	_, err = collect(t, bulk.Match(numbered("i", 25)))
	if !strings.Contains(err.Error(), "missing results: 25 (") || !strings.HasSuffix(err.Error(), `request "i9": no result; and 15 more)`) {
		t.Errorf("got %v", err)
	}
	if got := (&bulk.MatchError{First: []*client.ItemError{{CustomID: "a", Err: bulk.ErrMissing}}}).Error(); got != "match: " {
		t.Errorf("got %q", got)
	}
	if err := (bulk.Matched[int]{}).Err(); !errors.Is(err, client.ErrNoResult) {
		t.Errorf("got %v", err)
	}
}

// numbered returns n inputs.
func numbered(prefix string, n int) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i := range n {
			if !yield(fmt.Sprint(prefix, i), i) {
				return
			}
		}
	}
}

// TestMemoryOfMatch bounds the memory for damaged lines that are held back.
func TestMemoryOfMatch(t *testing.T) {
	const n, size = 100, 1 << 20
	results := func(yield func(*client.Item, error) bool) {
		for i := range n {
			item := client.ParseItem(fmt.Appendf(nil, `{"custom_id":"r%d","result":{"type":"%s`, i, strings.Repeat("x", size)), i+1)
			if !yield(&item, nil) {
				return
			}
		}
	}
	before := liveHeap()
	withRaw, next := 0, 0
	for m, err := range bulk.Match(numbered("r", n), results) {
		if next == 0 {
			if kept := int64(liveHeap()) - int64(before); kept > 20<<20 {
				t.Errorf("%d MB in memory", kept>>20)
			}
		}
		if err != nil || m.Input != next || m.Mismatch != nil || m.Item.Malformed == nil || m.Item.Malformed.Line != next+1 {
			t.Fatalf("got %+v, %v", m, err)
		}
		if len(m.Item.Raw) > 0 {
			withRaw++
		}
		next++
	}
	if next != n || withRaw != 15 {
		t.Errorf("%d matched, %d of them with the line", next, withRaw)
	}
}

// TestMatchService matches the shuffled results of several batches of the fake.
func TestMatchService(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	c := service.Client()
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
		created, err := c.Create(t.Context(), batch)
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
	matched, err := collect(t, bulk.Match(inputs, results...))
	if err != nil {
		t.Error(err)
	}
	var order []int
	for _, m := range matched {
		if m.Err() != nil || m.CustomID != requests[m.Input].CustomID || m.Item.Text() != texts[m.CustomID] {
			t.Errorf("got %+v", m)
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
