package bulk

import (
	"fmt"
	"io"
	"iter"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// A Section is a range of whole lines that makes one batch.
//
//	c.CreateLines(ctx, io.NewSectionReader(file, s.Offset, s.Bytes))
type Section struct {
	// Offset is where the section begins, in bytes from where reading began, and Bytes is its length, including the white
	// space between its lines.
	Offset, Bytes int64

	// Line is the number of its first line, from 1.
	Line int

	// Requests is how many requests it has: its lines that are not blank.
	Requests int

	// Body is the length of the body that CreateLines sends for it, in bytes.
	Body int64
}

// SplitLines splits a JSON Lines file of requests, one object {"custom_id", "params"} per line, into sections that make
// batches. It treats lines as [Split] treats requests. Blank lines, white space around a line and a byte order mark at the
// very start are skipped.
//
// A line that fits no batch is omitted: the section before it ends, so that no section contains it, and the next line
// begins another one. An error is the last thing SplitLines yields: a [*LeftOutError] with the numbers of the first omitted
// lines, or the error of reading r. The whole lines before a read error are in sections.
//
// SplitLines only checks that the params are a JSON object; package preflight checks their content. Memory holds the custom
// IDs of all lines, and one line of at most [Limits.MaxBytes]; a longer one is omitted without being kept. An iteration
// reads r to its end, so a second one yields nothing.
func SplitLines(r io.Reader, l Limits) iter.Seq2[Section, error] {
	return func(yield func(Section, error) bool) {
		p, err := newPacker(l)
		if err != nil {
			yield(Section{}, err)
			return
		}
		var left LeftOutError
		var s Section
		endSection := func() bool {
			done := s
			s = Section{}
			p.Next()
			return done.Requests == 0 || yield(done, nil)
		}
		in := lines.NewReader(r, p.largest())
		for index := 0; ; index++ {
			next, err := in.Next()
			if err != nil {
				if err != io.EOF {
					left.Err = fmt.Errorf("line %d: %w", in.Number(), foreign.Error(err))
				}
				break
			}
			id, err := readRequest(next, p)
			if err == nil {
				err = p.note(id, next.Number)
			}
			if err != nil {
				left.add(&RequestError{Index: index, Line: next.Number, CustomID: id, Err: err})
				if !endSection() {
					return
				}
				continue
			}
			if p.full(int64(len(next.Text))) && !endSection() {
				return
			}
			p.Add(len(next.Text))
			if s.Requests == 0 {
				s.Offset, s.Line = next.Offset, next.Number
			}
			s.Requests++
			s.Bytes, s.Body = next.End-s.Offset, p.Bytes()
		}
		if !endSection() {
			return
		}
		if err := left.last(); err != nil {
			yield(Section{}, err)
		}
	}
}
