package store

import (
	"context"
	"io"
)

// Blobs keep files: results, lists of lines. They hold prompts and responses. They are safe for concurrent use.
type Blobs interface {
	// Create begins a file that has no name yet. It does not exist for others before [Upload.Commit].
	Create(ctx context.Context) (Upload, error)

	// Open reads a file from an offset on. The error is of kind fs.ErrNotExist if there is no such file.
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error)

	// Delete deletes a file. It is no error if there is none.
	Delete(ctx context.Context, name string) error
}

// An Upload is a file that is being written.
type Upload interface {
	io.Writer

	// Commit gives the file a name, in place of another one of that name: durably, and either whole or not at all. The
	// name has letters, digits, hyphens, underscores, dots and slashes.
	Commit(name string) error

	// Abort drops the file, unless it was committed.
	Abort()
}
