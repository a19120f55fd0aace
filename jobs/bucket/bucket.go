// Package bucket stores the files of jobs in a bucket of S3, Google Cloud Storage, Azure, or a service that speaks one of
// their protocols. It uses the drivers of [gocloud.dev/blob]; a program imports the ones that it needs:
//
//	import (
//		_ "gocloud.dev/blob/s3blob"
//
//		"github.com/seed-111a911e/messagebatches/jobs/bucket"
//	)
//
//	blobs, err := bucket.Open(ctx, "s3://tickets?region=eu-central-1&ssetype=aws:kms&kmskeyid=alias/tickets", bucket.Options{})
//
// The files contain prompts and results, so the bucket should be private and encrypted. The driver defines the parameters of
// the URL. For encryption settings that a URL cannot have, use Options.Writer.
//
// A file is first written to the disk of the machine, and then appears in the bucket as a whole. Uploads that a program left
// incomplete when it died never become visible. After their jobs are done, files that no row refers to may be deleted by
// age, with a lifecycle rule of the bucket.
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
	// Prefix is the prefix of the names of all files, such as "messagebatches/".
	Prefix string

	// Writer has the options of each write, such as BeforeWrite, which can set the encryption of the driver's request. Nil
	// means the driver's defaults.
	Writer *blob.WriterOptions

	// Temp is a directory of this machine for files that are being written, by default the temporary directory of the
	// system.
	Temp string
}

// A Bucket implements [store.Blobs]. It is safe for concurrent use.
type Bucket struct {
	bucket  *blob.Bucket
	options Options
}

var _ store.Blobs = (*Bucket)(nil)

// Open opens the bucket with a URL. The program must import the driver for it.
func Open(ctx context.Context, url string, o Options) (*Bucket, error) {
	b, err := blob.OpenBucket(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	return New(b, o), nil
}

// New returns the files in a bucket that the caller has opened. [Bucket.Close] closes it.
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

// An upload is a file that is being written to the disk of this machine.
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
	defer cancel() // cancels a write that was not closed: no file appears
	w, err := u.bucket.bucket.NewWriter(ctx, name, u.bucket.options.Writer)
	if err != nil {
		return fmt.Errorf("bucket: %s: %w", name, err)
	}
	if _, err = io.Copy(w, u.file); err != nil {
		cancel()
		_ = w.Close() // it discards the data
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
		_ = errors.Join(u.file.Close(), os.Remove(u.file.Name())) // if this fails, the system removes the file
		u.file = nil
	}
}
