package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"math/rand/v2"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// limits are the maximum size of a batch.
type limits struct {
	requests int
	bytes    int64
}

// Overhead in the size of a body.
const (
	bodyOverhead = int64(len(`{"requests":[]}`))
	idOverhead   = int64(len(`"custom_id":"",`) + longestWireID + len(`,`)) // for each line
)

// An InputError lists the faulty lines of an input. Nothing was sent.
type InputError struct {
	// Count is the number of errors.
	Count int64

	// First has the first 10 of them, in the order in which they were found.
	First []error
}

// Error lists First, one error per line, and how many more there are.
func (e *InputError) Error() string {
	text := errors.Join(e.First...).Error()
	if more := e.Count - int64(len(e.First)); more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// Unwrap returns First.
func (e *InputError) Unwrap() []error { return e.First }

// mostErrors is the maximum length of InputError.First.
const mostErrors = 10

func (e *InputError) add(number int64, err error) {
	if e.Count++; len(e.First) < mostErrors {
		e.First = append(e.First, fmt.Errorf("line %d: %w", number, err))
	}
}

// An outline is what one pass over an input found.
type outline struct {
	bytes   int64
	sha256  string
	lines   int64
	batches []*store.Batch
	hours   bool // a request may cache something for an hour
}

// A planner divides an input into batches.
type planner struct {
	job   string
	size  limits
	check bool // that lines are requests
	salt  *rand.Rand
	seq   int64                  // of the first batch
	held  func(index int64) bool // whether another batch already has a request
	avoid []int                  // sizes, in requests, that no batch may have
	exact bool                   // batches have the maximum size, not a random one
	prime *primers               // requests of the first batch

	out     outline
	errs    InputError
	ids     ids
	current *store.Batch
	most    int       // requests of the current batch
	sum     hash.Hash // hash of the input so far, without pending
	pending []byte    // what was read after the last request of the current batch
	skips   bool      // pending contains primers
}

// planInput reads an input and divides it into batches. The same input of the same job is always divided in the same way.
// The sizes of batches vary randomly a little, so that batches of other programs seldom have the same size.
func planInput(ctx context.Context, d disk, name, job string, size limits, check bool, options ...func(*planner)) (*outline, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	key := sha256.Sum256([]byte(job))
	p := &planner{job: job, size: size, check: check, salt: rand.New(rand.NewChaCha8(key)), sum: sha256.New(), ids: ids{seed: maphash.MakeSeed()}, seq: 1, held: func(int64) bool { return false }}
	for _, o := range options {
		o(p)
	}
	if p.prime != nil && p.prime.batch != nil {
		p.out.batches = append(p.out.batches, p.prime.batch)
	}
	r := newLineReader(f, 0)
	err = p.read(ctx, r)
	sum := hex.EncodeToString(p.sum.Sum(nil))
	if err == nil {
		err = p.spread(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	if err := p.ids.duplicates(f, &p.errs); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if p.errs.Count > 0 {
		return nil, &p.errs
	}
	p.out.bytes, p.out.sha256 = r.at, sum
	return &p.out, nil
}

// read reads and adds all lines.
func (p *planner) read(ctx context.Context, r *lineReader) error {
	for {
		l, err := r.next(func(raw []byte) { p.pending = append(p.pending, raw...) })
		if err == io.EOF {
			p.finish()
			p.hash(len(p.pending))
			return nil
		}
		if err != nil {
			return fmt.Errorf("input: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.add(l)
		if p.current == nil {
			p.hash(len(p.pending))
		}
	}
}

// hash adds the first n pending bytes to the hash.
func (p *planner) hash(n int) {
	p.sum.Write(p.pending[:n])
	p.pending = append(p.pending[:0], p.pending[n:]...)
}

func (p *planner) add(l line) {
	o, err := scanLine(l.text)
	switch {
	case err != nil:
	case o.end == 0:
		err = errors.New("custom_id is missing")
	case bodyOverhead+int64(len(l.text))+idOverhead > p.size.bytes:
		err = errors.New("too large for a batch")
	case p.check:
		err = client.CheckLine(l.text)
	}
	if err != nil {
		p.errs.add(l.number, err)
		p.pending = p.pending[:0] // there will be no plan
		return
	}
	p.ids.add(l.text[o.start:o.end], l.offset)
	if p.held(p.out.lines) {
		p.finish()
		p.out.lines++
		return
	}
	p.out.hours = p.out.hours || mayCacheHour(l.text)
	if p.prime.has(p.out.lines) {
		p.skips = p.current != nil
		p.out.lines++
		return
	}
	size := int64(len(l.text)) + idOverhead
	if b := p.current; b != nil && (b.Requests == p.most || b.Bytes+size > p.size.bytes) {
		p.finish()
	}
	if p.current == nil {
		if p.most = p.size.requests; !p.exact {
			p.most = salted(p.salt.IntN, p.size.requests, p.avoid)
		}
		p.hash(len(p.pending) - int(l.end-l.offset))
		p.current = &store.Batch{
			Job: p.job, Seq: p.seq + int64(len(p.out.batches)), State: store.Planned, First: p.out.lines, Offset: l.offset, HashState: hashState(p.sum), Bytes: bodyOverhead,
		}
	}
	if p.skips {
		p.current.Skip, p.skips = p.prime.batch.Lines, false
	}
	p.hash(len(p.pending))
	p.out.lines++
	p.current.Requests++
	p.current.Bytes += size
	p.current.End = l.end
}

// finish ends the current batch.
func (p *planner) finish() {
	if p.current != nil {
		p.current.SHA256 = hex.EncodeToString(p.sum.Sum(nil))
		if p.prime.serve(p.current.First, p.out.lines-1) {
			p.current.After = p.prime.batch.Seq
		}
		p.out.batches = append(p.out.batches, p.current)
		p.current, p.skips = nil, false
	}
}

// defaults replaces limits that are unset or higher than those of the service.
func (l limits) defaults() limits {
	if l.requests <= 0 || l.requests > client.MaxRequests {
		l.requests = client.MaxRequests
	}
	if l.bytes <= 0 || l.bytes > client.MaxBytes {
		l.bytes = client.MaxBytes
	}
	return l
}
