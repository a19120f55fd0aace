package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A sharedDisk keeps files with absolute names on the disk of this machine, and others in blobs, which machines share.
// writeFile writes these.
type sharedDisk struct {
	disk
	blobs store.Blobs
	local map[string]string // local copies of blobs, by name
}

// Open implements disk.
func (d sharedDisk) Open(name string) (file, error) {
	if local, ok := d.local[name]; ok {
		name = local
	}
	if filepath.IsAbs(name) {
		return d.disk.Open(name)
	}
	f := &blobFile{blobs: d.blobs, name: filepath.ToSlash(name)}
	if err := f.reopen(0); err != nil {
		return nil, err
	}
	return f, nil
}

// Create implements disk. When a blob is synced, it gets the name to which [writeFile] renames it.
func (d sharedDisk) Create(name string) (file, error) {
	if filepath.IsAbs(name) {
		return d.disk.Create(name)
	}
	u, err := d.blobs.Create(context.Background())
	if err != nil {
		return nil, err
	}
	return blobUpload{Upload: u, name: strings.TrimSuffix(filepath.ToSlash(name), newSuffix)}, nil
}

// Rename implements disk.
func (d sharedDisk) Rename(from, to string) error {
	if filepath.IsAbs(from) {
		return d.disk.Rename(from, to)
	}
	return nil
}

// Remove implements disk.
func (d sharedDisk) Remove(name string) error {
	if filepath.IsAbs(name) {
		return d.disk.Remove(name)
	}
	return d.blobs.Delete(context.Background(), filepath.ToSlash(name))
}

// Mkdir implements disk. Blobs have no directories.
func (d sharedDisk) Mkdir(name string) error {
	if filepath.IsAbs(name) {
		return d.disk.Mkdir(name)
	}
	return nil
}

// SyncDir implements disk.
func (d sharedDisk) SyncDir(name string) error {
	if filepath.IsAbs(name) {
		return d.disk.SyncDir(name)
	}
	return nil
}

var errReadOnly = fmt.Errorf("a blob can only be written as a whole: %w", errors.ErrUnsupported)

// A blobUpload is a file that is written to blobs, with its final name.
type blobUpload struct {
	store.Upload
	file
	name string
}

// Write implements file.
func (u blobUpload) Write(p []byte) (int, error) { return u.Upload.Write(p) }

// Sync implements file: it commits the blob.
func (u blobUpload) Sync() error { return u.Commit(u.name) }

// Close implements file. It aborts a blob that was not synced.
func (u blobUpload) Close() error {
	u.Abort()
	return nil
}

// A blobFile reads a blob at any offset. Reading forward from the last position, or a little beyond it, continues the same
// request.
type blobFile struct {
	blobs store.Blobs
	name  string
	from  io.ReadCloser
	at    int64 // position of from
	next  int64 // position of Read
}

// near is the maximum number of bytes that are read and discarded to avoid a new request.
const near = 1 << 20

func (f *blobFile) reopen(at int64) error {
	if f.from != nil {
		_ = f.from.Close() // it was only read
		f.from = nil
	}
	from, err := f.blobs.Open(context.Background(), f.name, at)
	if err != nil {
		return err
	}
	f.from, f.at = from, at
	return nil
}

// ReadAt implements io.ReaderAt. It is not safe for concurrent use.
func (f *blobFile) ReadAt(p []byte, offset int64) (int, error) {
	if f.from == nil || offset < f.at || offset > f.at+near {
		if err := f.reopen(offset); err != nil {
			return 0, err
		}
	}
	skipped, err := io.CopyN(io.Discard, f.from, offset-f.at)
	f.at += skipped
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f.from, p)
	f.at += int64(n)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// Read implements io.Reader.
func (f *blobFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.next)
	f.next += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker, from the start.
func (f *blobFile) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.ErrUnsupported
	}
	f.next = offset
	return offset, nil
}

// Close implements io.Closer.
func (f *blobFile) Close() error {
	if f.from == nil {
		return nil
	}
	return f.from.Close()
}

// Size implements file, by reading to the end.
func (f *blobFile) Size() (int64, error) {
	from, err := f.blobs.Open(context.Background(), f.name, 0)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	return io.Copy(io.Discard, from)
}

func (f *blobFile) Write([]byte) (int, error) { return 0, errReadOnly }
func (f *blobFile) Sync() error               { return errReadOnly }

// below are the blobs in a directory of other blobs.
type below struct {
	blobs store.Blobs
	dir   string
}

// Create implements [store.Blobs].
func (b below) Create(ctx context.Context) (store.Upload, error) {
	u, err := b.blobs.Create(ctx)
	if err != nil {
		return nil, err
	}
	return uploadBelow{u, b.dir}, nil
}

// Open implements [store.Blobs].
func (b below) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	return b.blobs.Open(ctx, path.Join(b.dir, name), offset)
}

// Delete implements [store.Blobs].
func (b below) Delete(ctx context.Context, name string) error {
	return b.blobs.Delete(ctx, path.Join(b.dir, name))
}

type uploadBelow struct {
	store.Upload
	dir string
}

// Commit implements [store.Upload].
func (u uploadBelow) Commit(name string) error { return u.Upload.Commit(path.Join(u.dir, name)) }
