package bulk

import (
	"fmt"
	"io"
	"iter"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// A Section is a range of whole lines that makes one batch.
//
//	c.CreateJSON(ctx, io.NewSectionReader(file, s.Offset, s.Bytes))
type Section struct {
	// Offset is where the section begins, in bytes from where reading began, and Bytes how long it is, with the white
	// space between its lines.
	Offset, Bytes int64

	// Line is the number of its first line, from 1.
	Line int

	// Requests is how many requests it has: its lines that are not blank.
	Requests int

	// Body is the length of the body that CreateJSON makes of it, in bytes.
	Body int64
}

// SplitLines gives a file of requests, one JSON object {"custom_id", "params"} a line, in sections that make batches. It
// does with lines what [Split] does with requests: blank lines are passed over, and so are white space around a line and
// a byte order mark at the very start.
//
// A line that fits no batch comes as a [*RequestError] with an empty section. It ends the section before it, so that no
// section holds it, and the rest goes on. An error of reading r is the last thing given, behind the section of the whole
// lines before it.
//
// The parameters are not looked at, but for being JSON: package preflight does that. Memory holds the custom ids of all
// lines, and a line of at most [Limits.MaxBytes]; a longer one is passed over. An iteration reads r to its end, so that
// there can be one.
func SplitLines(r io.Reader, l Limits) iter.Seq2[Section, error] {
	return func(yield func(Section, error) bool) {
		p, err := newPacker(l)
		if err != nil {
			yield(Section{}, err)
			return
		}
		var s Section
		give := func() bool {
			done := s
			s = Section{}
			p.next()
			return done.Requests == 0 || yield(done, nil)
		}
		in := lines.NewReader(r, p.largest())
		for index := 0; ; index++ {
			next, err := in.Next()
			if err != nil {
				if give() && err != io.EOF {
					yield(Section{}, fmt.Errorf("line %d: %w", in.Number(), err))
				}
				return
			}
			id, err := readRequest(next, p)
			if err != nil {
				if !give() || !yield(Section{}, &RequestError{Index: index, Line: next.Number, CustomID: id, Err: err}) {
					return
				}
				continue
			}
			size := int64(len(next.Text))
			if p.full(size) && !give() {
				return
			}
			p.add(id, size)
			if s.Requests == 0 {
				s.Offset, s.Line = next.Offset, next.Number
			}
			s.Requests++
			s.Bytes, s.Body = next.End-s.Offset, p.bytes
		}
	}
}

// readRequest returns the custom id of a line, and an error if it fits no batch.
func readRequest(l lines.Line, p *packer) (id string, err error) {
	r, err := envelope.Parse(l.Text)
	switch {
	case l.Long:
		return r.CustomID, p.tooLarge()
	case err != nil:
		return r.CustomID, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r.CustomID, p.checkID(r.CustomID)
}
