package jobs

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A damagedError reports that the part of a batch was damaged or lost. Its results are read again.
type damagedError struct {
	seq int64
	err error
}

func (e *damagedError) Error() string { return fmt.Sprintf("the part of batch %d: %v", e.seq, e.err) }
func (e *damagedError) Unwrap() error { return e.err }

// A final is the final result of a request.
type final struct {
	index int64
	grade grade
	round int
	raw   []byte // valid until the next one

	reasked int64 // answers that were not accepted and whose requests were resent
	retried int64 // other results whose requests were resent
	twice   bool  // two batches of one round have the request
}

// beats reports whether a result is preferred to another one of the same request.
func (f final) beats(other final) bool {
	return cmp.Or(cmp.Compare(f.grade, other.grade), cmp.Compare(f.round, other.round)) > 0
}

// byFirst orders batches by the index of their first request.
func byFirst(a, b *store.Batch) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Seq, b.Seq))
}

// merge calls yield with the final result of each request, in the order of the input. If a part is damaged, the error is a
// [damagedError].
func (e *engine) merge(ctx context.Context, lines int64, yield func(final) error) error {
	var batches []*store.Batch
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		batches, err = tx.Batches(e.job, nil, 0, 0)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(batches, byFirst)
	var open []*partReader
	defer func() {
		for _, p := range open {
			p.close()
		}
	}()
	for index := range lines {
		for len(batches) > 0 && batches[0].First <= index {
			p, err := openPart(ctx, e.blobs, batches[0])
			if err != nil {
				return err
			}
			batches, open = batches[1:], append(open, p)
		}
		best := final{index: -1}
		for _, p := range open {
			if p.now.index == index && (best.index < 0 || p.now.beats(best)) {
				best = p.now
			}
		}
		if best.index < 0 {
			return fmt.Errorf("no part has request %d", index)
		}
		best.count(open)
		if err := yield(best); err != nil {
			return err
		}
		if open, err = step(open, index); err != nil {
			return err
		}
	}
	if len(open) > 0 || len(batches) > 0 {
		return fmt.Errorf("there are results after request %d, the last one", lines-1)
	}
	return nil
}

// count counts the results of a request before its last round.
func (f *final) count(open []*partReader) {
	last := 0
	for _, p := range open {
		if p.now.index == f.index && p.now.grade != forgone {
			last = max(last, p.now.round)
		}
	}
	rounds := uint64(0) // rounds that have the request, as bits
	for _, p := range open {
		if p.now.index != f.index || p.now.grade == forgone {
			continue
		}
		round := uint64(1) << (p.now.round % 64)
		f.twice = f.twice || rounds&round != 0
		rounds |= round
		switch {
		case p.now.round == last:
		case p.now.grade == rejected:
			f.reasked++
		default:
			f.retried++
		}
	}
}

// step moves parts past a request, and closes those that have ended.
func step(open []*partReader, index int64) ([]*partReader, error) {
	var failure error
	open = slices.DeleteFunc(open, func(p *partReader) bool {
		if p.now.index > index || failure != nil {
			return false
		}
		more, err := p.next()
		if err != nil {
			failure = &damagedError{p.batch.Seq, err}
			return false
		}
		if !more {
			p.close()
		}
		return !more
	})
	return open, failure
}

// A partReader reads a part, and verifies its hash.
type partReader struct {
	batch *store.Batch
	from  io.ReadCloser
	in    *bufio.Reader
	long  []byte
	sum   hash.Hash
	bytes int64
	lines int64
	now   final
}

// openPart opens a part at its first result.
func openPart(ctx context.Context, blobs store.Blobs, b *store.Batch) (*partReader, error) {
	if b.Part.Name == "" {
		return nil, fmt.Errorf("batch %d has no part", b.Seq)
	}
	from, err := blobs.Open(ctx, b.Part.Name, 0)
	if err != nil {
		return nil, &damagedError{b.Seq, err}
	}
	p := &partReader{batch: b, from: from, in: bufio.NewReaderSize(from, 64<<10), sum: sha256.New(), now: final{index: -1, round: b.Round}}
	more, err := p.next()
	if err == nil && !more {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		p.close()
		return nil, &damagedError{b.Seq, err}
	}
	return p, nil
}

func (p *partReader) close() { _ = p.from.Close() } // it was only read

// next moves to the next result. After the last one it returns false.
func (p *partReader) next() (bool, error) {
	line, err := readWhole(p.in, &p.long, math.MaxInt)
	if err == io.EOF && len(line) == 0 {
		if f := p.batch.Part; p.lines != f.Lines || p.bytes != f.Bytes || hex.EncodeToString(p.sum.Sum(nil)) != f.SHA256 {
			return false, errors.New("its content has changed")
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p.sum.Write(line)
	p.bytes += int64(len(line))
	p.lines++
	index, rest, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.ParseInt(string(index), 10, 64)
	if err != nil || n <= p.now.index || len(rest) < 3 || rest[1] != ' ' {
		return false, errors.New("damaged line")
	}
	p.now = final{index: n, grade: grade(rest[0]), round: p.batch.Round, raw: rest[2 : len(rest)-1]}
	return true, nil
}
