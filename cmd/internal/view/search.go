package view

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/parallel"
)

// A Search looks for a text in results and prompts, in the order of a selection. It ignores case.
type Search struct {
	Text string // text to look for
	In   string // answer, prompt or both; empty means answer
}

// matches reports whether a row contains the text, and returns its custom ID and the surrounding text.
func (f *Files) matches(s Search, row int) (id, around string, found bool, err error) {
	r, err := f.results.At(row)
	if err != nil || r.Long {
		return "", "", false, err
	}
	item, err := item(f.results, row)
	if err != nil {
		return "", "", false, err
	}
	needle := strings.ToLower(s.Text)
	if s.In != "prompt" {
		if around, found = find(needle, append(texts(item), item.CustomID)); found {
			return item.CustomID, around, true, nil
		}
	}
	if s.In == "prompt" || s.In == "both" {
		request, _, err := f.request(row)
		if err != nil || request == nil {
			return item.CustomID, "", false, err
		}
		around, found = find(needle, promptTexts(request))
	}
	return item.CustomID, around, found, nil
}

func promptTexts(r *client.Request) []string {
	var all []string
	for _, b := range requestBlocks(&r.Params) {
		all = append(all, b.Title, b.Text)
	}
	return all
}

// find returns the text around the needle, which is in lower case, in the first text that contains it.
func find(needle string, in []string) (around string, found bool) {
	for _, s := range in {
		if len(s) < len(needle) {
			continue
		}
		low := strings.ToLower(s)
		at := strings.Index(low, needle)
		if at < 0 {
			continue
		}
		if len(low) != len(s) { // lowering a letter has changed its length: the positions differ
			s = low
		}
		from, to := max(0, at-60), min(len(s), at+len(needle)+140)
		for from > 0 && !utf8.RuneStart(s[from]) {
			from--
		}
		if space := strings.IndexByte(s[from:at], ' '); from > 0 && space >= 0 {
			from += space + 1
		}
		around = strings.Join(strings.Fields(cut(s[from:], to-from)), " ")
		if from > 0 {
			around = "… " + around
		}
		return around, true
	}
	return "", false
}

// Limits for one call of a search; the next call continues where it ended.
const (
	mostHits = 200
	mostRead = 2 << 30 // bytes of lines
)

// A look is the result of a search at one position of a selection.
type look struct {
	row   Row
	bytes int64
	found bool
	err   error
}

func (f *Files) look(s Search, row int) (l look) {
	r, err := f.results.At(row)
	if err != nil {
		return look{err: err}
	}
	l.bytes = r.Length
	var id, around string
	if id, around, l.found, l.err = f.matches(s, row); l.found {
		l.row = f.summary(row, r)
		l.row.ID, l.row.Text = cut(id, mostTitle), around
	}
	return l
}

// search searches the rows of a selection, starting at a position. It calls hit for each row that contains the text, and at
// from time to time with the next position. It returns the position at which to continue.
func (f *Files) search(ctx context.Context, s Search, in *selection, from int, hit func(Row) error, at func(place int) error) (next int, err error) {
	places := func(yield func(int) bool) {
		for place := from; place < in.n && ctx.Err() == nil && yield(place); place++ {
		}
	}
	hits, read, told := 0, int64(0), int64(0)
	next = from
	for l := range parallel.Map(runtime.GOMAXPROCS(0), places, func(place int) look { return f.look(s, in.at(place)) }) {
		if err := errors.Join(ctx.Err(), l.err); err != nil {
			return next, err
		}
		next++
		if l.found {
			hits++
			if err := hit(l.row); err != nil {
				return next, err
			}
		}
		if read += l.bytes; read-told > 16<<20 {
			told = read
			if err := at(next); err != nil {
				return next, err
			}
		}
		if hits >= mostHits || read >= mostRead {
			return next, nil
		}
	}
	return next, ctx.Err()
}
