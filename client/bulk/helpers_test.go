package bulk_test

import (
	"errors"
	"iter"
	"log"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

// fakeClient returns a client of a fake service, in which batches end at once.
func fakeClient(service *batchtest.Service) *client.Client {
	c, err := client.New(
		client.WithoutEnvironment(),
		client.WithAPIKey(service.Key()),
		client.WithBaseURL(service.URL()),
		client.WithHTTPClient(service.HTTPClient()),
	)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func request(id, text string) client.Request {
	return client.Request{CustomID: id, Params: client.Params{
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText(text)},
	}}
}

func encode(t testing.TB, r client.Request) []byte {
	t.Helper()
	b, err := r.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// kindOf returns the kind of an error of this package, nil for others.
func kindOf(err error) error {
	for _, kind := range []error{bulk.ErrMalformed, bulk.ErrTooLarge, bulk.ErrInvalidID, bulk.ErrDuplicateID, bulk.ErrUnknown, bulk.ErrDoubled, bulk.ErrMissing} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

// take returns the first n pairs of a sequence, all if n is negative.
func take[A, B any](seq iter.Seq2[A, B], n int) (as []A, bs []B) {
	for a, b := range seq {
		if n == 0 {
			break
		}
		as, bs = append(as, a), append(bs, b)
		n--
		if n == 0 {
			break
		}
	}
	return as, bs
}

// items makes results of lines.
func items(lines ...string) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for _, line := range lines {
			item := new(client.Item)
			err := item.UnmarshalJSON([]byte(line))
			if err != nil && !yield(item, &client.LineError{Line: 1, CustomID: item.CustomID, Raw: item.Raw, Err: err}) {
				return
			}
			if err == nil && !yield(item, nil) {
				return
			}
		}
	}
}

func item(t testing.TB, line string) *client.Item {
	t.Helper()
	i := new(client.Item)
	if err := i.UnmarshalJSON([]byte(line)); err != nil {
		t.Fatal(err)
	}
	return i
}
