// Package blobtest tests implementations of [store.Blobs]. Programs that use package jobs do not need it.
package blobtest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Run tests b, which must be empty.
func Run(t *testing.T, b store.Blobs) {
	t.Helper()
	large := bytes.Repeat([]byte("0123456789abcdef"), 700_000) // more than one part of S3
	for _, test := range []struct {
		name string
		data []byte
	}{
		{"abcdefgh/job.json", []byte("{}\n")}, {"abcdefgh/parts/1-msgbatch_1-0123", large}, {"empty", nil},
	} {
		if _, err := b.Open(t.Context(), test.name, 0); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s before it was written: %v", test.name, err)
		}
		put(t, b, test.name, test.data)
		if got := get(t, b, test.name, 0); !bytes.Equal(got, test.data) {
			t.Errorf("%s has %d bytes, want %d", test.name, len(got), len(test.data))
		}
	}
	if got := get(t, b, "abcdefgh/parts/1-msgbatch_1-0123", 10_000_003); !bytes.Equal(got, large[10_000_003:]) {
		t.Errorf("read from an offset: got %d bytes", len(got))
	}
	put(t, b, "abcdefgh/job.json", []byte("another")) // replaces the file
	if got := get(t, b, "abcdefgh/job.json", 0); string(got) != "another" {
		t.Errorf("got %q", got)
	}
	for range 2 {
		if err := b.Delete(t.Context(), "abcdefgh/job.json"); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Open(t.Context(), "abcdefgh/job.json", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was deleted: %v", err)
	}
	testAbort(t, b)
	testConcurrent(t, b)
}

// testAbort aborts a file.
func testAbort(t *testing.T, b store.Blobs) {
	t.Helper()
	u, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(u, "dropped"); err != nil {
		t.Error(err)
	}
	u.Abort()
	if err := u.Commit("dropped"); err == nil {
		t.Error("Commit succeeded after Abort")
	}
	if _, err := b.Open(t.Context(), "dropped", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening an aborted file: %v", err)
	}
}

// testConcurrent writes and reads the same file at the same time. Readers must see complete files.
func testConcurrent(t *testing.T, b store.Blobs) {
	t.Helper()
	put(t, b, "shared", []byte(strings.Repeat("0", 100_000)))
	var wg sync.WaitGroup
	for _, digit := range []string{"1", "2", "3", "4"} {
		wg.Go(func() { put(t, b, "shared", []byte(strings.Repeat(digit, 100_000))) })
		wg.Go(func() {
			got := string(get(t, b, "shared", 0))
			if len(got) != 100_000 || strings.Trim(got, got[:1]) != "" {
				t.Errorf("%d bytes, or parts of several files", len(got))
			}
		})
	}
	wg.Wait()
}

func put(t *testing.T, b store.Blobs, name string, data []byte) {
	t.Helper()
	u, err := b.Create(t.Context())
	if err == nil {
		_, err = u.Write(data)
		err = errors.Join(err, u.Commit(name))
		u.Abort() // without effect
	}
	if err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, b store.Blobs, name string, offset int64) []byte {
	t.Helper()
	r, err := b.Open(t.Context(), name, offset)
	if err != nil {
		t.Error(err)
		return []byte(" ")
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return data
}
