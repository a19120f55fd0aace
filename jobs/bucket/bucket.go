// Package bucket keeps the files of jobs in a bucket: of S3, Google Cloud Storage, Azure, or what speaks their protocols. The
// drivers are those of [gocloud.dev/blob]; a program links those that it imports:
//
//	import (
//		_ "gocloud.dev/blob/s3blob"
//
//		"github.com/seed-111a911e/messagebatches/jobs/bucket"
//	)
//
//	blobs, err := bucket.Open(ctx, "s3://tickets?region=eu-central-1&ssetype=aws:kms&kmskeyid=alias/tickets", bucket.Options{})
//
// The files hold prompts and responses: the bucket should be private and encrypted. What is in the URL is the driver's, and
// settings of encryption that a URL cannot have are those of Options.Writer.
//
// A file is written to the disk of the machine first, and appears in the bucket as a whole. Files that a program has left
// there unnamed, because it died, are never seen; those that no row names any more may be deleted by age, with a rule of
// the bucket, when their jobs are done.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Options configure a bucket.
type Options struct {
	// Prefix begins the names of all files, such as "messagebatches/".
	Prefix string

	// Writer are the options of each write, such as BeforeWrite, which sets what the driver's request has for encryption.
	// Nil stands for those of the driver.
	Writer *blob.WriterOptions

	// Temp is a directory of this machine for files that are being written, by default that of the system.
	Temp string
}

// A Bucket is a [store.Blobs]. It is safe for concurrent use.
type Bucket struct {
	bucket  *blob.Bucket
	options Options
}

var _ store.Blobs = (*Bucket)(nil)

// Open opens the bucket of a URL, whose driver the program must import.
func Open(ctx context.Context, url string, o Options) (*Bucket, error) {
	b, err := blob.OpenBucket(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	return New(b, o), nil
}

// New returns the files in a bucket that the caller has opened.
func New(b *blob.Bucket, o Options) *Bucket {
	if o.Prefix != "" {
		b = blob.PrefixedBucket(b, o.Prefix)
	}
	return &Bucket{b, o}
}

// Close closes the bucket.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Create implements [store.Blobs].
func (b *Bucket) Create(ctx context.Context) (store.Upload, error) {
	f, err := os.CreateTemp(b.options.Temp, "messagebatches-")
	if err != nil {
		return nil, err
	}
	return &upload{ctx, b, f}, nil
}

// Open implements [store.Blobs].
func (b *Bucket) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	r, err := b.bucket.NewRangeReader(ctx, name, offset, -1, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, fmt.Errorf("bucket: %s: %w", name, err)
	}
	return r, nil
}

// Delete implements [store.Blobs].
func (b *Bucket) Delete(ctx context.Context, name string) error {
	err := b.bucket.Delete(ctx, name)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("bucket: %s: %w", name, err)
	}
	return nil
}

// An upload is a file that is on the disk of this machine.
type upload struct {
	ctx    context.Context
	bucket *Bucket
	file   *os.File // nil after Commit and Abort
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) {
	if u.file == nil {
		return 0, fs.ErrClosed
	}
	return u.file.Write(p)
}

// Commit implements [store.Upload].
func (u *upload) Commit(name string) error {
	if u.file == nil {
		return fmt.Errorf("bucket: %s: %w", name, fs.ErrClosed)
	}
	defer u.Abort()
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(u.ctx)
	defer cancel() // of a write that has not been closed: nothing appears
	w, err := u.bucket.bucket.NewWriter(ctx, name, u.bucket.options.Writer)
	if err != nil {
		return fmt.Errorf("bucket: %s: %w", name, err)
	}
	if _, err = io.Copy(w, u.file); err != nil {
		cancel()
		_ = w.Close() // it drops what was written
		return fmt.Errorf("bucket: %s: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("bucket: %s: %w", name, err)
	}
	return nil
}

// Abort implements [store.Upload].
func (u *upload) Abort() {
	if u.file != nil {
		_ = errors.Join(u.file.Close(), os.Remove(u.file.Name())) // the file is the system's to remove otherwise
		u.file = nil
	}
}
