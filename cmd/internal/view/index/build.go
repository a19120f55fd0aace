package index

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/parallel"
)

const (
	magic    = "mbindex1"
	headSize = int64(len(magic) + 8) // and the number of records; the meta follows the records as JSON
)

var errNoIndex = errors.New("not an index")

// open opens the existing index if it belongs to the file, and otherwise builds a new one.
func (x *Index) open(ctx context.Context) error {
	info, err := x.data.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file, which is needed to read single lines")
	}
	if err := os.MkdirAll(x.options.Dir, 0o700); err != nil {
		return err
	}
	path, err := x.indexPath()
	if err != nil {
		return err
	}
	now := state{Size: info.Size(), ModTime: info.ModTime(), Rules: x.options.rules()}
	old, f, err := x.fits(path, now)
	if err != nil {
		return err
	}
	if f != nil && old.State.Size == now.Size && old.State.ModTime.Equal(now.ModTime) {
		x.index, x.meta, x.reused = f, old, now.Size
		_ = os.Chtimes(path, time.Now(), time.Now()) // for sweep; if this fails, the index is only rebuilt earlier
		return nil
	}
	if f != nil {
		defer f.Close()
	}
	sweep(x.options.Dir, time.Now())
	x.reused = old.Next
	return x.build(ctx, path, now, old, f)
}

// fits returns the index at path if it belongs to the file, or to a beginning of it. The file is nil if there is none.
func (x *Index) fits(path string, now state) (meta, *os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return meta{}, nil, nil //nolint:nilerr // building a new index reports the error
	}
	m, err := readMeta(f)
	if err == nil && m.State.Rules == now.Rules && m.State.Size <= now.Size {
		head, tail, err := hashes(x.data, m.Next)
		if err != nil {
			f.Close()
			return meta{}, nil, err
		}
		if head == m.State.Head && tail == m.State.Tail {
			return m, f, nil
		}
	}
	f.Close()
	return meta{}, nil, nil
}

// build writes an index, starting with the records of the old one that still hold, and replaces the old one.
func (x *Index) build(ctx context.Context, path string, now state, old meta, from *os.File) (err error) {
	part, err := os.CreateTemp(x.options.Dir, "*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			part.Close()
			_ = os.Remove(part.Name()) // err has the cause
		}
	}()
	out := bufio.NewWriterSize(part, 1<<20)
	_, _ = out.Write(make([]byte, headSize)) // Flush returns the error
	if from != nil {
		if _, err := io.Copy(out, io.NewSectionReader(from, headSize, old.Sure*recordSize)); err != nil {
			return err
		}
	}
	x.meta = meta{State: now, Rows: old.Sure, Sure: old.Sure, Next: old.Next, Lines: old.Lines}
	if err := x.write(ctx, out, newNames(old.Names)); err != nil {
		return err
	}
	if x.meta.State.Head, x.meta.State.Tail, err = hashes(x.data, x.meta.Next); err != nil {
		return err
	}
	b, err := json.Marshal(x.meta)
	if err != nil {
		return err
	}
	_, _ = out.Write(b)
	if err := out.Flush(); err != nil {
		return err
	}
	if _, err := part.WriteAt(binary.LittleEndian.AppendUint64([]byte(magic), uint64(x.meta.Rows)), 0); err != nil {
		return err
	}
	x.index = part
	return replace(part, path)
}

// replace renames an open file. Where open files cannot be renamed, the index is not kept.
func replace(f *os.File, path string) error {
	err := os.Rename(f.Name(), path)
	if err != nil && runtime.GOOS == "windows" {
		return nil
	}
	return err
}

func readHead(f *os.File) (rows int64, err error) {
	b := make([]byte, headSize)
	if _, err := f.ReadAt(b, 0); err != nil {
		return 0, err
	}
	if string(b[:len(magic)]) != magic {
		return 0, errNoIndex
	}
	return int64(binary.LittleEndian.Uint64(b[len(magic):])), nil
}

// A group is a number of lines that are read together.
type group struct {
	text  []byte
	ends  []int    // offsets in text at which the lines end
	lines []Record // Offset and Length refer to the file
	cut   bool     // the last one has no line break
	next  int64    // offset of the next group
	last  int      // the number of the last line
	err   error    // error that ended reading
}

const groupSize = 1 << 20

// groups reads the lines of r, which begins at the given offset in the file.
func groups(r io.Reader, offset int64) iter.Seq[group] {
	return func(yield func(group) bool) {
		in := newLineReader(r, MaxLine)
		var g group
		for {
			line, err := in.next()
			if err == nil {
				g.lines = append(g.lines, Record{Offset: offset + line.offset, Length: line.end - line.offset, Line: int64(line.number), Long: line.long})
				g.text = append(g.text, line.text...)
				g.ends = append(g.ends, len(g.text))
				g.next, g.last, g.cut = offset+line.end, line.number, line.cut
				if len(g.text) < groupSize && len(g.lines) < 10000 {
					continue
				}
			} else if err != io.EOF {
				g.err = fmt.Errorf("line %d: %w", in.number, err)
			}
			if !yield(g) || err != nil {
				return
			}
			g = group{text: make([]byte, 0, len(g.text))}
		}
	}
}

// write writes the records of the file from offset x.meta.Next on.
func (x *Index) write(ctx context.Context, out io.Writer, all *names) error {
	type parsed struct {
		group
		names []named
	}
	from, base := x.meta.Next, x.meta.Lines
	if from > 0 { // include the line break, so that nothing after it is taken for a byte order mark
		from, base = from-1, base-1
	}
	parse := func(g group) parsed {
		p := parsed{group: g, names: make([]named, len(g.lines))}
		at := 0
		for i := range g.lines {
			l := &g.lines[i]
			if l.Long {
				p.names[i] = named{outcome: Damaged}
				continue
			}
			r, n := x.options.Kind.read(g.text[at:g.ends[i]], x.options.Table, x.meta.State.ModTime)
			r.Offset, r.Length, r.Line = l.Offset, l.Length, l.Line
			p.lines[i], p.names[i], at = r, n, g.ends[i]
		}
		return p
	}
	var buf []byte
	in := io.NewSectionReader(x.data, from, x.meta.State.Size-from) // not what is being appended
	for p := range parallel.Map(runtime.GOMAXPROCS(0), groups(in, from), parse) {
		if err := errors.Join(ctx.Err(), p.err); err != nil {
			return err
		}
		buf = buf[:0]
		for i := range p.lines {
			r, last := &p.lines[i], p.cut && i == len(p.lines)-1
			r.Line += base
			p.names[i].set(r, all)
			switch {
			case last && p.names[i].outcome == Damaged && r.ID == 0:
				x.meta.Partial = true
				x.again(r)
				continue
			case last:
				x.again(r)
			default:
				x.meta.Sure++
			}
			buf = r.append(buf)
			x.meta.Rows++
		}
		if len(p.lines) > 0 && !p.cut {
			x.meta.Next, x.meta.Lines = p.next, base+int64(p.last)
		}
		if _, err := out.Write(buf); err != nil {
			return err
		}
		if x.options.Progress != nil {
			x.options.Progress(max(p.next, x.meta.Next), x.meta.State.Size)
		}
	}
	x.meta.Names = slices.Clone(all.all)
	return nil
}

// again makes a later index read the last line again when the file has grown.
func (x *Index) again(r *Record) {
	x.meta.Next, x.meta.Lines = r.Offset, r.Line-1
	if r.Line == 1 {
		x.meta.Next = 0 // including the byte order mark
	}
}
