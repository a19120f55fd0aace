package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A machine has the directory of a job.
type machine struct {
	t       *testing.T
	service *batchtest.Service
	input   string
	dir     string
	events  []Event
	most    int64 // MaxWaiting
	keep    bool  // KeepIDs
}

func newMachine(t *testing.T, requests int) *machine {
	t.Helper()
	return &machine{t: t, service: batchtest.New(t, batchtest.WithDuration(20*time.Minute)), input: writeInput(t, requests), dir: filepath.Join(t.TempDir(), "a.job")}
}

// run runs the job for a limited time.
func (m *machine) run(dir string, long time.Duration) (*Report, error) {
	ctx, cancel := context.WithTimeout(m.t.Context(), long)
	defer cancel()
	j, err := Open(ctx, dir, Options{MaxRequests: 10, MaxWaiting: m.most, KeepIDs: m.keep, OnEvent: func(e Event) { m.events = append(m.events, e) }})
	if err != nil {
		return nil, err
	}
	defer j.Close()
	r, err := j.Run(ctx, m.service.Client(), Lines(m.input))
	if err != nil {
		return nil, err
	}
	return r, j.Verify(ctx)
}

// copied copies the directory as backup tools do.
func (m *machine) copied(name string) string {
	m.t.Helper()
	to := filepath.Join(m.t.TempDir(), name)
	if err := os.CopyFS(to, os.DirFS(m.dir)); err != nil {
		m.t.Fatal(err)
	}
	return to
}

// once checks that the service accepted each request exactly once.
func (m *machine) once(requests int) {
	m.t.Helper()
	if err := (&world{service: m.service}).duplicates(); err != nil {
		m.t.Error(err)
	}
	n := 0
	for _, b := range m.service.Batches() {
		n += len(m.service.Requests(b.ID))
	}
	if n != requests {
		m.t.Errorf("%d requests were accepted, want %d", n, requests)
	}
}

// TestDirectoryCopiedWhileTheOldMachineLives: the copy is refused, and the old machine continues.
func TestDirectoryCopiedWhileTheOldMachineLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 25)
		if _, err := m.run(m.dir, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := m.run(m.dir, 24*time.Hour)
			done <- err
		}()
		if err := sleep(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		other := m.copied("copy.job")
		if _, err := m.run(other, time.Minute); !errors.Is(err, ErrCopied) {
			t.Errorf("the copy: %v", err)
		}
		if err := Rebuild(t.Context(), other); !errors.Is(err, ErrCopied) {
			t.Errorf("rebuilding the copy: %v", err)
		}
		if _, err := m.run(m.dir, time.Minute); !errors.Is(err, ErrLocked) {
			t.Errorf("a second program: %v", err)
		}
		for name, f := range map[string]func(context.Context, string) error{"Rebuild": Rebuild, "TakeOver": TakeOver} {
			if err := f(t.Context(), m.dir); !errors.Is(err, ErrLocked) {
				t.Errorf("%s of a running job: %v", name, err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		m.once(25)
	})
}

// TestTakeOver: the old machine is gone, and a copy of the directory takes over, however old the copy is.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, after time.Duration // how long the old machine runs before and after the copy is made
	}{
		"copied/while batches run":         {before: time.Minute},
		"restored/before anything":         {after: time.Minute},
		"restored/before it has collected": {before: time.Minute, after: 10 * time.Minute},
		"restored/done meanwhile":          {before: time.Minute, after: 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t, 25)
				if tt.before > 0 {
					_, _ = m.run(m.dir, tt.before)
				} else if j, err := Open(t.Context(), m.dir, Options{MaxRequests: 10}); err != nil || j.Close() != nil {
					t.Fatal(err)
				}
				other := m.copied("copy.job")
				if tt.after > 0 {
					_, _ = m.run(m.dir, tt.after)
				}
				if err := os.RemoveAll(m.dir); err != nil {
					t.Fatal(err)
				}
				if _, err := m.run(other, time.Minute); !errors.Is(err, ErrCopied) {
					t.Errorf("before it is taken over: %v", err)
				}
				if err := TakeOver(t.Context(), other); err != nil {
					t.Fatal(err)
				}
				if s, err := Inspect(t.Context(), other); err != nil || s.State != "rebuilding" {
					t.Errorf("status %+v, %v", s, err)
				}
				began := time.Now()
				r, err := m.run(other, 48*time.Hour)
				if err != nil || r.Answered != 25 || len(r.Duplicates) > 0 {
					t.Errorf("got %+v, %v", r, err)
				}
				if took := time.Since(began); took < 49*time.Minute {
					t.Errorf("it took %v", took)
				}
				m.once(25)
				again := time.Now()
				if err := TakeOver(t.Context(), other); err != nil {
					t.Errorf("a second time: %v", err)
				}
				if r, err := m.run(other, time.Hour); err != nil || time.Since(again) > time.Minute || r.Answered != 25 {
					t.Errorf("a second time: %+v, %v, after %v", r, err, time.Since(again))
				}
			})
		})
	}
}

// TestRebuild: a directory whose database was deleted is refused until it is rebuilt.
func TestRebuild(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 25)
		_, _ = m.run(m.dir, time.Minute)
		if err := Rebuild(t.Context(), m.dir); err != nil {
			t.Errorf("with its database: %v", err)
		}
		files, err := filepath.Glob(filepath.Join(m.dir, databaseName+"*"))
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, err := m.run(m.dir, time.Minute); !errors.Is(err, ErrDatabaseLost) {
				t.Errorf("got %v", err)
			}
		}
		if err := Rebuild(t.Context(), m.dir); err != nil {
			t.Fatal(err)
		}
		if _, err := m.run(m.dir, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		r, err := m.run(m.dir, 48*time.Hour)
		if err != nil || r.Answered != 25 || len(r.Duplicates) > 0 {
			t.Errorf("got %+v, %v", r, err)
		}
		m.once(25)
		if err := Rebuild(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without a job: %v", err)
		}
	})
}

// TestRebuildAfterRetry: the output of a job after Retry is not the final one, and a job whose batches were deleted is not
// resent without a request.
func TestRebuildAfterRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 5)
		m.service.AnswerAll(batchtest.Errored(&gen.BetaInvalidRequestError{Message: "no"}))
		if r, err := m.run(m.dir, time.Hour); err != nil || r.Failed != 5 {
			t.Fatalf("got %+v, %v", r, err)
		}
		job := func(f func(j *Job) error) {
			t.Helper()
			j, err := Open(t.Context(), m.dir, Options{})
			if err == nil {
				err = errors.Join(f(j), j.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		job(func(j *Job) error {
			_, err := j.Retry(t.Context())
			return err
		})
		m.service.AnswerAll(batchtest.Text("yes"))
		_, _ = m.run(m.dir, time.Minute) // the second batch is accepted
		other := m.copied("copy.job")
		if err := TakeOver(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		r, err := m.run(other, 3*time.Hour)
		if err != nil || r.Answered != 5 || len(m.service.Batches()) != 2 {
			t.Fatalf("got %+v, %v, %d batches", r, err, len(m.service.Batches()))
		}
		m.dir = other
		job(func(j *Job) error { return j.DeleteBatches(t.Context(), m.service.Client()) })
		third := m.copied("third.job")
		if err := os.WriteFile(filepath.Join(third, outputName), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := TakeOver(t.Context(), third); !errors.Is(err, errDeleted) {
			t.Errorf("without the output: %v", err)
		}
	})
}
