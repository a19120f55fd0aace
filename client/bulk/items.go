package bulk

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// ReadItems reads stored results, one line for each [client.Item.Raw], or the file of results as the service sent it. It
// yields what [client.Client.Results] yields: a damaged line, or one longer than 32 MiB, is an item whose Malformed is set.
// For longer lines, split the file yourself and use [client.ParseItem]. Blank lines are skipped. ReadItems does not know
// how many results there should be, and a custom ID may occur twice: use [Match] to find out.
//
// An error is the last thing ReadItems yields: reading failed, or the last line is incomplete, so that the file has
// probably been truncated.
//
// Memory holds one line. An iteration reads r to its end, so a second one yields nothing.
func ReadItems(r io.Reader) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		in := lines.NewReader(r, limits.MaxLine)
		for {
			next, err := in.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("stored results, line %d: %w", in.Number(), foreign.Error(err)))
				return
			}
			item := readItem(next)
			if !yield(item, nil) {
				return
			}
			if next.Cut && item.Malformed != nil && errors.Is(item.Malformed, io.ErrUnexpectedEOF) {
				yield(nil, fmt.Errorf("stored results end in the middle of line %d: %w", next.Number, io.ErrUnexpectedEOF))
				return
			}
		}
	}
}

func readItem(l lines.Line) *client.Item {
	if l.Long {
		return &client.Item{Malformed: &client.LineError{Line: l.Number, Err: fmt.Errorf("line is longer than %d bytes", limits.MaxLine)}}
	}
	item := client.ParseItem(l.Text, l.Number)
	return &item
}
