package client

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"runtime"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/lines"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// A source yields the requests of a batch as JSON, as often as the batch is sent.
type source interface {
	// parts yields what must be known about the requests before they are sent. It reads until ctx ends.
	parts(ctx context.Context) iter.Seq[part]

	// kind says what the requests are, for errors.
	kind() string

	// rewind goes back to the first request. Later calls read until ctx ends.
	rewind(ctx context.Context) error

	// next appends the next request to buf. After the last one it returns io.EOF, or errChanged if the requests are not
	// those that parts has read.
	next(buf []byte) ([]byte, error)

	// check checks the requests with a checker.
	check(ctx context.Context, checker Checker, info CallInfo) error
}

// A part is some consecutive requests.
type part struct {
	requests []counted
	err      error // that ended the reading
}

// counted is what must be known about a request.
type counted struct {
	id   string
	size int   // of its JSON
	at   int   // where it is: its index, or the number of its line
	err  error // why it is not a request
}

// partsAtATime is how many parts are counted at the same time: each of them takes memory.
func partsAtATime() int { return min(4, runtime.GOMAXPROCS(0)) }

// values are requests that are Go values.
type values struct {
	requests []Request
	given    int
}

func (v *values) kind() string { return "request" }

func (v *values) parts(context.Context) iter.Seq[part] {
	const each = 256
	starts := func(yield func(int) bool) {
		for i := 0; i < len(v.requests) && yield(i); i += each {
		}
	}
	return parallel.Map(partsAtATime(), starts, func(start int) (p part) {
		var buf []byte
		for i := start; i < min(start+each, len(v.requests)); i++ {
			var err error
			buf, err = v.requests[i].AppendJSON(buf[:0])
			p.requests = append(p.requests, counted{id: v.requests[i].CustomID, size: len(buf), at: i, err: err})
		}
		return p
	})
}

func (v *values) rewind(context.Context) error {
	v.given = 0
	return nil
}

func (v *values) next(buf []byte) ([]byte, error) {
	if v.given == len(v.requests) {
		return buf, io.EOF
	}
	v.given++
	return v.requests[v.given-1].AppendJSON(buf)
}

func (v *values) check(ctx context.Context, checker Checker, info CallInfo) error {
	return checker.CheckRequests(ctx, v.requests, info)
}

var errChanged = errors.New("the requests have changed since they were checked")

// jsonLines are requests that are lines of JSON.
type jsonLines struct {
	from  *guardedReader
	start int64
	lines *lines.Reader
	hash  maphash.Hash // of the lines since the start
	want  uint64       // the hash of all lines that parts has read
}

func newJSONLines(ctx context.Context, reader io.ReadSeeker) (*jsonLines, error) {
	if reader == nil {
		return nil, errors.New("there are no lines: the reader is nil")
	}
	from := &guardedReader{from: reader, ctx: ctx}
	start, err := from.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, foreign.Error(err)
	}
	return &jsonLines{from: from, start: start, lines: lines.NewReader(from, limits.MaxBytes)}, nil
}

func (l *jsonLines) kind() string { return "line" }

func (l *jsonLines) parts(ctx context.Context) iter.Seq[part] {
	return func(yield func(part) bool) {
		if err := l.rewind(ctx); err != nil {
			yield(part{err: err})
			return
		}
		parallel.Map(partsAtATime(), l.blocks, inspectBlock)(yield)
	}
}

// blocks yields the lines in blocks, and computes their hash.
func (l *jsonLines) blocks(yield func(lines.Block) bool) {
	for b := range lines.Blocks(l.from, limits.MaxBytes) {
		for _, line := range b.Lines() {
			l.addHash(line)
		}
		if !yield(b) {
			return
		}
	}
	l.want = l.hash.Sum64()
}

func (l *jsonLines) addHash(line []byte) {
	l.hash.Write(line)
	l.hash.WriteByte('\n')
}

func inspectBlock(b lines.Block) (p part) {
	defer b.Release()
	for number, line := range b.Lines() {
		c := counted{size: len(line), at: number, err: lines.ErrLong}
		if len(line) <= limits.MaxBytes {
			var r limits.Request
			r, c.err = limits.Parse(line)
			c.id = r.CustomID
		}
		p.requests = append(p.requests, c)
	}
	if b.Err != nil {
		p.err = fmt.Errorf("line %d: %w", b.End(), foreign.Error(b.Err))
	}
	return p
}

func (l *jsonLines) rewind(ctx context.Context) error {
	l.from.ctx = ctx
	_, err := l.from.Seek(l.start, io.SeekStart)
	l.lines.Reset(l.from)
	l.hash.Reset()
	return foreign.Error(err)
}

func (l *jsonLines) next(buf []byte) ([]byte, error) {
	line, err := l.lines.Next()
	switch {
	case err == nil:
		l.addHash(line.Text)
	case err == io.EOF && l.hash.Sum64() != l.want:
		err = errChanged
	}
	return append(buf, line.Text...), err
}

func (l *jsonLines) check(ctx context.Context, checker Checker, info CallInfo) error {
	if err := l.rewind(ctx); err != nil {
		return err
	}
	return checker.CheckLines(ctx, l.from, info)
}
