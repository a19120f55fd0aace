package convert

import (
	"bufio"
	"fmt"
	"io"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

// join writes the rows of the input, each with its result.
func (r *resultWriter) join(w io.Writer, results io.ReadSeeker) error {
	in, err := table.NewReader(r.o.Input, r.o.Table)
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	columns := newColumns(in.Header)
	id, err := compileID(r.o.ID, nil, newTextCompiler(columns))
	if err != nil {
		return err
	}
	_, hasID := columns.index["custom_id"]
	r.withID = r.o.ID.Number || !hasID || r.o.ID.Column != "" && r.o.ID.Column != "custom_id"
	index, err := r.index(results)
	if err != nil {
		return err
	}
	if err := r.begin(w, in); err != nil {
		return err
	}
	var rows Summary
	err = eachRow(in, &rows, r.n, func(row []string, line int) error {
		custom, err := id(row, rows.Read)
		if err != nil {
			r.n.add(noteOf(err, Changed, line, custom, "custom_id"))
			return r.write(row, custom, nil, line)
		}
		item, number, err := index.read(custom)
		if err != nil {
			return err
		}
		if number > 0 {
			line = number
		}
		return r.write(row, custom, item, line)
	})
	r.s.Blank = rows.Blank
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	unused := index.unused()
	if unused > 0 && unused == len(index.place) {
		made := "--number, or with another --id"
		if r.o.ID.Number {
			made = "--id, not --number"
		}
		return fmt.Errorf("no row of the table has the custom_id of a result, such as %.64q: the requests were probably made with %s", index.first, made)
	}
	if unused == 0 {
		return nil
	}
	return r.noteUnused(results, index)
}

// An index finds results by custom ID.
type index struct {
	file  io.ReadSeeker
	at    *ids // index of places
	place []place
	first string      // custom ID of the first place
	next  *lineReader // after the last result that was read; the one wanted next is often right there
}

// A place is the position of a result.
type place struct {
	offset int64
	line   int32
	used   bool
}

// index reads all results once.
func (r *resultWriter) index(results io.ReadSeeker) (*index, error) {
	x := &index{file: results, at: newIDs(), next: &lineReader{r: bufio.NewReaderSize(results, 4<<10), offset: -1}}
	err := r.eachLine(results, func(in *lineReader, line []byte) {
		r.s.Read++
		item := r.parse(line, in.number)
		if item.CustomID == "" {
			return // parse has added a note
		}
		if before, again := x.at.add(item.CustomID, int64(len(x.place))); again {
			r.n.add(Note{Line: in.number, ID: item.CustomID, Kind: Dropped, Message: "duplicate result for the same custom_id", Detail: fmt.Sprintf("%q, as in line %d", item.CustomID, x.place[before].line)})
			return
		}
		if len(x.place) == 0 {
			x.first = item.CustomID
		}
		x.place = append(x.place, place{offset: in.begin, line: int32(in.number)})
	})
	return x, err
}

// eachLine reads all results from the beginning.
func (r *resultWriter) eachLine(results io.ReadSeeker, f func(in *lineReader, line []byte)) error {
	if _, err := results.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("to join results with a table they must be in a file: %w", err)
	}
	in := newLineReader(results)
	for {
		line, err := in.next()
		if err == io.EOF {
			return r.n.err
		}
		if err != nil {
			return err
		}
		f(in, line)
	}
}

// read returns the result with a custom ID, or nil if there is none, and its line.
func (x *index) read(id string) (*client.Item, int, error) {
	number, ok := x.at.at[x.at.key(id)]
	if !ok {
		return nil, 0, nil
	}
	p := &x.place[number]
	p.used = true
	if p.offset != x.next.offset {
		if _, err := x.file.Seek(p.offset, io.SeekStart); err != nil {
			return nil, 0, err
		}
		x.next.r.Reset(x.file)
		x.next.offset = p.offset
	}
	line, err := x.next.next()
	if err != nil {
		return nil, 0, fmt.Errorf("results: line %d can no longer be read: %w", p.line, err)
	}
	item := client.ParseItem(line, int(p.line))
	if item.CustomID != id {
		return nil, 0, fmt.Errorf("results: line %d has changed in the meantime", p.line)
	}
	return &item, int(p.line), nil
}

// unused returns how many results belong to no row.
func (x *index) unused() int {
	count := 0
	for i := range x.place {
		if !x.place[i].used {
			count++
		}
	}
	return count
}

// noteUnused adds notes about the results without a row.
func (r *resultWriter) noteUnused(results io.ReadSeeker, x *index) error {
	return r.eachLine(results, func(in *lineReader, line []byte) {
		item := client.ParseItem(line, in.number)
		if i, ok := x.at.at[x.at.key(item.CustomID)]; ok && !x.place[i].used && int(x.place[i].line) == in.number {
			r.n.add(Note{Line: in.number, ID: item.CustomID, Kind: Dropped, Message: "no row of the table has the custom_id of this result", Detail: fmt.Sprintf("%q", item.CustomID)})
		}
	})
}
