package jobs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
)

// inDirectory runs a job of 100 requests in batches of at most 30, which take two hours each, in a directory. Request 7
// fails once. Meanwhile is called an hour after the beginning.
func inDirectory(t *testing.T, meanwhile func(t *testing.T, dir string), after func(t *testing.T, dir string, events []Event)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(2*time.Hour))
		failed := false
		service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			if said(r) == "Say user 7@example.com" && !failed {
				failed = true
				return batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})(r)
			}
			return batchtest.Text("Hello")(r)
		})
		var reported []Event
		dir := filepath.Join(t.TempDir(), "a.job")
		j, err := Open(t.Context(), dir, Options{MaxRequests: 30, MaxWaiting: 1000, OnEvent: func(e Event) { reported = append(reported, e) }})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := sleep(t.Context(), time.Hour); err == nil {
				meanwhile(t, dir)
			}
		}()
		if _, err := j.Run(t.Context(), service.Client(), Lines(writeInput(t, 100))); err != nil {
			t.Error(err)
		}
		<-done
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		after(t, dir, reported)
	})
}

func TestInspect(t *testing.T) {
	t.Parallel()
	began := time.Time{}
	inDirectory(t, func(t *testing.T, dir string) {
		began = time.Now().Add(-time.Hour)
		s, err := Inspect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Open || s.State != "running" || s.Requests != 100 || s.Settled != 0 || s.Queue.Waiting != 100 || s.Queue.Limit != 1000 || s.Queue.Organization == "" {
			t.Errorf("got %+v", *s)
		}
		if r := s.Rounds[0]; len(s.Rounds) != 1 || r.Waiting != 100 || r.Requests != 100 || r.Ended != 0 || r.Batches < 4 {
			t.Errorf("rounds %+v", s.Rounds)
		}
		if o := s.Oldest; o == nil || o.Seq == 0 || o.Created.Sub(began).Abs() > time.Minute || !o.Expires.Equal(o.Created.Add(24*time.Hour)) || !o.ResultsUntil.Equal(o.Created.Add(29*24*time.Hour)) {
			t.Errorf("oldest %+v", o)
		}
		batches, err := Batches(t.Context(), dir)
		if err != nil || len(batches) != int(s.Rounds[0].Batches) || batches[0].State != "proven" || batches[0].BatchID == "" || batches[0].Attempts != 1 {
			t.Errorf("batches %+v, %v", batches, err)
		}
	}, func(t *testing.T, dir string, _ []Event) {
		s, err := Inspect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if s.Open || s.State != "done" || s.Settled != 100 || s.Oldest != nil || s.Queue.Waiting != 0 {
			t.Errorf("got %+v", *s)
		}
		batches := s.Rounds[0].Batches
		want := []RoundStatus{
			{Batches: batches, Ended: batches, Requests: 100, Settled: 99, Collected: 100},
			{Round: 1, Batches: 1, Ended: 1, Requests: 1, Settled: 1, Collected: 1},
		}
		if diff := cmp.Diff(want, s.Rounds); diff != "" {
			t.Error(diff)
		}
		all, err := Batches(t.Context(), dir)
		if last := all[len(all)-1]; err != nil || last.Round != 1 || last.State != "settled" || last.Ended.IsZero() || last.Results != 1 {
			t.Errorf("last batch %+v, %v", last, err)
		}
	})
}

func TestInspectNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if s, err := Inspect(t.Context(), dir); s != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, err := range Follow(t.Context(), dir, 0) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
}

// TestFollow follows a job from another program, while it runs and afterwards.
func TestFollow(t *testing.T) {
	t.Parallel()
	var followed []Event
	inDirectory(t, func(t *testing.T, dir string) {
		kept := 0
		for e, err := range Events(t.Context(), dir, 0) {
			if err != nil {
				t.Error(err)
			}
			if kept++; e.ID == 0 {
				t.Errorf("event %+v", e)
			}
		}
		if kept < 5 { // planned and accepted
			t.Errorf("%d events", kept)
		}
		for e, err := range Follow(t.Context(), dir, 0) {
			if err != nil {
				t.Error(err)
			}
			if late := time.Since(e.At); late > time.Second && len(followed) > kept {
				t.Errorf("%s was %v late", e.Kind, late)
			}
			followed = append(followed, e)
		}
	}, func(t *testing.T, dir string, reported []Event) {
		reported = slices.DeleteFunc(reported, func(e Event) bool { return e.ID == 0 })
		if diff := cmp.Diff(reported, followed); diff != "" {
			t.Errorf("events of OnEvent and Follow differ: %s", diff)
		}
		last := followed[len(followed)-1]
		if last.Kind != EventDone {
			t.Errorf("last %+v", last)
		}
		for e, err := range Follow(t.Context(), dir, last.ID) {
			t.Errorf("after the last event: %+v, %v", e, err)
		}
		second := slices.IndexFunc(followed, func(e Event) bool { return e.Kind == EventCollected && e.Round == 1 })
		if second < 0 || followed[second].Requests != 1 || followed[second].Attempt != 1 || followed[second].BatchID == "" {
			t.Errorf("no event of the second round in %+v", followed)
		}
		for e, err := range Events(t.Context(), dir, followed[second-1].ID) {
			if err != nil || e.ID != followed[second].ID {
				t.Errorf("got %+v, %v", e, err)
			}
			break
		}
	})
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	inDirectory(t, func(t *testing.T, dir string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var last error
		for _, err := range Follow(ctx, dir, 0) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("got %v", last)
		}
	}, func(*testing.T, string, []Event) {})
}

func TestList(t *testing.T) {
	t.Parallel()
	inDirectory(t, func(*testing.T, string) {}, func(t *testing.T, dir string, _ []Event) {
		root := filepath.Dir(dir)
		for _, other := range []string{"b.job", "empty"} {
			if err := os.Mkdir(filepath.Join(root, other), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(root, "b.job", descriptionName), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := List(t.Context(), root)
		if err != nil || len(all) != 2 {
			t.Fatalf("got %+v, %v", all, err)
		}
		if a := all[0]; a.Dir != dir || a.Err != nil || a.Status.State != "done" {
			t.Errorf("got %+v", a)
		}
		if b := all[1]; b.Dir != filepath.Join(root, "b.job") || b.Err == nil || b.Status != nil {
			t.Errorf("got %+v", b)
		}
		if all, err = List(t.Context(), dir); err != nil || len(all) != 1 || all[0].Dir != dir {
			t.Errorf("of the job itself: %+v, %v", all, err)
		}
	})
}

// TestInspectBeforeItBegins has a program die between the description of a new job and its row in the database: that is no
// job yet, and the next program begins it. If it had an input, the database was lost.
func TestInspectBeforeItBegins(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a.job")
	j, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{databaseName, lockName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	empty, err := sqlite.Open(t.Context(), filepath.Join(dir, databaseName))
	if err == nil {
		err = empty.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	j.about.Input = &inputDescription{Name: "in.jsonl"}
	if err := j.writeDescription(); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(t.Context(), dir); !errors.Is(err, ErrDatabaseLost) {
		t.Errorf("got %v", err)
	}
	j.about.Input = nil
	if err := j.writeDescription(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if s, err := Inspect(t.Context(), dir); err != nil || s.ID != j.ID() || s.State != "running" {
		t.Errorf("got %+v, %v", s, err)
	}
}
