package view

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/view/index"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// Paths are the files to show.
type Paths struct {
	Results  string // the results file
	Requests string // the requests of these results; may be empty
	Other    string // other results of the same requests, to compare with; may be empty
}

// Options configure how files are shown.
type Options struct {
	Paths

	// Table has the prices.
	Table *price.Table

	// Cache is the directory of indexes.
	Cache string

	// Progress, if not nil, is called while files are indexed, with a path, the number of bytes read and the total.
	Progress func(path string, done, total int64)
}

// none stands for a missing row.
const none = ^uint32(0)

// Files are open files with their indexes. They are safe for concurrent use.
type Files struct {
	results  *index.Index
	requests *index.Index // may be nil
	other    *index.Index // may be nil

	// requestOf and otherOf map each row of the results to the row with the same custom ID in the other file; nil without
	// that file.
	requestOf, otherOf []uint32

	// differs holds how the other result differs, for each row; nil without other results.
	differs []difference

	table *price.Table
	whole *selection // all rows, for counts
}

// A difference describes how two results of one request differ.
type difference uint8

const (
	differsOutcome difference = 1 << iota // or the stop reason, or the error
	differsAnswer
	differsMissing // the other file has no result
)

// Open opens the files and their indexes, which it builds if necessary.
func Open(ctx context.Context, o Options) (*Files, error) {
	f := &Files{table: o.Table}
	open := func(to **index.Index, path string, kind index.Kind) error {
		if path == "" {
			return nil
		}
		options := index.Options{Kind: kind, Table: o.Table, Dir: o.Cache}
		if o.Progress != nil {
			options.Progress = func(done, total int64) { o.Progress(path, done, total) }
		}
		x, err := index.Open(ctx, path, options)
		if err == nil && x.Len() >= int(none) {
			err = fmt.Errorf("%s: too many lines: %d", path, x.Len())
		}
		*to = x
		return err
	}
	for _, file := range []struct {
		to   **index.Index
		path string
		kind index.Kind
	}{{&f.results, o.Results, index.Results}, {&f.requests, o.Requests, index.Requests}, {&f.other, o.Other, index.Results}} {
		if err := open(file.to, file.path, file.kind); err != nil {
			return nil, err
		}
	}
	var err error
	if f.requestOf, err = join(ctx, f.results, f.requests); err != nil {
		return nil, err
	}
	if f.otherOf, err = join(ctx, f.results, f.other); err != nil {
		return nil, err
	}
	if err := f.compare(ctx); err != nil {
		return nil, err
	}
	f.whole, err = f.choose(ctx, Filter{})
	return f, err
}

// Changed reports whether one of the files has changed since it was indexed.
func (f *Files) Changed() bool {
	return f.results.Changed() || f.requests != nil && f.requests.Changed() || f.other != nil && f.other.Changed()
}

// join returns, for each row of from, the first row of to with the same custom ID. While it runs it needs 16 bytes for each
// row of to.
func join(ctx context.Context, from, to *index.Index) ([]uint32, error) {
	if to == nil {
		return nil, nil
	}
	type entry struct {
		id  uint64
		row uint32
	}
	byID := make([]entry, 0, to.Len())
	if err := to.Scan(ctx, func(row int, r index.Record) bool {
		if r.ID != 0 {
			byID = append(byID, entry{r.ID, uint32(row)})
		}
		return true
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(byID, func(a, b entry) int {
		switch {
		case a.id < b.id:
			return -1
		case a.id > b.id:
			return 1
		}
		return int(int64(a.row) - int64(b.row))
	})
	rows := make([]uint32, from.Len())
	err := from.Scan(ctx, func(row int, r index.Record) bool {
		rows[row] = none
		at, found := slices.BinarySearchFunc(byID, r.ID, func(e entry, id uint64) int {
			switch {
			case e.id < id:
				return -1
			case e.id > id:
				return 1
			}
			return 0
		})
		if found {
			rows[row] = byID[at].row
		}
		return true
	})
	return rows, err
}

// compare fills differs.
func (f *Files) compare(ctx context.Context) error {
	if f.other == nil {
		return nil
	}
	others := make([]index.Record, 0, f.other.Len())
	if err := f.other.Scan(ctx, func(_ int, r index.Record) bool {
		others = append(others, r)
		return true
	}); err != nil {
		return err
	}
	f.differs = make([]difference, f.results.Len())
	return f.results.Scan(ctx, func(row int, r index.Record) bool {
		at := f.otherOf[row]
		if at == none {
			f.differs[row] = differsMissing
			return true
		}
		o := others[at]
		same := func(a, b index.Name) bool { return f.results.Name(a) == f.other.Name(b) }
		if !same(r.Outcome, o.Outcome) || !same(r.Stop, o.Stop) || !same(r.Error, o.Error) {
			f.differs[row] |= differsOutcome
		}
		if r.Answer != o.Answer {
			f.differs[row] |= differsAnswer
		}
		return true
	})
}

// item reads the result in a row.
func item(x *index.Index, row int) (*client.Item, error) {
	r, err := x.At(row)
	if err != nil {
		return nil, err
	}
	line, err := x.Line(r)
	if err != nil {
		return nil, err
	}
	i := client.ParseItem(line, int(r.Line))
	if i.CustomID != "" && index.Hash(i.CustomID) != r.ID {
		return nil, index.ErrChanged
	}
	return &i, nil
}

// request reads the request for a row of the results. It returns nil if there is none.
func (f *Files) request(row int) (*client.Request, []byte, error) {
	if f.requestOf == nil || f.requestOf[row] == none {
		return nil, nil, nil
	}
	r, err := f.requests.At(int(f.requestOf[row]))
	if err != nil {
		return nil, nil, err
	}
	line, err := f.requests.Line(r)
	if err != nil {
		return nil, nil, err
	}
	request := new(client.Request)
	_ = request.UnmarshalJSON(line) // whatever can be read is shown
	if index.Hash(request.CustomID) != r.ID {
		return nil, nil, index.ErrChanged
	}
	return request, line, nil
}
