package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestCommands sends commands to a job that another program is running.
func TestCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(10*time.Hour))
		dir, input := filepath.Join(t.TempDir(), "a.job"), writeInput(t, 50)
		j, err := Open(t.Context(), dir, Options{MaxRequests: 10, MaxWaiting: 25})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		give := func(after time.Duration, f func() error) {
			time.AfterFunc(after, func() {
				if err := f(); err != nil {
					t.Error(err)
				}
			})
		}
		give(time.Minute, func() error { return Pause(t.Context(), dir, "ops") })
		_, err = j.Run(t.Context(), service.Client(), Lines(input))
		var paused *PausedError
		if !errors.As(err, &paused) || paused.Why != `requested by "ops"` {
			t.Fatalf("got %v", err)
		}
		sent := len(service.Batches())
		if s, err := Inspect(t.Context(), dir); err != nil || s.State != "paused" || s.Rounds[0].Planned == 0 || s.Rounds[0].Collected == 0 {
			t.Errorf("status %+v, %v", s, err)
		}
		if _, err := j.Run(t.Context(), service.Client(), Lines(input)); !errors.As(err, &paused) || len(service.Batches()) != sent {
			t.Errorf("a second run: %v, %d batches", err, len(service.Batches()))
		}
		if err := Resume(t.Context(), dir, "ops"); err != nil { // the job is open
			t.Fatal(err)
		}
		give(2*time.Hour, func() error { return Cancel(t.Context(), dir, "ops") })
		r, err := j.Run(t.Context(), service.Client(), Lines(input))
		if err != nil {
			t.Fatal(err)
		}
		if len(service.Batches()) == sent || len(service.Calls(batchtest.Cancel)) == 0 || r.Requests != 50 || r.Failed == 0 || r.Answered == 0 {
			t.Errorf("%d batches, %d canceled, report %+v", len(service.Batches()), len(service.Calls(batchtest.Cancel)), r)
		}
		for organization, peak := range service.Stats().PeakWaiting {
			if peak > 25 {
				t.Errorf("%d requests of %s waited at one time, more than the limit of 25", peak, organization)
			}
		}
		if err := j.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		canceled := 0
		for item, err := range j.Results(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if errors.Is(item.Err(), client.ErrCanceled) {
				canceled++
			}
		}
		if int64(canceled) != r.Failed {
			t.Errorf("%d results are canceled, and %d failed", canceled, r.Failed)
		}
		calls := len(service.Calls(batchtest.Create))
		if _, err := j.Run(t.Context(), service.Client(), Lines(input)); err != nil || len(service.Calls(batchtest.Create)) != calls {
			t.Errorf("a run of a canceled job: %v", err)
		}
	})
}

// TestCommandsWithoutARunner sends commands to jobs that no program is running: they are executed at once.
func TestCommandsWithoutARunner(t *testing.T) {
	t.Parallel()
	type give = func(ctx context.Context, dir, by string) error
	for name, tt := range map[string]struct {
		commands []give
		state    string
		sends    bool
		failed   int64
		paused   bool
	}{
		"pause":              {commands: []give{Pause}, state: "paused", paused: true},
		"pause/twice":        {commands: []give{Pause, Pause}, state: "paused", paused: true},
		"resume/paused":      {commands: []give{Pause, Resume}, state: "running", sends: true},
		"resume/not paused":  {commands: []give{Resume}, state: "running", sends: true},
		"cancel":             {commands: []give{Cancel}, state: "canceled", failed: 20},
		"cancel/paused":      {commands: []give{Pause, Cancel}, state: "canceled", failed: 20},
		"resume/of canceled": {commands: []give{Cancel, Resume, Pause}, state: "canceled", failed: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t, 20)
				m.most = 9
				if _, err := m.run(m.dir, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				for _, f := range tt.commands {
					if err := f(t.Context(), m.dir, "ops"); err != nil {
						t.Fatal(err)
					}
				}
				if s, err := Inspect(t.Context(), m.dir); err != nil || s.State != tt.state {
					t.Errorf("status %+v, %v", s, err)
				}
				for range 2 { // a pause lasts
					r, err := m.run(m.dir, 24*time.Hour)
					if errors.As(err, new(*PausedError)) != tt.paused || err == nil && (r.Requests != 20 || r.Failed != tt.failed) {
						t.Errorf("got %+v, %v", r, err)
					}
				}
				if n := len(m.service.Batches()); n > 1 != tt.sends {
					t.Errorf("%d batches", n)
				}
			})
		})
	}
}

// TestCommandsElsewhere: commands for directories without a job and for copies are refused.
func TestCommandsElsewhere(t *testing.T) {
	t.Parallel()
	if err := Pause(t.Context(), t.TempDir(), "ops"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a job: %v", err)
	}
	m := newMachine(t, 1)
	j, err := Open(t.Context(), m.dir, Options{})
	if err != nil || j.Close() != nil {
		t.Fatal(err)
	}
	if err := Cancel(t.Context(), m.copied("copy.job"), "ops"); !errors.Is(err, ErrCopied) {
		t.Errorf("a copy: %v", err)
	}
}

// TestCommandsWhileRebuilding: a cancellation is executed once the batches have been found, and nothing is sent after it.
func TestCommandsWhileRebuilding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 20)
		m.most = 9
		_, _ = m.run(m.dir, time.Minute)
		other := m.copied("copy.job")
		if err := TakeOver(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if err := Cancel(t.Context(), other, "ops"); err != nil {
			t.Fatal(err)
		}
		r, err := m.run(other, 24*time.Hour)
		if err != nil || r.Answered == 0 || r.Answered+r.Failed != 20 || len(m.service.Batches()) != 1 {
			t.Errorf("got %+v, %v, %d batches", r, err, len(m.service.Batches()))
		}
	})
}
