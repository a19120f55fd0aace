package view

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type page struct {
	Rows []Row `json:"rows"`
	Sum  Sum   `json:"sum"`
}

func query(pairs ...string) url.Values {
	q := url.Values{"from": {"0"}, "n": {"200"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "from" || pairs[i] == "n" {
			q.Del(pairs[i])
		}
		q.Add(pairs[i], pairs[i+1])
	}
	return q
}

// TestFilters compares what filters select with the fixture.
func TestFilters(t *testing.T) {
	t.Parallel()
	const n = 100
	s := serve(t, makeFiles(t, n))
	count := func(f func(i int) bool) (c int) {
		for i := range n {
			if f(i) {
				c++
			}
		}
		return c
	}
	errored := func(i int) bool { return i%20 == 11 }
	expired := func(i int) bool { return i%20 == 17 }
	answered := func(i int) bool { return !errored(i) && !expired(i) }
	missing := func(i int) bool { return i%20 == 5 }
	for name, tt := range map[string]struct {
		q    url.Values
		want int
	}{
		"all":              {query(), n + 1},
		"outcome":          {query("outcome", "errored"), count(errored)},
		"outcome/two":      {query("outcome", "errored", "outcome", "expired"), count(errored) + count(expired)},
		"outcome/damaged":  {query("outcome", "damaged"), 1},
		"outcome/no such":  {query("outcome", "x"), 0},
		"stop":             {query("stop", "max_tokens"), count(func(i int) bool { return answered(i) && i%5 == 4 })},
		"stop/none":        {query("stop", ""), count(errored) + count(expired) + 1},
		"model":            {query("model", "claude-opus-4-8"), count(answered)},
		"error":            {query("error", "invalid_request_error"), count(errored)},
		"stop and outcome": {query("stop", "max_tokens", "outcome", "errored"), 0},
		"tokens in":        {query("minInput", "1510", "maxInput", "1519"), count(func(i int) bool { return answered(i) && i >= 10 && i < 20 })},
		"tokens out":       {query("minOutput", "1000"), count(func(i int) bool { return answered(i) && i >= 90 })},
		"differ/missing":   {query("differ", "missing"), count(missing) + 1},
		"differ/outcome":   {query("differ", "outcome"), count(expired)},
		"differ/answer":    {query("differ", "answer"), count(func(i int) bool { return !missing(i) && (expired(i) || answered(i) && i%3 == 0) })},
		"differ/any":       {query("differ", "any"), 1 + count(func(i int) bool { return missing(i) || expired(i) || answered(i) && i%3 == 0 })},
	} {
		var got page
		if status := s.get(t, "/api/rows", tt.q, &got); status != 200 {
			t.Errorf("%s: status %d", name, status)
			continue
		}
		if got.Sum.Results != tt.want || len(got.Rows) != tt.want {
			t.Errorf("%s: %d results, %d rows, want %d", name, got.Sum.Results, len(got.Rows), tt.want)
		}
	}
	for name, q := range map[string]url.Values{
		"tokens": query("minInput", "many"), "negative": query("maxOutput", "-1"), "differ": query("differ", "x"), "sort": query("sort", "x"), "from": query("from", "-1"), "n": query("n", "1000000"),
	} {
		if status := s.get(t, "/api/rows", q, nil); status != 400 {
			t.Errorf("wrong %s: status %d", name, status)
		}
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 50))
	var got page
	s.get(t, "/api/rows", query("sort", "output", "n", "3"), &got)
	var ids []string
	for _, r := range got.Rows {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"question-0049", "question-0048", "question-0047"}, ids); diff != "" {
		t.Error(diff)
	}
}

// TestPages walks through all pages, with and without a filter.
func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 450))
	for _, q := range []string{"succeeded", "errored", ""} {
		var lines []int64
		total := 0
		for from := 0; from == 0 || from < total; from += 100 {
			pairs := []string{"from", fmt.Sprint(from), "n", "100"}
			if q != "" {
				pairs = append(pairs, "outcome", q)
			}
			var got page
			s.get(t, "/api/rows", query(pairs...), &got)
			total = got.Sum.Results
			for _, r := range got.Rows {
				lines = append(lines, r.Line)
			}
		}
		if len(lines) != total || total == 0 || !slices.IsSorted(lines) || len(slices.Compact(lines)) != total {
			t.Errorf("%q: %d lines of %d", q, len(lines), total)
		}
	}
}

func TestDetail(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 20))
	kinds := func(blocks []Block) (all []string) {
		for _, b := range blocks {
			all = append(all, b.Role+" "+b.Kind)
		}
		return all
	}
	for row, want := range map[string]struct{ prompt, response, other []string }{
		"0":  {[]string{"system text", "user image", "user text", "tools tools"}, []string{" text"}, []string{" text"}},
		"1":  {[]string{"system text", "user document", "user text", "tools tools"}, []string{" thinking", " text"}, []string{" thinking", " text"}},
		"2":  {[]string{"system text", "user text", "assistant text", "assistant tool", "user result", "user text", "tools tools"}, []string{" text", " tool"}, []string{" text", " tool"}},
		"5":  {[]string{"system text", "user document", "user text", "tools tools"}, []string{" text"}, nil},
		"17": {[]string{"system text", "user document", "user text", "tools tools"}, nil, []string{" text", " tool"}},
		"20": {nil, nil, nil},
	} {
		var d Detail
		if status := s.get(t, "/api/row", query("row", row), &d); status != 200 {
			t.Fatalf("row %s: status %d", row, status)
		}
		if d.Prompt == nil {
			d.Prompt = &Prompt{}
		}
		if d.Other == nil {
			d.Other = &Response{}
		}
		for side, diff := range map[string]string{
			"prompt": cmp.Diff(want.prompt, kinds(d.Prompt.Blocks)), "response": cmp.Diff(want.response, kinds(d.Response.Blocks)), "other": cmp.Diff(want.other, kinds(d.Other.Blocks)),
		} {
			if diff != "" {
				t.Errorf("row %s, %s: %s", row, side, diff)
			}
		}
	}
	var d Detail
	s.get(t, "/api/row", query("row", "3"), &d)
	if diff := cmp.Diff([]Citation{{Source: "Atlas of Rivers", Place: "pages 3 to 4", Text: "The Scheldt has 350 km."}}, d.Response.Blocks[0].Citations); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Count{{"input", 1003}, {"cache read", 500}, {"output", 130}}, d.Response.Tokens); diff != "" {
		t.Error(diff)
	}
	if d.Response.Cost != "0.0042575" || !d.Response.Priced { // (1003*5 + 500*0.5 + 130*25) / 2 millionths
		t.Errorf("the cost is %s", d.Response.Cost)
	}
	s.get(t, "/api/row", query("row", "11"), &d)
	if d.Response.Error != "invalid_request_error" || !strings.Contains(d.Response.Message, "at least one block") || d.Response.RequestID != "req_1" {
		t.Errorf("the error is %+v", d.Response)
	}
	s.get(t, "/api/row", query("row", "20"), &d)
	if d.Response.Damage == "" || !strings.Contains(d.Response.Raw, `"broken"`) {
		t.Errorf("the damaged line is %+v", d.Response)
	}
	for _, row := range []string{"-1", "21", "x", ""} {
		if status := s.get(t, "/api/row", url.Values{"row": {row}}, nil); status != 400 {
			t.Errorf("row %q: status %d", row, status)
		}
	}
}

// TestLong has a line of 10 MB, an image that is too large, and a line that is longer than the maximum.
func TestLong(t *testing.T) {
	t.Parallel()
	text := plainLine("long", strings.Repeat("äöü ", 1_500_000)) + `{"custom_id":"endless","x":"` + strings.Repeat("x", 33<<20) + "\"}\n" + plainLine("after", "short")
	image := line(object{"custom_id": "long", "params": object{"model": "claude-opus-4-8", "max_tokens": 1, "messages": []object{{"role": "user", "content": []object{
		{"type": "image", "source": object{"type": "base64", "media_type": "image/png", "data": strings.Repeat("AAAA", 1<<20)}}}}}}})
	s := serve(t, Paths{Results: makeFile(t, "r", text), Requests: makeFile(t, "q", image)})
	var list page
	s.get(t, "/api/rows", query(), &list)
	if len(list.Rows) != 3 || list.Rows[0].ID != "long" || list.Rows[1].Outcome != "damaged" || list.Rows[2].ID != "after" {
		t.Fatalf("the list is %+v", list.Rows)
	}
	w := s.call(t.Context(), "GET", "/api/row", query("row", "0"))
	var d Detail
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	b := d.Response.Blocks[0]
	if w.Body.Len() > 200<<10 || !d.Response.Cut || b.Bytes != 10_500_000 || len(b.Text) > mostText || !strings.HasPrefix(b.Text, "äöü") || strings.Contains(b.Text, "\ufffd") {
		t.Errorf("the beginning has %d bytes, but says %d", w.Body.Len(), b.Bytes)
	}
	if p := d.Prompt.Blocks[0]; p.Image != "" || p.Bytes < 4<<20 || !d.Prompt.Cut {
		t.Errorf("the image has %d bytes, but says %d", len(p.Image), p.Bytes)
	}
	d = Detail{}
	s.get(t, "/api/row", query("row", "0", "whole", "1"), &d)
	if len(d.Response.Blocks[0].Text) != 10_500_000 || d.Response.Cut || len(d.Prompt.Blocks[0].Image) < 4<<20 {
		t.Errorf("the whole has %d bytes", len(d.Response.Blocks[0].Text))
	}
	d = Detail{}
	s.get(t, "/api/row", query("row", "1"), &d)
	if !strings.Contains(d.Response.Damage, "longer than") || len(d.Response.Blocks) > 0 {
		t.Errorf("the endless line is %+v", d.Response)
	}
}

// TestLongEverywhere has texts of 2 MB everywhere in a line: the responses stay small.
func TestLongEverywhere(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2_000_000)
	m := object{"id": long, "type": "message", "role": "assistant", "model": long, "stop_reason": long, "content": []object{
		{"type": "text", "text": long, "citations": []object{{"type": "page_location", "cited_text": long, "document_title": long, "document_index": 0, "start_page_number": 1, "end_page_number": 2}}},
		{"type": "tool_use", "id": long, "name": long, "input": object{long: long}}, {"type": long, long: long}, {"type": "thinking", "thinking": long, "signature": long},
	}, "usage": object{"input_tokens": 1, "output_tokens": 1}}
	results := line(object{"custom_id": long, "result": object{"type": "succeeded", "message": m}}) +
		line(object{"custom_id": "e", "result": object{"type": "errored", "error": object{"type": "error", "request_id": long, "error": object{"type": long, "message": long}}}}) +
		line(object{"custom_id": "u", "result": object{"type": long}}) + "{" + long + "\n"
	requests := line(object{"custom_id": long, "params": object{"model": long, "max_tokens": 1, "system": long, "messages": []object{{"role": "user", "content": []object{
		{"type": "document", "title": long, "source": object{"type": "text", "media_type": "text/plain", "data": long}}, {"type": "image", "source": object{"type": "url", "url": long}}}}}}})
	s := serve(t, Paths{Results: makeFile(t, "r", results), Requests: makeFile(t, "q", requests), Other: makeFile(t, "o", results)})
	for path, q := range map[string]url.Values{"/api/info": nil, "/api/rows": query(), "/api/search": query("q", "xxx", "in", "both")} {
		if w := s.call(t.Context(), "GET", path, q); w.Code != 200 || w.Body.Len() > 10_000 {
			t.Errorf("%s: status %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
	for row := range 4 {
		if w := s.call(t.Context(), "GET", "/api/row", query("row", fmt.Sprint(row))); w.Code != 200 || w.Body.Len() > 1_500_000 {
			t.Errorf("row %d: status %d, %d bytes", row, w.Code, w.Body.Len())
		}
	}
}

// TestDeep has JSON that would be a thousand times longer if indented.
func TestDeep(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	if got := pretty([]byte(deep)); len(got) != len(deep) {
		t.Errorf("%d bytes became %d", len(deep), len(got))
	}
	if got := pretty([]byte(`{"a":[1]}`)); got != "{\n  \"a\": [\n    1\n  ]\n}" {
		t.Errorf("got %s", got)
	}
}

// found returns the rows that a search streams, and its last line.
func (s site) found(t *testing.T, q url.Values) (ids []string, last map[string]any) {
	t.Helper()
	w := s.call(t.Context(), "GET", "/api/search", q)
	for sc := bufio.NewScanner(w.Body); sc.Scan(); {
		last = nil
		if err := json.Unmarshal(sc.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		if id, ok := last["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	return ids, last
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 60))
	for name, tt := range map[string]struct {
		q    url.Values
		want []string
	}{
		"text":          {query("q", "rivers of question 7\n"), []string{"question-0007"}},
		"case":          {query("q", "RIVERS OF QUESTION 8\n"), []string{"question-0008"}},
		"id":            {query("q", "question-0009"), []string{"question-0009"}},
		"thinking":      {query("q", "does the atlas have", "maxOutput", "200"), []string{"question-0001", "question-0006"}},
		"tool input":    {query("q", `"unit": "km"`, "maxOutput", "200"), []string{"question-0002", "question-0007"}},
		"error":         {query("q", "at least one block"), []string{"question-0011", "question-0031", "question-0051"}},
		"none":          {query("q", "amazon"), nil},
		"prompt":        {query("q", "question 12:", "in", "prompt"), []string{"question-0012"}},
		"prompt/system": {query("q", "geographer", "in", "prompt", "maxOutput", "110", "minOutput", "1"), []string{"question-0000", "question-0001"}},
		"not in answer": {query("q", "geographer"), nil},
		"both":          {query("q", "atlas of rivers", "in", "both", "maxOutput", "110", "minOutput", "1"), []string{"question-0001"}},
		"filtered":      {query("q", "rivers", "outcome", "errored"), nil},
	} {
		ids, last := s.found(t, tt.q)
		if diff := cmp.Diff(tt.want, ids); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if last["next"] != last["of"] {
			t.Errorf("%s ends with %v", name, last)
		}
	}
	for name, q := range map[string]url.Values{"empty": query("q", ""), "long": query("q", strings.Repeat("x", 1001)), "in": query("q", "x", "in", "y")} {
		if w := s.call(t.Context(), "GET", "/api/search", q); w.Code != 400 {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

// TestSearchGoesOn finds more hits than one call returns.
func TestSearchGoesOn(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 500))
	var all []string
	for from := "0"; ; {
		ids, last := s.found(t, query("q", "rivers", "from", from))
		if len(ids) > mostHits {
			t.Fatalf("%d found by one call", len(ids))
		}
		all = append(all, ids...)
		if from = fmt.Sprint(last["next"]); last["next"] == last["of"] {
			break
		}
	}
	if len(all) != 450 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 450 {
		t.Errorf("found %d", len(all))
	}
}

// TestSearchEnds ends a search with its request.
func TestSearchEnds(t *testing.T) {
	t.Parallel()
	f, _ := openFiles(t, makeFiles(t, 50))
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	next, err := f.search(ctx, Search{Text: "rivers"}, f.whole, 0, func(Row) error {
		if n++; n == 5 {
			cancel()
		}
		return nil
	}, func(int) error { return nil })
	if n != 5 || next != 5 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d found, next %d, %v", n, next, err)
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ needle, text, want string }{
		{"groß", "Das ist GROSS und groß", "Das ist GROSS und groß"},
		{"istanbul", "İİİ ISTANBUL", "iii istanbul"}, // whose lower-case letters are shorter
		{"b", strings.Repeat("ä", 50) + "B", "… " + strings.Repeat("ä", 30) + "B"},
	} {
		got, found := find(tt.needle, []string{"", "none", tt.text})
		if got != tt.want || !found {
			t.Errorf("%s: got %q", tt.needle, got)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := serve(t, makeFiles(t, 50))
	var at struct{ Row, Place int }
	s.get(t, "/api/find", url.Values{"id": {"question-0031"}}, &at)
	if at.Row != 31 || at.Place != 31 {
		t.Errorf("found in %+v", at)
	}
	s.get(t, "/api/find", url.Values{"id": {"question-0031"}, "outcome": {"errored"}}, &at)
	if at.Row != 31 || at.Place != 1 {
		t.Errorf("found in %+v", at)
	}
	s.get(t, "/api/find", url.Values{"id": {"question-0031"}, "outcome": {"expired"}}, &at)
	if at.Row != 31 || at.Place != -1 {
		t.Errorf("found in %+v", at)
	}
	if status := s.get(t, "/api/find", url.Values{"id": {"question-9999"}}, nil); status != 404 {
		t.Errorf("status %d", status)
	}
}

// TestExport compares the exports with the lines of the files, byte by byte.
func TestExport(t *testing.T) {
	t.Parallel()
	p := makeFiles(t, 60)
	s := serve(t, p)
	file := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var errored, requests strings.Builder
	for _, i := range []int{11, 31, 51} {
		errored.WriteString(resultLine(i, false))
		requests.WriteString(requestLine(i))
	}
	for name, tt := range map[string]struct {
		q    url.Values
		want string
	}{
		"all":             {url.Values{}, file(p.Results)},
		"all requests":    {url.Values{"what": {"requests"}}, file(p.Requests)},
		"filter":          {url.Values{"outcome": {"errored"}}, errored.String()},
		"filter/requests": {url.Values{"outcome": {"errored"}, "what": {"requests"}}, requests.String()},
		"search":          {url.Values{"q": {"at least one block"}}, errored.String()},
		"none":            {url.Values{"q": {"amazon"}}, ""},
	} {
		w := s.call(t.Context(), "GET", "/api/export", tt.q)
		if diff := cmp.Diff(tt.want, w.Body.String()); w.Code != 200 || diff != "" {
			t.Errorf("%s: status %d: %s", name, w.Code, diff)
		}
		if got := w.Header().Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
			t.Errorf("%s is shown: %q", name, got)
		}
	}
	if w := s.call(t.Context(), "GET", "/api/line", url.Values{"row": {"3"}}); w.Body.String()+"\n" != resultLine(3, false) {
		t.Errorf("line 3 is %s", w.Body)
	}
	p.Requests = ""
	if w := serve(t, p).call(t.Context(), "GET", "/api/export", url.Values{"what": {"requests"}}); w.Code != 404 {
		t.Errorf("an export without requests has status %d", w.Code)
	}
}

// TestRefresh adds a line while the page is open.
func TestRefresh(t *testing.T) {
	t.Parallel()
	p := makeFiles(t, 5)
	s := serve(t, p)
	f, err := os.OpenFile(p.Results, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(plainLine("late", "hello")); err != nil {
		t.Fatal(err)
	}
	var info Info
	s.get(t, "/api/info", nil, &info)
	if !info.Changed || info.Results.Rows != 6 {
		t.Errorf("before: %+v", info)
	}
	w := s.call(t.Context(), "POST", "/api/refresh", nil)
	if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	if info.Changed || info.Results.Rows != 7 {
		t.Errorf("after: %+v", info)
	}
	var got page
	s.get(t, "/api/rows", query("from", "6"), &got)
	if len(got.Rows) != 1 || got.Rows[0].ID != "late" {
		t.Errorf("the last row is %+v", got.Rows)
	}
	if err := os.WriteFile(p.Results, []byte(plainLine("other", "x")+plainLine("more", "y")), 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(p.Results, later, later); err != nil {
		t.Fatal(err)
	}
	if status := s.get(t, "/api/row", url.Values{"row": {"3"}}, nil); status != 409 {
		t.Errorf("a line of a replaced file has status %d", status)
	}
}
