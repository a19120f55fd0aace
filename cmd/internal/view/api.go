package view

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"

	"github.com/seed-111a911e/messagebatches/cmd/internal/view/index"
)

// A File describes one of the files to the page.
type File struct {
	Name    string `json:"name"`    // without the directory
	Rows    int    `json:"rows"`    // lines
	Bytes   int64  `json:"bytes"`   // bytes read
	Partial bool   `json:"partial"` // it ends in an unfinished line
}

// An Info describes what the page can show.
type Info struct {
	Results  File    `json:"results"`            // the file of results
	Requests *File   `json:"requests,omitempty"` // the file of requests
	Other    *File   `json:"other,omitempty"`    // the file of other results
	Facets   []Facet `json:"facets"`             // to filter by
	Changed  bool    `json:"changed"`            // a file has changed since it was read
	Currency string  `json:"currency"`           // of costs
	Dated    string  `json:"dated"`              // the day of the prices
	Sum      Sum     `json:"sum"`                // of all results
	Differs  *[4]int `json:"differs,omitempty"`  // numbers that differ: answer, outcome, missing, any
}

// A Facet lists the values of the results to filter by.
type Facet struct {
	Name   string  `json:"name"`   // the parameter of the filter
	Values []Count `json:"values"` // most frequent first
}

// A Sum is the total of results.
type Sum struct {
	Results   int    `json:"results"`   // how many
	Input     int64  `json:"input"`     // tokens, those in the cache included
	CacheRead int64  `json:"cacheRead"` // input tokens read from the cache
	Output    int64  `json:"output"`    // tokens
	Cost      string `json:"cost"`      // a decimal number
	Unpriced  int    `json:"unpriced"`  // results with something that has no price
}

func (s *selection) sum() Sum {
	return Sum{Results: s.n, Input: s.input, CacheRead: s.cacheRead, Output: s.output, Cost: s.cost.String(), Unpriced: s.unpriced}
}

func file(x *index.Index) *File {
	if x == nil {
		return nil
	}
	return &File{Name: filepath.Base(x.Path()), Rows: x.Len(), Bytes: x.Size(), Partial: x.Partial()}
}

func (s *Server) info(*http.Request) (any, error) {
	f := s.now()
	info := Info{
		Results: *file(f.results), Requests: file(f.requests), Other: file(f.other), Changed: f.Changed(),
		Currency: f.table.Currency, Dated: f.table.Dated, Sum: f.whole.sum(),
	}
	for i, name := range [...]string{"outcome", "stop", "model", "error"} {
		facet := Facet{Name: name, Values: []Count{}}
		for n, count := range f.whole.counts[i] {
			facet.Values = append(facet.Values, Count{f.results.Name(n), int64(count)})
		}
		slices.SortFunc(facet.Values, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
		info.Facets = append(info.Facets, facet)
	}
	if f.differs != nil {
		info.Differs = new([4]int)
		for _, d := range f.differs {
			for i, bit := range [...]difference{differsAnswer, differsOutcome, differsMissing, ^difference(0)} {
				if d&bit != 0 {
					info.Differs[i]++
				}
			}
		}
	}
	return info, nil
}

// mostRows is the maximum number of rows on a page of the list.
const mostRows = 200

func (s *Server) rows(r *http.Request) (any, error) {
	q := r.URL.Query()
	from, err := number(q, "from", int(none))
	if err != nil {
		return nil, err
	}
	n, err := number(q, "n", mostRows)
	if err != nil {
		return nil, err
	}
	files, chosen, err := s.selection(r.Context(), q)
	if err != nil {
		return nil, err
	}
	rows := []Row{}
	for place := from; place < min(from+n, chosen.n); place++ {
		row, err := files.row(chosen.at(place))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return map[string]any{"rows": rows, "from": from, "sum": chosen.sum()}, nil
}

func (s *Server) row(r *http.Request) (any, error) {
	f := s.now()
	row, err := number(r.URL.Query(), "row", f.results.Len()-1)
	if err != nil {
		return nil, err
	}
	return f.detail(row, r.URL.Query().Get("whole") == "1")
}

func (s *Server) find(r *http.Request) (any, error) {
	q := r.URL.Query()
	files, chosen, err := s.selection(r.Context(), q)
	if err != nil {
		return nil, err
	}
	row, found, err := files.results.Find(r.Context(), q.Get("id"))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &wrong{http.StatusNotFound, errors.New("no result has this custom id")}
	}
	place, in := chosen.place(row)
	if !in {
		place = -1
	}
	return map[string]int{"row": row, "place": place}, nil
}

// search streams its hits as JSON Lines: rows, progress as {"at", "of"}, and {"next"} or {"failed"} at the end.
func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err := number(q, "from", int(none))
	if err != nil {
		fail(w, err)
		return
	}
	look, err := parseSearch(q.Get("q"), q.Get("in"))
	if err != nil {
		fail(w, err)
		return
	}
	files, chosen, err := s.selection(r.Context(), q)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	tell := func(v any) error { return errors.Join(out.Encode(v), flush.Flush()) }
	next, err := files.search(r.Context(), look, chosen, from,
		func(row Row) error { return tell(row) },
		func(place int) error { return tell(map[string]int{"at": place, "of": chosen.n}) })
	if err != nil {
		_ = tell(map[string]string{"failed": err.Error()})
		return
	}
	_ = tell(map[string]int{"next": next, "of": chosen.n})
}

func parseSearch(text, in string) (Search, error) {
	if text == "" || len(text) > 1000 {
		return Search{}, &wrong{http.StatusBadRequest, errors.New("q must be a text of 1 to 1,000 bytes")}
	}
	if !slices.Contains([]string{"", "answer", "prompt", "both"}, in) {
		return Search{}, &wrong{http.StatusBadRequest, fmt.Errorf("in must be answer, prompt or both, not %q", in)}
	}
	return Search{Text: text, In: in}, nil
}

// export writes the lines of a selection, or of the hits of a search in it, unchanged.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	files, chosen, err := s.selection(r.Context(), q)
	if err != nil {
		fail(w, err)
		return
	}
	var look *Search
	if q.Get("q") != "" {
		l, err := parseSearch(q.Get("q"), q.Get("in"))
		if err != nil {
			fail(w, err)
			return
		}
		look = &l
	}
	requests := q.Get("what") == "requests"
	if requests && files.requests == nil {
		fail(w, &wrong{http.StatusNotFound, errors.New("there is no file of requests")})
		return
	}
	name := "results"
	if requests {
		name = "requests"
	}
	attach(w, "application/x-ndjson", name+".jsonl")
	out := bufio.NewWriterSize(w, 64<<10)
	for place := range chosen.n {
		line, err := files.exported(chosen.at(place), look, requests)
		if err == nil && r.Context().Err() == nil && line != nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil || r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // so that the browser reports an incomplete file
		}
	}
	_ = out.Flush()
}

// exported returns the line of a row to export, or nil if there is none.
func (f *Files) exported(row int, look *Search, request bool) ([]byte, error) {
	if look != nil {
		if _, _, found, err := f.matches(*look, row); err != nil || !found {
			return nil, err
		}
	}
	if request {
		_, line, err := f.request(row)
		return line, err
	}
	r, err := f.results.At(row)
	if err != nil || r.Long {
		return nil, err
	}
	return f.results.Line(r)
}

// line writes one line of the file unchanged.
func (s *Server) line(w http.ResponseWriter, r *http.Request) {
	f := s.now()
	row, err := number(r.URL.Query(), "row", f.results.Len()-1)
	var line []byte
	if err == nil {
		line, err = f.exported(row, nil, r.URL.Query().Get("what") == "requests")
	}
	if err != nil {
		fail(w, err)
		return
	}
	attach(w, "application/json", fmt.Sprintf("line-%d.json", row+1))
	_, _ = w.Write(line)
}

// attach makes the browser save the response: it must never show content from outside.
func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// refresh reads changed files again.
func (s *Server) refresh(r *http.Request) (any, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.now().Changed() {
		files, err := Open(r.Context(), s.options)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.files, s.chosen = files, nil
		s.mu.Unlock()
	}
	return s.info(r)
}
