package jobs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// ErrInputChanged is the error for an input that has changed since the job began.
var ErrInputChanged = errors.New("the input has changed since the job began")

// An input is the file of requests of a job.
type input struct {
	disk  disk
	name  string
	blobs store.Blobs // where the lists are
}

// A request is a line of the input with its index among the requests, from 0.
type request struct {
	index       int64
	offset, end int64
	text        []byte
	changed     bool // text differs from the input: the request was changed before it is resent
}

// requests yields the requests of a batch in order. If they differ from the planned ones, the last error is ErrInputChanged.
func (in *input) requests(ctx context.Context, b *store.Batch) iter.Seq2[request, error] {
	return func(yield func(request, error) bool) {
		sum, err := resumedHash(b.HashState)
		if err != nil {
			yield(request{}, fmt.Errorf("batch %d: %w", b.Seq, err))
			return
		}
		n := 0
		for r, err := range in.unverified(ctx, b, sum) {
			if n++; !yield(r, err) || err != nil {
				return
			}
		}
		if n != b.Requests || hex.EncodeToString(sum.Sum(nil)) != b.SHA256 {
			yield(request{}, fmt.Errorf("input: %w", ErrInputChanged))
		}
	}
}

// unverified is requests without the check at the end. What would be checked is written to sum.
func (in *input) unverified(ctx context.Context, b *store.Batch, sum io.Writer) iter.Seq2[request, error] {
	return func(yield func(request, error) bool) {
		f, err := in.disk.Open(in.name)
		if err != nil {
			yield(request{}, fmt.Errorf("input: %w", err))
			return
		}
		defer f.Close()
		each := in.ranged
		if b.Lines != "" {
			each = in.listed
		}
		left := false
		err = each(ctx, f, b, sum, func(r request) bool {
			left = !yield(r, nil)
			return !left
		})
		if err != nil && !left {
			yield(request{}, fmt.Errorf("input: %w", err))
		}
	}
}

// ranged reads a batch that is one range of the input.
func (in *input) ranged(ctx context.Context, f file, b *store.Batch, sum io.Writer, yield func(request) bool) error {
	skip, err := in.skipped(ctx, b)
	if err != nil {
		return err
	}
	r := newRangeReader(io.NewSectionReader(f, b.Offset, b.End-b.Offset), b.Offset, b.End)
	for index := b.First; ; index++ {
		l, err := r.next(func(raw []byte) { _, _ = sum.Write(raw) }) // to a hash
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case skip[index]:
		case !yield(request{index, l.offset, l.end, l.text, false}):
			return nil
		}
	}
}

// listed reads a batch that is a list of lines.
func (in *input) listed(ctx context.Context, f file, b *store.Batch, sum io.Writer, yield func(request) bool) error {
	var text []byte
	for e, err := range readList(ctx, in.blobs, b.Lines) {
		if err != nil {
			return err
		}
		if text, err = in.line(f, e, text); err != nil {
			return err
		}
		_, _ = sum.Write(text) // to a hash
		_, _ = sum.Write([]byte("\n"))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !yield(request{e.index, e.offset, e.end, text, e.text != nil}) {
			return nil
		}
	}
	return nil
}

// line returns the request of an entry. It may use the memory of buf.
func (in *input) line(f file, e entry, buf []byte) ([]byte, error) {
	if e.text != nil {
		return append(buf[:0], e.text...), nil
	}
	buf = slices.Grow(buf[:0], int(e.end-e.offset))[:e.end-e.offset]
	if _, err := f.ReadAt(buf, e.offset); err == io.EOF {
		return nil, ErrInputChanged
	} else if err != nil {
		return nil, err
	}
	return trimLine(buf, e.offset == 0), nil
}

// An entry is a line of a list: a request and its position in the input.
type entry struct {
	index, offset, end int64
	text               []byte // of a request that was changed; nil means that of the input
}

func (e entry) append(to []byte) []byte {
	to = strconv.AppendInt(to, e.index, 10)
	to = strconv.AppendInt(append(to, ' '), e.offset, 10)
	to = strconv.AppendInt(append(to, ' '), e.end, 10)
	if e.text != nil {
		to = append(append(to, ' '), e.text...)
	}
	return append(to, '\n')
}

func parseEntry(line []byte) (e entry, ok bool) {
	fields := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(" "), 4)
	if len(fields) < 3 {
		return e, false
	}
	var err1, err2, err3 error
	e.index, err1 = strconv.ParseInt(string(fields[0]), 10, 64)
	e.offset, err2 = strconv.ParseInt(string(fields[1]), 10, 64)
	e.end, err3 = strconv.ParseInt(string(fields[2]), 10, 64)
	if len(fields) == 4 {
		e.text = fields[3]
	}
	return e, err1 == nil && err2 == nil && err3 == nil && 0 <= e.offset && e.offset <= e.end
}

// readList yields the entries of a list. The text of an entry is valid until the next one. An error is the last thing it
// yields.
func readList(ctx context.Context, blobs store.Blobs, name string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		f, err := blobs.Open(ctx, name, 0)
		if err != nil {
			yield(entry{}, err)
			return
		}
		defer f.Close()
		in, long := bufio.NewReaderSize(f, 64<<10), []byte(nil)
		for {
			line, err := readWhole(in, &long, math.MaxInt)
			if err == io.EOF && len(line) == 0 {
				return
			}
			e, ok := parseEntry(line)
			if err == nil && !ok {
				err = errors.New("damaged line")
			}
			if err != nil {
				yield(entry{}, fmt.Errorf("list %s: %w", name, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
