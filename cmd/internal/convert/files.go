package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed-111a911e/messagebatches/client/messages"
)

// maxFile is the maximum size of a file in a request: the service accepts no larger request with a PDF.
const maxFile = 32 << 20

// files reads images and PDFs below a directory.
type files struct {
	dir  string
	root *os.Root
}

// openFiles opens a directory. Nothing outside of it can be read, not even through links.
func openFiles(dir string) (*files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &files{dir, root}, nil
}

// A block is a content block made from a file.
type block struct {
	kind          string // image or document
	source, whole []byte
}

// load makes a block from a file, which is an image or a PDF according to its first bytes.
func (f *files) load(name string) (*block, error) {
	data, err := f.read(name)
	if err != nil {
		return nil, err
	}
	b := new(block)
	var source, whole any
	if bytes.HasPrefix(data, []byte("%PDF")) {
		document, err := messages.Document(data)
		if err != nil {
			return nil, &detailed{err.Error(), strconv.Quote(name)}
		}
		b.kind, source, whole = "document", document.Source, document
	} else {
		image, err := messages.Image(data)
		if err != nil {
			return nil, &detailed{"the file is neither a PDF nor an image of a supported format: " + err.Error(), strconv.Quote(name)}
		}
		b.kind, source, whole = "image", image.Source, image
	}
	if b.source, err = json.Marshal(source); err == nil {
		b.whole, err = json.Marshal(whole)
	}
	return b, err
}

func (f *files) read(name string) ([]byte, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("the name of the file is empty")
	}
	path := filepath.FromSlash(name)
	if filepath.IsAbs(path) {
		relative, err := filepath.Rel(f.dir, path)
		if err != nil {
			return nil, f.outside(name)
		}
		path = relative
	}
	if !filepath.IsLocal(path) {
		return nil, f.outside(name)
	}
	info, err := f.root.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &detailed{"the file does not exist in " + f.dir, strconv.Quote(name)}
	case err != nil && strings.Contains(err.Error(), "escapes"): // package os has no error value for this
		return nil, f.outside(name)
	case err != nil:
		return nil, &detailed{"the file cannot be read: " + reason(err), strconv.Quote(name)}
	case !info.Mode().IsRegular():
		return nil, &detailed{"not a regular file", strconv.Quote(name)}
	}
	file, err := f.root.Open(path)
	if err != nil {
		return nil, &detailed{"the file cannot be read: " + reason(err), strconv.Quote(name)}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, &detailed{"the file cannot be read: " + reason(err), strconv.Quote(name)}
	case len(data) > maxFile:
		return nil, &detailed{fmt.Sprintf("the file has more than %d MB", maxFile>>20), strconv.Quote(name)}
	case len(data) == 0:
		return nil, &detailed{"the file is empty", strconv.Quote(name)}
	}
	return data, nil
}

func (f *files) outside(name string) error {
	return &detailed{"the file is outside of " + f.dir + ": only files below that directory are read; --files sets another directory", strconv.Quote(name)}
}

// reason returns the text of an error of package os without the name of the file.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}
