package jobs

import (
	"bufio"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// A spool stores the results of a batch in the order in which they arrive, and returns them in the order of the requests.
type spool struct {
	disk  disk
	name  string
	file  file
	out   *bufio.Writer
	at    int64
	where []spooled
	ahead readAhead

	filler string // placeholder for all results, if it is not empty
	grade  grade  // of the filler

	used price.Usage // usage of the results
}

// spooled is the position of a result and facts about it. It is zero for a request without a result.
type spooled struct {
	offset int64
	length uint32
	grade  grade
	again  bool // the policy resends the request
}

func newSpool(d disk, name string, n int) (*spool, error) {
	f, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	return &spool{disk: d, name: name, file: f, out: bufio.NewWriterSize(f, 256<<10), where: make([]spooled, n)}, nil
}

func (s *spool) has(at int) bool { return s.where[at].length > 0 }

// lacking counts the requests without a result.
func (s *spool) lacking() (n int64) {
	for at := range s.where {
		if !s.has(at) {
			n++
		}
	}
	return n
}

func (s *spool) add(at int, raw []byte, g grade, again bool) error {
	n, err := s.out.Write(raw)
	s.where[at] = spooled{s.at, uint32(n), g, again} // a line is never longer than the limit of a batch
	s.at += int64(n)
	return err
}

// get returns a result, which is valid until the next call, or nil if there is none.
func (s *spool) get(at int) (raw []byte, seen spooled, err error) {
	if at >= len(s.where) || !s.has(at) {
		return nil, spooled{}, nil
	}
	if s.out.Buffered() > 0 {
		if err := s.out.Flush(); err != nil {
			return nil, spooled{}, err
		}
	}
	seen = s.where[at]
	raw, err = s.ahead.read(s.file, s.at, seen.offset, int(seen.length))
	return raw, seen, err
}

func (s *spool) remove() {
	_ = s.file.Close()
	_ = s.disk.Remove(s.name) // if that fails, it is removed when the job is opened again
}

// A readAhead buffers a part of a file, for mostly sequential reads of ranges.
type readAhead struct {
	text []byte
	at   int64 // offset of text in the file
	next int64 // end of the last range that was read
}

// aheadSize is the number of bytes that are read ahead.
const aheadSize = 64 << 10

// read reads a range of a file of the given size. The bytes are valid until the next call.
func (w *readAhead) read(f file, size, offset int64, length int) ([]byte, error) {
	from, to := offset-w.at, offset-w.at+int64(length)
	if from < 0 || to > int64(len(w.text)) {
		n := length
		if offset == w.next {
			n = max(n, int(min(aheadSize, size-offset)))
		}
		w.text, w.at = slices.Grow(w.text[:0], n)[:n], offset
		if _, err := f.ReadAt(w.text, offset); err != nil {
			w.text = w.text[:0]
			return nil, err
		}
		from, to = 0, int64(length)
	}
	w.next = offset + int64(length)
	return w.text[from:to], nil
}
