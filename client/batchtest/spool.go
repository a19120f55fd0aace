package batchtest

import (
	"bufio"
	"bytes"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

const (
	// A file is read in blocks of at most this many requests and, if a block has more than one, about this many bytes.
	blockRequests = 1000
	blockBytes    = 1 << 20
)

// A spool holds the requests of a batch as JSON Lines, in memory or in a file. Once complete it does not change, so
// that it can be read without a lock.
type spool struct {
	memory []request
	path   string // of the file; "" if they are in memory
}

// blocks yields the requests in order, with the number of the first of each block. The slice is reused. An error is
// yielded last.
func (s *spool) blocks() iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		if s.path == "" {
			if len(s.memory) > 0 {
				yield(block{requests: s.memory}, nil)
			}
			return
		}
		f, err := os.Open(s.path)
		if err != nil {
			yield(block{}, err)
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 256<<10)
		for b, more := (block{}), true; more; b.first += len(b.requests) {
			more, err = b.fill(in)
			if err != nil {
				yield(block{}, err)
				return
			}
			if len(b.requests) > 0 && !yield(b, nil) {
				return
			}
		}
	}
}

// customIDs yields the custom ids of the requests, with their numbers.
func (s *spool) customIDs() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for block, err := range s.blocks() {
			mustKeep(err)
			for j, q := range block.requests {
				if !yield(block.first+j, q.customID) {
					return
				}
			}
		}
	}
}

// remove removes the requests when they are no longer needed.
func (s *spool) remove() {
	if s.path != "" {
		os.Remove(s.path)
	}
	s.memory, s.path = nil, ""
}

// A block is a run of consecutive requests of a batch.
type block struct {
	first    int // the number of the first one
	requests []request
}

// fill reads the next block of a file, and reports whether there may be more.
func (b *block) fill(in *bufio.Reader) (more bool, err error) {
	b.requests = b.requests[:0]
	for size := 0; len(b.requests) < blockRequests && (len(b.requests) < 2 || size < blockBytes); {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return false, nil
		} else if err != nil {
			return false, err
		}
		var r limits.Request
		if err := wire.Unmarshal(line, &r, limits.Decode); err != nil {
			return false, err
		}
		b.requests = append(b.requests, request{customID: r.CustomID, params: jsontext.Value(r.Params)})
		size += len(line)
	}
	return true, nil
}

// A spooler makes a spool.
type spooler struct {
	spool
	file *os.File // nil if they are in memory
	out  *bufio.Writer
	err  error // the first one
}

// newSpooler returns a spooler that writes to a new file of this name, or keeps requests in memory if path is empty.
func newSpooler(path string) *spooler {
	s := &spooler{spool: spool{path: path}}
	if path != "" {
		s.file, s.err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		s.out = bufio.NewWriterSize(s.file, 256<<10)
	}
	return s
}

// add adds a request; text is the JSON of the whole request.
func (s *spooler) add(r request, text jsontext.Value) {
	switch {
	case s.err != nil:
	case s.file == nil:
		s.memory = append(s.memory, request{customID: r.customID, params: bytes.Clone(r.params)})
	default:
		if bytes.IndexByte(text, '\n') >= 0 {
			text = slices.Clone(text)
			s.err = text.Compact(jsontext.AllowDuplicateNames(true))
		}
		_, _ = s.out.Write(text)
		_ = s.out.WriteByte('\n') // close reports the error
	}
}

// reset forgets what was added.
func (s *spooler) reset() {
	s.memory = nil
	if s.file != nil && s.err == nil {
		s.out.Reset(s.file)
		_, s.err = s.file.Seek(0, io.SeekStart)
		if s.err == nil {
			s.err = s.file.Truncate(0)
		}
	}
}

// close completes the spool.
func (s *spooler) close() error {
	if s.file == nil {
		return s.err
	}
	if err := s.out.Flush(); s.err == nil {
		s.err = err
	}
	if err := s.file.Close(); s.err == nil {
		s.err = err
	}
	s.file = nil
	return s.err
}

// rename gives the file of a complete spool its final name.
func (s *spooler) rename(path string) error {
	if path == "" {
		return nil
	}
	err := os.Rename(s.path, path)
	s.path = path
	return err
}

// drop removes a spool that was never completed.
func (s *spooler) drop() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.path)
	}
}
