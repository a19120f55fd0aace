package convert

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// Array converts a JSON array of requests, the body of a create call, {"requests": [...]}, or requests over several lines
// to one request per line. Numbers and strings keep their form. An element that is not an object becomes a note. After an
// error the output is incomplete.
func Array(w io.Writer, r io.Reader, n *Notes) (s Summary, err error) {
	in, err := withoutMark(r)
	if err != nil {
		return s, err
	}
	lines := &newlines{r: in}
	out := bufio.NewWriterSize(w, 1<<16)
	a := &arrayReader{d: jsontext.NewDecoder(lines), lines: lines, w: out, s: &s, n: n}
	return s, errors.Join(a.read(), out.Flush())
}

// withoutMark skips a UTF-8 byte order mark.
func withoutMark(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(head) == "\ufeff" {
		_, _ = b.Discard(3) // peeked above
	}
	return b, nil
}

// newlines counts the lines that are read through it.
type newlines struct {
	r      io.Reader
	offset int64
	ends   []int64 // offsets of line breaks after the last argument of at
	before int
}

func (l *newlines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.offset+int64(i))
		}
	}
	l.offset += int64(n)
	return n, err
}

// at returns the line of an offset, from 1. Offsets must not decrease from call to call.
func (l *newlines) at(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] < offset {
		n++
	}
	l.before += n
	l.ends = append(l.ends[:0], l.ends[n:]...)
	return l.before + 1
}

// An arrayReader reads requests from JSON in any of the forms that Array accepts.
type arrayReader struct {
	d     *jsontext.Decoder
	lines *newlines
	w     *bufio.Writer
	s     *Summary
	n     *Notes
}

func (a *arrayReader) read() error {
	for first := true; ; first = false {
		var err error
		switch a.d.PeekKind() {
		case '[':
			err = a.array()
		case '{':
			err = a.object()
		default:
			if err = a.d.SkipValue(); err == io.EOF {
				if first {
					return errors.New("the file is empty")
				}
				return nil
			}
			if err == nil {
				err = fmt.Errorf("line %d: neither a JSON array nor an object", a.line())
			}
		}
		if err != nil {
			return a.explain(err)
		}
	}
}

func (a *arrayReader) line() int { return a.lines.at(a.d.InputOffset()) }

// explain adds the line to a syntax error.
func (a *arrayReader) explain(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("unexpected end of the JSON: the file is truncated")
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: not JSON: %w", a.lines.at(syntax.ByteOffset), syntax.Err)
	}
	return err
}

// array reads an array of requests.
func (a *arrayReader) array() error {
	if _, err := a.d.ReadToken(); err != nil {
		return err
	}
	for a.d.PeekKind() != ']' {
		v, err := a.d.ReadValue()
		if err != nil {
			return err
		}
		if err := a.write(v, a.lines.at(a.d.InputOffset()-int64(len(v)))); err != nil {
			return err
		}
	}
	_, err := a.d.ReadToken()
	return err
}

// object reads the body of a create call, or a request.
func (a *arrayReader) object() error {
	if _, err := a.d.ReadToken(); err != nil {
		return err
	}
	begin := a.line()
	request, others, isBody := []byte("{"), []string(nil), false
	for a.d.PeekKind() != '}' {
		name, err := a.d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		if key == "requests" && a.d.PeekKind() == '[' {
			isBody = true
			if err := a.array(); err != nil {
				return err
			}
			continue
		}
		v, err := a.d.ReadValue()
		if err != nil {
			return err
		}
		others = append(others, key)
		if !isBody {
			if len(request) > 1 {
				request = append(request, ',')
			}
			request = append(append(quote(request, key), ':'), v...)
		}
	}
	if _, err := a.d.ReadToken(); err != nil {
		return err
	}
	if !isBody {
		return a.write(append(request, '}'), begin)
	}
	for _, key := range others {
		a.n.add(Note{Line: a.line(), Kind: Dropped, Place: key, Message: "it is outside of the requests and not part of any request"})
	}
	return a.n.err
}

// write writes a request that begins at a line.
func (a *arrayReader) write(v jsontext.Value, line int) error {
	a.s.Read++
	if v.Kind() != '{' {
		a.n.add(Note{Line: line, Kind: Refused, Message: "not an object: a request is {\"custom_id\", \"params\"}"})
		return a.n.err
	}
	v = bytes.Clone(v)
	if err := v.Compact(); err != nil {
		return err
	}
	if len(v) > preflight.MaxLine {
		a.n.add(Note{Line: line, Kind: Refused, Message: fmt.Sprintf("the request is larger than %d MB, which no batch can hold", preflight.MaxLine>>20)})
		return a.n.err
	}
	a.s.Written++
	_, err := a.w.Write(append(v, '\n'))
	return err
}
