package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A disk has the operations of a file system that a job needs. Names are paths.
type disk interface {
	Open(name string) (file, error)
	Create(name string) (file, error)           // new or empty, for reading and writing, mode 0600
	Append(name string, at int64) (file, error) // truncates the file to at bytes and opens it for appending; io.ErrUnexpectedEOF if it is shorter
	Rename(from, to string) error
	Remove(name string) error
	Mkdir(name string) error // with parents, mode 0700; no error if it exists
	SyncDir(name string) error
	List(name string) ([]string, error) // names in a directory
	Free(name string) (uint64, error)   // free bytes in the file system of a directory
}

// A file is an open file.
type file interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Seeker
	io.Closer
	Sync() error
	Size() (int64, error)
}

// osDisk is the disk of the operating system.
type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func opened(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osDisk) Open(name string) (file, error) { return opened(os.Open(name)) }

func (osDisk) Create(name string) (file, error) {
	return opened(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600))
}

func (osDisk) Append(name string, at int64) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() < at {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = f.Truncate(at)
	}
	if err == nil {
		_, err = f.Seek(at, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return osFile{f}, nil
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) Remove(name string) error { return os.Remove(name) }

func (osDisk) Mkdir(name string) error { return os.MkdirAll(name, 0o700) }

func (osDisk) List(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// newSuffix is the suffix of files that are being written.
const newSuffix = ".new"

// writeFile writes a file atomically: a reader sees either the complete new file or the old one.
func writeFile(d disk, name string, write func(io.Writer) error) error {
	temporary := name + newSuffix
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = d.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(d.Remove(temporary)))
	}
	return d.SyncDir(filepath.Dir(name))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Directory returns a store of blobs in a directory, which it creates with mode 0700. Several machines may share the
// directory if its file system renames atomically and shows a new file to all machines at once.
func Directory(name string) (store.Blobs, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	d := directory{osDisk{}, name}
	return d, d.disk.Mkdir(filepath.Join(name, temporaries))
}

// directory implements store.Blobs in a directory.
type directory struct {
	disk disk
	root string
}

var _ store.Blobs = directory{}

// temporaries is the directory of files that are not committed yet.
const temporaries = "tmp"

func (d directory) file(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Create implements [store.Blobs].
func (d directory) Create(context.Context) (store.Upload, error) {
	u := &upload{directory: d, name: d.file(path.Join(temporaries, newRandomID(12)))}
	var err error
	u.file, err = d.disk.Create(u.name)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Open implements [store.Blobs].
func (d directory) Open(_ context.Context, name string, offset int64) (io.ReadCloser, error) {
	f, err := d.disk.Open(d.file(name))
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Delete implements [store.Blobs].
func (d directory) Delete(_ context.Context, name string) error {
	return ignoreMissing(d.disk.Remove(d.file(name)))
}

// An upload is a file that is being written to a directory.
type upload struct {
	directory
	file
	name string
	done bool
}

// Commit implements [store.Upload].
func (u *upload) Commit(name string) error {
	if u.done {
		return errors.New("the file was already committed or aborted")
	}
	u.done = true
	err := u.Sync()
	if closeErr := u.Close(); err == nil {
		err = closeErr
	}
	to := u.directory.file(name)
	if err == nil {
		err = u.disk.Rename(u.name, to)
		if errors.Is(err, os.ErrNotExist) { // the directory of a new job
			if err = u.disk.Mkdir(filepath.Dir(to)); err == nil {
				err = errors.Join(u.disk.Rename(u.name, to), u.disk.SyncDir(filepath.Dir(filepath.Dir(to))))
			}
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", to, err), ignoreMissing(u.disk.Remove(u.name)))
	}
	return u.disk.SyncDir(filepath.Dir(to))
}

// Abort implements [store.Upload].
func (u *upload) Abort() {
	if !u.done {
		u.done = true
		_ = u.Close()
		_ = u.disk.Remove(u.name) // if that fails, it is removed when the job is opened again
	}
}
