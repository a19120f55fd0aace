package bulk_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// TestErrorTexts puts characters that must not reach a terminal into every text that errors contain.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	bad := "x\n\x1b[2J\u009b\u202e\u2028\xff" + strings.Repeat("y", 5000)
	file := &fs.PathError{Op: "read", Path: bad, Err: fs.ErrPermission}
	_, price := bulk.Totals{Models: map[client.Model]bulk.Tokens{client.Model(bad): {Input: 1}}, ServerTools: map[string]int64{bad: 1}}.Cost(bulk.Prices{})
	_, wrong := bulk.Totals{ServerTools: map[string]int64{bad: 1}}.Cost(bulk.Prices{ServerTools: map[string]float64{bad: -1}})
	request := &bulk.RequestError{Line: 1, CustomID: bad, Err: file}
	for name, err := range map[string]error{
		"price":    price,
		"wrong":    wrong,
		"request":  request,
		"left out": &bulk.LeftOutError{Count: 1, First: []*bulk.RequestError{request}, Err: file},
		"match":    &bulk.MatchError{Missing: 1, First: []*client.ItemError{{CustomID: bad, Err: bulk.ErrMissing}}, Errs: []error{file}},
	} {
		text := err.Error()
		if len(text) > 2500 || !strings.Contains(text, `x\n\x1b[2J\u009b\u202e\u2028\xff`) {
			t.Errorf("%s: %d bytes: %.300q", name, len(text), text)
		}
		for _, r := range text {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%s holds %U: %q", name, r, text)
				break
			}
		}
	}
	var left *bulk.LeftOutError
	for _, err := range bulk.ReadRequests(failingReader{file}) {
		if errors.As(err, &left); err != nil && (!errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("got %q", err)
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
