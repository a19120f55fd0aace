package client

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/lines"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A source gives the requests of a batch as JSON, one after the other, as often as the batch is sent.
type source interface {
	// rewind goes back to the first request.
	rewind() error

	// next appends the next request to buf. Behind the last one it returns io.EOF, or errChanged if the requests are not
	// those that were there the first time.
	next(buf []byte) ([]byte, error)

	// inspect returns the custom id of the request that next has just given, or what makes it no request.
	inspect(encoded []byte) (customID string, err error)

	// place says where that request stands: its kind of place and the number there.
	place() (kind string, number int)

	// decode returns all requests.
	decode() ([]Request, error)
}

// values are requests that are Go values.
type values struct {
	requests []Request
	given    int
}

func (v *values) rewind() error {
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

func (v *values) inspect([]byte) (string, error) { return v.requests[v.given-1].CustomID, nil }

func (v *values) place() (string, int) { return "request", v.given - 1 }

func (v *values) decode() ([]Request, error) { return v.requests, nil }

var errChanged = errors.New("the requests have changed since they were checked")

// jsonLines are requests that are lines of JSON.
type jsonLines struct {
	from  io.ReadSeeker
	start int64
	lines *lines.Reader
	hash  maphash.Hash // of the lines since the start
	first uint64       // the hash of all lines when they were first read, 0 before
}

func newJSONLines(from io.ReadSeeker) (*jsonLines, error) {
	start, err := from.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	return &jsonLines{from: from, start: start, lines: lines.NewReader(from, envelope.MaxBytes)}, nil
}

func (l *jsonLines) rewind() error {
	_, err := l.from.Seek(l.start, io.SeekStart)
	l.lines.Reset(l.from)
	l.hash.Reset()
	return err
}

func (l *jsonLines) next(buf []byte) ([]byte, error) {
	line, err := l.lines.Next()
	switch {
	case line.Long:
		err = errors.New("longer than a batch may be")
	case err == nil:
		l.hash.Write(line.Text)
		l.hash.WriteByte('\n')
	case err == io.EOF && l.first == 0:
		l.first = l.hash.Sum64()
	case err == io.EOF && l.hash.Sum64() != l.first:
		err = errChanged
	}
	return append(buf, line.Text...), err
}

func (l *jsonLines) inspect(line []byte) (string, error) {
	var r envelope.Request
	err := wire.Walk(line, func(d *wire.Decoder) { envelope.Decode(d, &r) })
	if errors.As(err, new(*gen.DecodeError)) {
		return "", err
	} else if err != nil {
		return "", fmt.Errorf("not one JSON value: %w", wire.Quiet(err))
	}
	if !r.HasParams() {
		return "", errors.New(`"params" is missing or no object`)
	}
	return r.CustomID, nil
}

func (l *jsonLines) place() (string, int) { return "line", l.lines.Number() }

func (l *jsonLines) decode() ([]Request, error) {
	if err := l.rewind(); err != nil {
		return nil, err
	}
	var requests []Request
	for {
		line, err := l.lines.Next()
		if err == io.EOF {
			return requests, nil
		}
		var r Request
		if err == nil {
			err = r.UnmarshalJSON(line.Text)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.lines.Number(), err)
		}
		requests = append(requests, r)
	}
}
