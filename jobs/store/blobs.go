package store

import (
	"context"
	"io"
)

// Blobs stores files: results, and lists of requests. They contain prompts and responses. Blobs must be safe for concurrent
// use.
type Blobs interface {
	// Create begins a file without a name. It is not visible to others before [Upload.Commit].
	Create(ctx context.Context) (Upload, error)

	// Open opens a file for reading from an offset. If there is no such file, the error is fs.ErrNotExist, as reported by
	// errors.Is.
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error)

	// Delete deletes a file. It is not an error if the file does not exist.
	Delete(ctx context.Context, name string) error
}

// An Upload is a file that is being written.
type Upload interface {
	io.Writer

	// Commit stores the file durably and atomically under a name, and replaces an existing file of that name. Names consist
	// of letters, digits, hyphens, underscores, dots and slashes.
	Commit(name string) error

	// Abort discards the file. It has no effect after Commit.
	Abort()
}
