package bulk

import (
	"fmt"
	"io"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// ReadRequests reads requests from a JSON Lines file, one object {"custom_id", "params"} per line. Blank lines are skipped.
//
// Properties that this version does not know are kept in Extra, both those of the line and those of its params. A line with
// such a property at a deeper level is omitted, because it would be sent without the property: to send lines unchanged, use
// [SplitLines] and [client.Client.CreateLines], which do not decode them.
//
// A line that cannot be sent is omitted, and reading continues: it is not JSON in valid UTF-8, its params do not fit their
// types ([ErrMalformed]), its custom ID is missing or invalid ([ErrInvalidID]), or it is longer than a batch may be
// ([ErrTooLarge]). Duplicate custom IDs are not detected here; [Split] does that. An error is the last thing ReadRequests
// yields: a [*LeftOutError] with the numbers of the first omitted lines, or the error of reading r.
//
// Memory holds one line. An iteration reads r to its end, so a second one yields nothing.
func ReadRequests(r io.Reader) iter.Seq2[client.Request, error] {
	return func(yield func(client.Request, error) bool) {
		p, _ := newPacker(Limits{}) // these limits are valid
		in := lines.NewReader(r, p.largest())
		var left LeftOutError
		for index := 0; ; index++ {
			line, err := in.Next()
			if err != nil {
				if err != io.EOF {
					left.Err = fmt.Errorf("line %d: %w", in.Number(), foreign.Error(err))
				}
				break
			}
			var request client.Request
			id, err := readRequest(line, p)
			if err == nil {
				if err = request.UnmarshalJSON(line.Text); err != nil {
					err = fmt.Errorf("%w: %w", ErrMalformed, err)
				}
			}
			if err != nil {
				left.add(&RequestError{Index: index, Line: line.Number, CustomID: id, Err: err})
			} else if !yield(request, nil) {
				return
			}
		}
		if err := left.last(); err != nil {
			yield(client.Request{}, err)
		}
	}
}

// readRequest returns the custom ID of a line, and an error if the line fits no batch.
func readRequest(l lines.Line, p *packer) (id string, err error) {
	r, err := limits.Parse(l.Text)
	switch {
	case l.Long:
		return r.CustomID, p.tooLarge()
	case err != nil:
		return r.CustomID, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r.CustomID, checkID(r.CustomID)
}
