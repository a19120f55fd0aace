package index

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// MaxLine is the maximum size of a line in bytes. Longer lines are not shown.
const MaxLine = 32 << 20

// ErrChanged reports that a file has changed since it was indexed.
var ErrChanged = errors.New("the file has changed since it was read: read it again")

// Options configure an Index.
type Options struct {
	// Kind is the kind of the lines.
	Kind Kind

	// Table has the prices.
	Table *price.Table

	// Dir is the directory of indexes. It is created if it does not exist.
	Dir string

	// Progress, if not nil, is called from time to time with the number of bytes read and the total.
	Progress func(done, total int64)
}

// An Index finds the lines of a file. It is safe for concurrent use. It need not be closed: its files are closed when it is
// garbage collected.
type Index struct {
	path    string
	data    *os.File // the file
	index   *os.File // its index
	meta    meta
	reused  int64
	options Options
}

// Open returns the index of a file, either the existing one or a new one. If ctx ends first, no index is kept.
func Open(ctx context.Context, path string, o Options) (*Index, error) {
	data, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x := &Index{path: path, data: data, options: o}
	if err := x.open(ctx); err != nil {
		data.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// Len returns the number of lines, without blank ones.
func (x *Index) Len() int { return int(x.meta.Rows) }

// Size returns the number of bytes of the file that the index covers.
func (x *Index) Size() int64 { return x.meta.State.Size }

// Reused returns the number of bytes that were not read because an index already covered them.
func (x *Index) Reused() int64 { return x.reused }

// Path returns the path of the file.
func (x *Index) Path() string { return x.path }

// Partial reports whether the file ends in an unfinished line, which is omitted.
func (x *Index) Partial() bool { return x.meta.Partial }

// Name returns the name for a number in a record.
func (x *Index) Name(n Name) string {
	if int(n) < len(x.meta.Names) {
		return x.meta.Names[n]
	}
	return Others
}

// At returns the record of a row, counted from 0.
func (x *Index) At(row int) (Record, error) {
	if row < 0 || row >= x.Len() {
		return Record{}, fmt.Errorf("there is no line %d", row)
	}
	b := make([]byte, recordSize)
	if _, err := x.index.ReadAt(b, headSize+int64(row)*recordSize); err != nil {
		return Record{}, err
	}
	return parseRecord(b), nil
}

// Scan calls f with each record, until f returns false or ctx ends.
func (x *Index) Scan(ctx context.Context, f func(row int, r Record) bool) error {
	in := bufio.NewReaderSize(io.NewSectionReader(x.index, headSize, x.meta.Rows*recordSize), 1<<20)
	b := make([]byte, recordSize)
	for row := range x.Len() {
		if row%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := io.ReadFull(in, b); err != nil {
			return err
		}
		if !f(row, parseRecord(b)) {
			return nil
		}
	}
	return nil
}

// Line returns the text of a line. If it can tell that the text has changed, the error is ErrChanged.
func (x *Index) Line(r Record) ([]byte, error) {
	if r.Long {
		return nil, fmt.Errorf("line %d is longer than %d MiB", r.Line, MaxLine>>20)
	}
	if r.Length > 2*MaxLine || r.Offset < 0 {
		return nil, ErrChanged
	}
	b := make([]byte, r.Length)
	if _, err := x.data.ReadAt(b, r.Offset); err == io.EOF {
		return nil, ErrChanged
	} else if err != nil {
		return nil, err
	}
	return trim(b), nil
}

// Find returns the first row with a custom ID, and whether there is one.
func (x *Index) Find(ctx context.Context, id string) (row int, found bool, err error) {
	hash := Hash(id)
	err = x.Scan(ctx, func(at int, r Record) bool {
		if r.ID == hash {
			row, found = at, true
		}
		return !found
	})
	return row, found, err
}

// Changed reports whether the file has changed since it was indexed.
func (x *Index) Changed() bool {
	info, err := os.Stat(x.path)
	return err != nil || info.Size() != x.meta.State.Size || !info.ModTime().Equal(x.meta.State.ModTime)
}

// meta describes the file of an index as a whole.
type meta struct {
	State   state    `json:"state"`
	Rows    int64    `json:"rows"`
	Names   []string `json:"names"`
	Partial bool     `json:"partial"`

	// Next is the offset at which reading continues if the file has grown. Lines and Sure are the numbers of lines and
	// records before it.
	Next  int64 `json:"next"`
	Lines int64 `json:"lines"`
	Sure  int64 `json:"sure"`
}

func readMeta(f *os.File) (m meta, err error) {
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	rows, err := readHead(f)
	if err != nil {
		return m, err
	}
	size := info.Size() - headSize - rows*recordSize
	if rows < 0 || rows > info.Size()/recordSize || size < 0 || size > 16<<20 {
		return m, errNoIndex
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, headSize+rows*recordSize); err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, err
	}
	if m.Rows != rows || m.Sure < 0 || m.Sure > rows || m.Next < 0 || m.Next > m.State.Size || len(m.Names) > mostNames {
		return m, errNoIndex
	}
	return m, nil
}
