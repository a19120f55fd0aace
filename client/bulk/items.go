package bulk

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// maxItem is the longest line that ReadItems takes, in bytes, like that of client.Results.
const maxItem = 256 << 20

// ReadItems reads results that were stored as lines of [client.Item.Raw], or as the service sent them. They come as
// [client.Client.Results] gives them: a line that cannot be read as it should is a [*client.LineError], together with the
// item if it is whole but for an odd field, and the next line follows. Blank lines are passed over. A line longer than
// 256 MiB is a LineError too.
//
// Nobody knows here how many lines there should be, and an id that comes twice is given twice: [Match] finds both.
//
// An error of reading r is the last thing given. Memory holds one line. An iteration reads r to its end, so that there
// can be one.
func ReadItems(r io.Reader) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		in := lines.NewReader(r, maxItem)
		for {
			next, err := in.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("stored results, line %d: %w", in.Number(), err))
				return
			}
			if !yield(readItem(next)) {
				return
			}
		}
	}
}

func readItem(l lines.Line) (*client.Item, error) {
	if l.Long {
		return nil, &client.LineError{Line: l.Number, Err: fmt.Errorf("line is longer than %d bytes", maxItem)}
	}
	item := new(client.Item)
	err := item.UnmarshalJSON(l.Text)
	if err == nil {
		return item, nil
	}
	bad := &client.LineError{Line: l.Number, CustomID: item.CustomID, Raw: item.Raw, Err: err}
	if !isWhole(item, err) {
		item = nil
	}
	return item, bad
}

// isWhole reports whether an item that was decoded with err is one, but for an odd field.
func isWhole(i *client.Item, err error) bool {
	return i.CustomID != "" && i.Result != nil && (err == nil || errors.As(err, new(*gen.DecodeError)))
}
