package convert

import (
	"bufio"
	"errors"
	"io"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

// ResultOptions configure the conversion of results to a table.
type ResultOptions struct {
	// Input is the table that the requests were made from, nil for none. Each row of the output begins with its row of Input.
	Input io.Reader

	// Table configures how to read Input, and ID how its rows got their custom IDs.
	Table table.Options
	ID    RowID

	// Fields are properties of JSON answers to write as columns: a name, or a path of names separated by dots.
	Fields []string

	// Separator separates the cells of the output. Default: that of Input, or else a comma.
	Separator rune

	// Mark writes a byte order mark, which Excel needs to read the table as UTF-8. It is also written if Input has one.
	Mark bool

	// Raw writes cells unchanged, even if a spreadsheet would treat them as formulas.
	Raw bool
}

// Results converts lines of results to a table with the columns custom_id, outcome, text, stop_reason, error_type,
// error_message and numbers of tokens. Outcome is succeeded, errored, canceled, expired, damaged for a line that cannot be
// read, or missing for a row of the input without a result.
//
// With an input there is one row for each of its rows, in the same order. The results must then be an io.ReadSeeker, because
// they may be in any order, and results of other requests become notes; it is an error if no row has a result. Without an
// input the rows have the order of the results.
func Results(w io.Writer, results io.Reader, o ResultOptions, n *Notes) (s Summary, err error) {
	s.Outcomes = make(map[string]int)
	r := &resultWriter{o: &o, n: n, s: &s, fields: newFields(o.Fields)}
	out := bufio.NewWriterSize(w, 1<<16)
	if o.Input == nil {
		err = r.all(out, results)
	} else {
		file, ok := results.(io.ReadSeeker)
		if !ok {
			return s, errors.New("to join results with a table they must be in a file")
		}
		err = r.join(out, file)
	}
	if r.out != nil {
		err = errors.Join(err, r.out.Flush())
		s.Guarded = r.out.Guarded
	}
	return s, errors.Join(err, out.Flush())
}

// A resultWriter writes results as rows.
type resultWriter struct {
	o      *ResultOptions
	n      *Notes
	s      *Summary
	out    *table.Writer
	fields []field
	names  []string // of the columns
	row    []string
	withID bool // custom_id is a column of the output
}

// resultColumns are the columns of each result.
var resultColumns = []string{
	"custom_id", "outcome", "text", "stop_reason", "error_type", "error_message",
	"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
}

// begin writes the header.
func (r *resultWriter) begin(w io.Writer, in *table.Reader) error {
	separator, mark := ',', r.o.Mark
	if in != nil {
		separator, mark = in.Separator, mark || in.Mark
		r.s.Separator = string(in.Separator)
		r.names = append(r.names, in.Header...)
	}
	if r.o.Separator != 0 {
		separator = r.o.Separator
	}
	if mark {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
	}
	taken := make(map[string]bool)
	for _, name := range r.names {
		taken[name] = true
	}
	add := func(name string) {
		free := name
		for taken[free] {
			free = "result_" + free
		}
		if free != name {
			r.n.add(Note{Kind: Changed, Place: name, Message: "the table already has a column of this name: the column of the result is named " + free})
		}
		taken[free] = true
		r.names = append(r.names, free)
	}
	for _, name := range resultColumns {
		if name != "custom_id" || r.withID {
			add(name)
		}
	}
	for _, f := range r.fields {
		add(f.name)
	}
	r.out = table.NewWriter(w, separator, r.o.Raw)
	return r.out.Write(r.names)
}

// all writes the results in their order.
func (r *resultWriter) all(w io.Writer, results io.Reader) error {
	r.withID = true
	if err := r.begin(w, nil); err != nil {
		return err
	}
	seen, in := newIDs(), newLineReader(results)
	for {
		line, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r.s.Read++
		item := r.parse(line, in.number)
		if item.CustomID != "" {
			if err := seen.check(item.CustomID, in.number); err != nil {
				r.n.add(noteOf(err, Changed, in.number, item.CustomID, "custom_id"))
			}
		}
		if err := r.write(nil, item.CustomID, &item, in.number); err != nil {
			return err
		}
	}
}

// parse reads a line of results, and adds a note if it is damaged.
func (r *resultWriter) parse(line []byte, number int) client.Item {
	item := client.ParseItem(line, number)
	if item.Malformed != nil {
		r.n.add(Note{Line: number, ID: item.CustomID, Kind: Changed, Message: "the result is damaged", Detail: item.Malformed.Err.Error()})
	}
	return item
}

// write writes a row of the input with its result. Input is nil without a table, and item is nil if the result is missing.
func (r *resultWriter) write(input []string, id string, item *client.Item, line int) error {
	r.row = append(r.row[:0], input...)
	if r.withID {
		r.row = append(r.row, id)
	}
	a := answerOf(item)
	r.row = append(r.row, a.outcome, a.text, a.stopReason, a.errorType, a.errorMessage)
	r.row = append(r.row, a.tokens[:]...)
	if len(r.fields) > 0 {
		r.row = append(r.row, r.values(item, line, id)...)
	}
	r.s.Outcomes[a.outcome]++
	r.s.Written++
	for i, cell := range r.row {
		if len(cell) > maxCell && isLong(cell) {
			r.n.add(Note{Line: line, ID: id, Kind: Changed, Place: r.names[i], Message: "longer than the 32,767 characters of a spreadsheet cell: the file has all of it, but a spreadsheet truncates it"})
		}
	}
	if r.n.err != nil {
		return r.n.err
	}
	return r.out.Write(r.row)
}
