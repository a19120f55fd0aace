package client_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Faults that the simulation found.

// The part of a batch that came before a cut has its id and its status, but no counts: Results took it for a batch of no
// results.
func TestPartOfABatchIsNoBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 3)
		cut := func(b []byte) []byte { return b[:bytes.Index(b, []byte(`"ended"`))+10] }
		for _, drop := range []bool{true, false} {
			s.Inject(batchtest.Retrieve, batchtest.Rewrite(cut, drop))
			n := 0
			for _, err := range c.Results(t.Context(), batch.ID) {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			if n != 3 {
				t.Errorf("%d results", n)
			}
			s.Inject(batchtest.Retrieve, batchtest.Rewrite(cut, drop))
			if b, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{}); err != nil || b.RequestCounts.Succeeded != 3 {
				t.Errorf("waiting gives %+v, %v", b, err)
			}
		}
	})
}

// Counts that cannot be read promise nothing, so that nothing can be complete by them.
func TestCountsThatAreOdd(t *testing.T) {
	t.Parallel()
	for _, counts := range []string{`{}`, `null`, `{"succeeded":"2","errored":1}`, `{"succeeded":[],"errored":1}`, `{"succeeded":1e999,"errored":1}`, `[3]`} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithDuration(0))
			s.Answer("r0", batchtest.Errored(&gen.BetaAPIError{Message: "Oops."}))
			c := newClient(t, s)
			batch := create(t, c, 3)
			s.Inject(batchtest.Retrieve, batchtest.Rewrite(func(b []byte) []byte {
				i := bytes.Index(b, []byte(`"request_counts":`)) + len(`"request_counts":`)
				return append(append(b[:i:i], counts...), b[i+bytes.IndexByte(b[i:], '}')+1:]...)
			}, false))
			only := batchtest.Rewrite(func(b []byte) []byte {
				for line := range bytes.Lines(b) {
					if bytes.Contains(line, []byte(`"r0"`)) {
						return line
					}
				}
				return nil
			}, false)
			s.Inject(batchtest.Results, only, only)
			var last error
			for _, err := range c.Results(t.Context(), batch.ID) {
				last = err
			}
			if !errors.As(last, new(*client.IncompleteError)) {
				t.Errorf("%s: one result of three ends with %v", counts, last)
			}
		})
	}
}

// A failure behind the last result was a reason to read all of them again, and in the end to call them incomplete.
func TestFailureBehindTheLastResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 3)
		for name, fault := range map[string]batchtest.Fault{
			"dropped": batchtest.CutLines(3, false),
			"an error": batchtest.Rewrite(func(b []byte) []byte {
				return append(b, `{"type":"error","error":{"type":"not_found_error","message":"Gone."}}`...)
			}, false),
			"stalled": batchtest.Stall(1<<20, time.Hour),
		} {
			s.Inject(batchtest.Results, fault)
			before := len(s.Calls(batchtest.Results))
			n := 0
			for _, err := range c.Results(t.Context(), batch.ID, once) {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				n++
			}
			if calls := len(s.Calls(batchtest.Results)) - before; n != 3 || calls != 1 {
				t.Errorf("%s: %d results, %d streams", name, n, calls)
			}
		}
	})
}

// A 404 of something on the way is no proof that a batch is gone.
func TestDeleteAndSomebodyElses404(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 1)
		s.Inject(batchtest.Delete, batchtest.DropBefore(), batchtest.Status(404, "<html>"))
		if err := c.Delete(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) || len(s.Batches()) != 1 {
			t.Errorf("got %v, and %d batches", err, len(s.Batches()))
		}
	})
}

// What could be read of a broken line passed for its item, and the whole item was passed over when the line came again
// as it should.
func TestPartOfALineIsNoItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 3)
		s.Inject(batchtest.Results, batchtest.Rewrite(func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return append(append(lines[0], lines[1][:len(lines[1])-3]...), '\n')
		}, true))
		n, bad := 0, 0
		for item, err := range c.Results(t.Context(), batch.ID) {
			var line *client.LineError
			if errors.As(err, &line) {
				bad++
				if item != nil || line.CustomID == "" {
					t.Errorf("got %+v with %+v", item, line)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 3 || bad != 1 {
			t.Errorf("%d items, %d bad lines", n, bad)
		}
	})
}
