package bulk_test

import (
	"errors"
	"iter"
	"reflect"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

func request(id, text string) client.Request {
	return client.Request{CustomID: id, Params: client.Params{
		Model:     client.ModelClaudeOpus5,
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
	for _, kind := range []error{
		bulk.ErrMalformed, bulk.ErrTooLarge, bulk.ErrInvalidID, bulk.ErrDuplicateID,
		bulk.ErrMissing, bulk.ErrUnread, bulk.ErrUnknown, client.ErrDuplicateResult, bulk.ErrDamaged,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

// collect returns what a sequence yields, and its last error. It checks that no value comes with the error, and nothing
// after it.
func collect[A any](t testing.TB, seq iter.Seq2[A, error]) (all []A, last error) {
	t.Helper()
	for a, err := range seq {
		switch {
		case last != nil:
			t.Errorf("%+v, %v after the error %v", a, err, last)
		case err != nil && !reflect.ValueOf(&a).Elem().IsZero():
			t.Errorf("%+v together with the error %v", a, err)
		case err != nil:
			last = err
		default:
			all = append(all, a)
		}
	}
	return all, last
}

// leaveEarly leaves a sequence after each of its elements. Calling yield again would panic.
func leaveEarly[A any](seq iter.Seq2[A, error]) {
	for n, more := 1, true; more; n++ {
		i := 0
		more = false
		for range seq {
			if i++; i == n {
				more = true
				break
			}
		}
	}
}

// items returns the results in lines.
func items(lines ...string) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for i, line := range lines {
			item := client.ParseItem([]byte(line), i+1)
			if !yield(&item, nil) {
				return
			}
		}
	}
}

// then returns results followed by an error.
func then(results iter.Seq2[*client.Item, error], err error) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for item, err := range results {
			if !yield(item, err) {
				return
			}
		}
		_ = yield(nil, err) && yield(nil, errors.New("after the last error"))
	}
}

func item(t testing.TB, line string) *client.Item {
	t.Helper()
	i := client.ParseItem([]byte(line), 1)
	if i.Malformed != nil {
		t.Fatal(i.Malformed)
	}
	return &i
}

// listed yields items unchanged.
func listed(items ...*client.Item) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}
