package live

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestCleanup interrupts runs, or makes them fail: none of their batches may be left, and those of others must not be
// touched.
func TestCleanup(t *testing.T) {
	t.Parallel()
	lost := func(before int, f batchtest.Fault) func(*batchtest.Service) {
		return func(s *batchtest.Service) {
			s.Inject(batchtest.Create, append(slices.Repeat([]batchtest.Fault{nil}, before), f)...)
		}
	}
	for name, tt := range map[string]struct {
		options     []batchtest.Option
		prepare     func(*batchtest.Service)
		interruptAt string // a line of the progress output
		left        []string
		batches     int // batches that exist at the end
		creates     int
	}{
		"interrupted/create":  {interruptAt: "create: ", creates: 4}, // is not cut off
		"interrupted/created": {interruptAt: "created batch", creates: 4},
		"interrupted/wait":    {interruptAt: "wait: ", creates: 4},
		"interrupted/cancel":  {interruptAt: "cancel: ", creates: 5},
		"interrupted/delete":  {interruptAt: "delete: ", creates: 5},
		"interrupted/too new": {options: []batchtest.Option{batchtest.WithGetLag(time.Minute)}, interruptAt: "created batch", creates: 4},
		"failed/first call": {prepare: func(s *batchtest.Service) {
			s.Inject(batchtest.List, batchtest.Fail(401, "authentication_error", "No."))
		}},
		"failed/results": {prepare: func(s *batchtest.Service) {
			s.Inject(batchtest.Results, nil, batchtest.Fail(403, "permission_error", "No."))
		}, creates: 5},
		"failed/never ends": {options: []batchtest.Option{batchtest.WithDuration(20 * time.Hour)}, creates: 5},
		"lost/taken":        {prepare: lost(3, batchtest.DropAfter()), creates: 5},
		"lost/second taken": {prepare: lost(4, batchtest.DropAfter()), creates: 5},
		"lost/not taken":    {prepare: lost(3, batchtest.DropBefore()), creates: 5, left: []string{"a create of 3 requests is uncertain"}},
		"lost/id twice":     {prepare: lost(1, batchtest.DropBefore()), creates: 5, left: []string{"a create of 2 requests is uncertain"}},
		"lost/beside a colleague's": {prepare: func(s *batchtest.Service) {
			lost(3, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				next.ServeHTTP(httptest.NewRecorder(), r)
				s.Seed(3, time.Time{}) // newer than the lost one, and of the same size
				panic(http.ErrAbortHandler)
			})(s)
		}, creates: 5, batches: 1},
		"colleague/untouched": {prepare: func(s *batchtest.Service) { s.Seed(3, time.Time{}) }, creates: 5, batches: 1},
		"accepted/beta":       {options: []batchtest.Option{batchtest.AllowBetas(unknownBeta)}, creates: 5},
		"cannot/delete": {
			prepare: func(s *batchtest.Service) {
				s.Inject(batchtest.Delete, batchtest.Times(4, batchtest.Fail(403, "permission_error", "No."))...)
			},
			creates: 5, batches: 2, left: []string{"permission_error", "permission_error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, tt.options...)
				if tt.prepare != nil {
					tt.prepare(s)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := optionsFor(s)
				o.Progress = onLine(tt.interruptAt, cancel)
				r, err := Run(ctx, o)
				if err != nil {
					t.Fatal(err)
				}
				text := r.Markdown()
				if left := s.Batches(); len(left) != tt.batches {
					t.Errorf("%d batches exist, want %d:\n%s", len(left), tt.batches, text)
				}
				for _, b := range s.Batches() {
					mine := slices.ContainsFunc(s.Calls(batchtest.Create), func(c batchtest.Call) bool { return c.BatchID == b.ID })
					if mine && tt.left == nil {
						t.Errorf("%s is left behind, and another client's was deleted", b.ID)
					}
				}
				if got := r.run.left; len(got) != len(tt.left) {
					t.Errorf("left behind: %q, want %q", got, tt.left)
				}
				for i, left := range tt.left {
					if i < len(r.run.left) && !strings.Contains(r.run.left[i], left) || !strings.Contains(text, "Left behind: ") {
						t.Errorf("left behind: %q, want %q", r.run.left, tt.left)
					}
				}
				if interrupted := tt.interruptAt != ""; interrupted != strings.Contains(text, "Not compared: the run was interrupted.") {
					t.Errorf("interrupted: %v, and the record says\n%s", interrupted, text)
				}
				if n := len(s.Calls(batchtest.Create)); n != tt.creates {
					t.Errorf("%d creates, want %d", n, tt.creates)
				}
			})
		})
	}
}

// onLine returns a writer that calls f when a line begins with a text.
func onLine(text string, f func()) io.Writer {
	return writerFunc(func(line []byte) {
		if text != "" && strings.HasPrefix(string(line), text) {
			f()
		}
	})
}
