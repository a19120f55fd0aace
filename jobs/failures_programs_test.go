package jobs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestInputChanged: the input changes between two runs, or after it was planned and before it is sent.
func TestInputChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"longer": func(w *world) { w.disk.now[worldInput].data = append(w.disk.now[worldInput].data, '\n') },
		"other":  func(w *world) { w.disk.now[worldInput].data[60]++ },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.die(point{"before commit of (*engine).admit", 1})
				before := slices.Clone(w.disk.now[worldInput].data)
				change(w)
				if _, err := w.live(newFuse(point{})); err == nil || !strings.Contains(err.Error(), "changed") {
					t.Errorf("got %v", err)
				}
				if n := len(w.service.Batches()); n > 0 {
					t.Errorf("%d batches", n)
				}
				w.disk.now[worldInput].data = before
				w.finish()
			})
		})
	}
}

// TestTwoPrograms: a second program cannot open the job.
func TestTwoPrograms(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a.job")
	j, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("the second Open returned %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, err = Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, Options{MaxRequests: 7})
	var options *OptionsError
	if !errors.As(err, &options) || options.Name != "MaxRequests" {
		t.Errorf("with other options: %v", err)
	}
}

// TestDirectoryCopied: a copy of the directory is refused, and so is a directory with an older database.
func TestDirectoryCopied(t *testing.T) {
	t.Parallel()
	open := func(dir string) error {
		j, err := Open(t.Context(), dir, Options{})
		if err != nil {
			return err
		}
		return j.Close()
	}
	dir := filepath.Join(t.TempDir(), "a.job")
	backup := filepath.Join(t.TempDir(), "job.db")
	for n := range 4 {
		if err := open(dir); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			copyFile(t, filepath.Join(dir, databaseName), backup)
		}
	}
	copied := filepath.Join(t.TempDir(), "b.job")
	if out, err := exec.Command("cp", "-a", dir, copied).CombinedOutput(); err != nil {
		t.Skipf("cannot copy the directory: %v: %s", err, out)
	}
	if err := open(copied); !errors.Is(err, ErrCopied) {
		t.Errorf("a copy: %v", err)
	}
	moved := filepath.Join(filepath.Dir(dir), "moved.job")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if err := open(moved); err != nil {
		t.Errorf("a directory that was moved: %v", err)
	}
	copyFile(t, backup, filepath.Join(moved, databaseName))
	if err := open(moved); !errors.Is(err, ErrCopied) {
		t.Errorf("an older database: %v", err)
	}
	if err := os.Remove(filepath.Join(moved, databaseName)); err != nil {
		t.Fatal(err)
	}
	if err := open(moved); !errors.Is(err, ErrDatabaseLost) {
		t.Errorf("without a database: %v", err)
	}
}

// TestKilledWhileOpening: several programs in a row die between the two writes that count runs.
func TestKilledWhileOpening(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a.job")
	for range 3 {
		j, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		held, before := j.lock, lockRecord{Inode: 1, Runs: j.runs}
		j.lock = nil
		for range 3 {
			if err := j.beginRun(t.Context(), before); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(j.store.Close(), held.release()); err != nil {
			t.Fatal(err)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestContextEndsARun: the end of the context ends the run, but not the job.
func TestContextEndsARun(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		j, err := w.open(ctx, newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Run(ctx, w.service.Client(), Lines(worldInput)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		w.finish()
		if n := len(w.service.Batches()); n != 1 {
			t.Errorf("%d batches", n)
		}
	})
}
