package client_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestDuplicateDoesNotHideAMissingResult sends one line twice and omits another.
func TestDuplicateDoesNotHideAMissingResult(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 3)
		double := batchtest.Rewrite(func(b []byte) []byte {
			lines := strings.SplitAfter(string(b), "\n")
			return []byte(lines[0] + lines[1] + lines[1])
		})
		s.Inject(batchtest.Results, double, double)
		results, damaged, last := collect(t, c.Results(t.Context(), batch.ID))
		if len(results) != 2 || len(damaged) != 1 || !errors.Is(damaged[0].Err(), client.ErrDuplicateResult) || !errors.As(last, new(*client.IncompleteError)) {
			t.Errorf("%d results, %d damaged lines, then %v", len(results), len(damaged), last)
		}
	})
}

func TestEqualDamagedLinesAreYieldedOnceEach(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 4)
		bad := func(n int) batchtest.Fault {
			return batchtest.Rewrite(func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				lines[0], lines[1] = "bad\n", "bad\n"
				return []byte(strings.Join(lines[:n], ""))
			})
		}
		s.Inject(batchtest.Results, batchtest.ThenDrop(bad(3)), bad(4), bad(4))
		results, damaged, last := collect(t, c.Results(t.Context(), batch.ID))
		if len(results) != 2 || len(damaged) != 2 || !errors.As(last, new(*client.IncompleteError)) {
			t.Errorf("%d results, %d damaged lines, then %v", len(results), len(damaged), last)
		}
	})
}

// TestUnreadableCountsProveNothing uses a batch with unreadable counts: results are never complete by them.
func TestUnreadableCountsProveNothing(t *testing.T) {
	t.Parallel()
	for _, counts := range []string{`{}`, `null`, `{"succeeded":"2","errored":1}`, `{"succeeded":[],"errored":1}`, `{"succeeded":1e999,"errored":1}`, `[3]`} {
		inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Answer("r0", batchtest.Errored(&gen.BetaAPIError{Message: "Oops."}))
			batch := create(t, c, 3)
			s.Inject(batchtest.Get, batchtest.Rewrite(func(b []byte) []byte {
				i := bytes.Index(b, []byte(`"request_counts":`)) + len(`"request_counts":`)
				return append(append(b[:i:i], counts...), b[i+bytes.IndexByte(b[i:], '}')+1:]...)
			}))
			only := batchtest.Rewrite(func(b []byte) []byte {
				for line := range bytes.Lines(b) {
					if bytes.Contains(line, []byte(`"r0"`)) {
						return line
					}
				}
				return nil
			})
			s.Inject(batchtest.Results, only, only)
			results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
			if len(results) != 1 || len(damaged) != 0 || !errors.As(err, new(*client.IncompleteError)) {
				t.Errorf("%s: %d results of three, %d damaged lines, %v", counts, len(results), len(damaged), err)
			}
		})
	}
}

// TestResultsOfANewTypeAreCounted uses a new type of result with a new count: such results are not missing, and do not
// replace others.
func TestResultsOfANewTypeAreCounted(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Answer("r0", batchtest.Raw(`{"type":"postponed"}`))
			batch := create(t, c, 4)
			s.Inject(batchtest.Get, batchtest.Rewrite(func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"succeeded":4`), []byte(`"succeeded":3,"postponed":1,"odd":{"a":"b"}`), 1)
			}))
			if cut {
				drop := batchtest.Rewrite(func(b []byte) []byte {
					lines := bytes.SplitAfter(b, []byte("\n"))
					return bytes.Join(slices.DeleteFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(`"r1"`)) }), nil)
				})
				s.Inject(batchtest.Results, drop, drop)
			}
			results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
			want := 4
			if cut {
				want = 3
			}
			if len(results) != want || len(damaged) != 0 || (err != nil) != cut || cut && !errors.As(err, new(*client.IncompleteError)) {
				t.Errorf("cut %v: %d results, %d damaged lines, %v", cut, len(results), len(damaged), err)
			}
		})
	}
}
