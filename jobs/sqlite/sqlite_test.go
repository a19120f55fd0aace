package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
	"github.com/seed-111a911e/messagebatches/jobs/store/storetest"
)

// A named is a store with its file.
type named struct {
	store.Store
	file string
}

func open(t *testing.T, file string) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // no effect if the test has closed it
	return named{db, file}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, filepath.Join(t.TempDir(), "a file %20 with?odd#characters.db"))
	}, func(t *testing.T, s store.Store) store.Store {
		return open(t, s.(named).file)
	})
}

// TestCanceled: a transaction that was rolled back because its context ended returns that error, and not sql.ErrTxDone.
func TestCanceled(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "job.db")).(named).Store.(*sqlite.DB)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(store.Tx) error {
		cancel()
		for db.InUse() > 0 {
			runtime.Gosched()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestReadOnly reads a store that is open for writing.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "job.db")
	if _, err := sqlite.OpenReadOnly(t.Context(), file); err == nil {
		t.Error("OpenReadOnly opened a file that does not exist")
	}
	writer := open(t, file)
	put := func(runs int64) {
		t.Helper()
		if err := writer.Update(t.Context(), func(tx store.Tx) error { return tx.PutJob(&store.Job{ID: "a", Runs: runs}) }); err != nil {
			t.Fatal(err)
		}
	}
	put(1)
	reader, err := sqlite.OpenReadOnly(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	put(2)
	err = reader.View(t.Context(), func(tx store.Tx) error {
		j, err := tx.Job("a")
		if err == nil && j.Runs != 2 {
			t.Errorf("got %+v", j)
		}
		put(3) // the reader does not lock out the writer
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Update(t.Context(), func(tx store.Tx) error { return tx.PutJob(&store.Job{ID: "b"}) }); err == nil {
		t.Error("Update succeeded on a read-only store")
	}
}

// TestDurable checks the settings that durability depends on.
func TestDurable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "job.db")
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		if got := sqlite.Pragma(t.Context(), db, pragma); got != want {
			t.Errorf("%s is %q, want %q", pragma, got, want)
		}
	}
}

func TestNotADatabase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "job.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names the file", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "job.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a canceled context: %v", err)
	}
}

// TestModes looks at the files while the database is open: nobody else may read them.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	for range 2 {
		db, err := sqlite.Open(t.Context(), filepath.Join(dir, "job.db"))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.PutJob(&store.Job{ID: "j"}) }); err != nil {
			t.Error(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) == 0 {
			t.Fatal(len(files), err)
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
