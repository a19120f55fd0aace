package jobs

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A VerifyError lists the problems of a job that is done.
type VerifyError struct {
	Problems []error // not empty
}

// Error lists the problems, one per line.
func (e *VerifyError) Error() string { return errors.Join(e.Problems...).Error() }

// Unwrap returns Problems.
func (e *VerifyError) Unwrap() []error { return e.Problems }

// Verify proves from the files of a job that is done that each request of the input has exactly one result. It checks that
// the input is the one that was sent, that the output is the one that was written, that both have the same custom IDs, in
// the same order if [Options.Order] is [OrderInput], and that each part is the one that was stored. If there are problems,
// the error is a [*VerifyError]. If the job was pruned, it checks only the output.
func (j *Job) Verify(ctx context.Context) error {
	r, err := j.report(ctx)
	if err != nil {
		return fmt.Errorf("job %s: %w: %w", j.dir, ErrNotDone, err)
	}
	v := new(VerifyError)
	note := func(what string, err error) {
		if err != nil {
			v.Problems = append(v.Problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	if j.about.Pruned != nil {
		return j.verifyPruned(r)
	}
	note("input", j.verifyFile(j.about.Input.Name, j.about.Input.SHA256))
	note("output", j.verifyFile(r.Output, r.SHA256))
	if r.Errors != "" {
		note("errors", j.verifyFile(r.Errors, r.ErrorsSHA256))
	}
	pairs := j.verifyPairs
	if j.about.Options.Order == OrderDone {
		pairs = j.verifySet
	}
	note("results", pairs(ctx, r.Output))
	err = j.verifyParts(ctx, note)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("job %s: %w", j.dir, err)
	}
	if len(v.Problems) > 0 {
		return fmt.Errorf("job %s: %w", j.dir, v)
	}
	return nil
}

// verifyPruned checks the output of a job that was pruned.
func (j *Job) verifyPruned(r *Report) error {
	if err := j.verifyFile(r.Output, r.SHA256); err != nil {
		return fmt.Errorf("job %s: %w", j.dir, &VerifyError{[]error{fmt.Errorf("output: %w", err)}})
	}
	return nil
}

func (j *Job) verifyFile(name, sum string) error {
	f, err := j.disk.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := hashOf(f)
	if err == nil && got != sum {
		err = fmt.Errorf("its SHA-256 is %s, not %s", got, sum)
	}
	return err
}

// verifyPairs compares the custom IDs of input and output in order.
func (j *Job) verifyPairs(ctx context.Context, output string) error {
	in, err := j.disk.Open(j.about.Input.Name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := j.disk.Open(output)
	if err != nil {
		return err
	}
	defer out.Close()
	requests, results := newLineReader(in, 0), newLineReader(out, 0)
	for n := 1; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		want, err1 := idOfNext(requests)
		got, err2 := idOfNext(results)
		switch {
		case err1 == io.EOF && err2 == io.EOF:
			return nil
		case err1 == io.EOF:
			return fmt.Errorf("result %d has no request", n)
		case err2 == io.EOF:
			return fmt.Errorf("request %d has no result", n)
		case err1 != nil || err2 != nil:
			return fmt.Errorf("request %d: %w", n, errors.Join(err1, err2))
		case want != got:
			return fmt.Errorf("request %d is %.70q, but its result is that of %.70q", n, want, got)
		}
	}
}

// verifySet compares the custom IDs of two files in different orders by their hashes, with 16 bytes of memory for each. The
// custom IDs of the input are unique.
func (j *Job) verifySet(ctx context.Context, output string) error {
	seed := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	hashes := func(name string) (all [][2]uint64, err error) {
		f, err := j.disk.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for r := newLineReader(f, 0); ; {
			id, err := idOfNext(r)
			if err == io.EOF {
				break
			}
			if len(all)%1000 == 0 && err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", r.number, err)
			}
			all = append(all, [2]uint64{maphash.String(seed[0], id), maphash.String(seed[1], id)})
		}
		slices.SortFunc(all, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
		return all, nil
	}
	want, err := hashes(j.about.Input.Name)
	if err != nil {
		return err
	}
	got, err := hashes(output)
	switch {
	case err != nil:
		return err
	case len(got) != len(want):
		return fmt.Errorf("there are %d results for %d requests", len(got), len(want))
	case !slices.Equal(got, want):
		return errors.New("their custom IDs differ from those of the requests")
	}
	return nil
}

func idOfNext(r *lineReader) (string, error) {
	l, err := r.next(func([]byte) {})
	if err != nil {
		return "", err
	}
	o, err := scanLine(l.text)
	if err != nil {
		return "", err
	}
	return o.customID(l.text)
}

// verifyParts checks all parts.
func (j *Job) verifyParts(ctx context.Context, note func(string, error)) error {
	var batches []*store.Batch
	err := j.store.View(ctx, func(tx store.Tx) (err error) {
		batches, err = tx.Batches(j.about.ID, nil, 0, 0)
		return err
	})
	for _, b := range batches {
		note(fmt.Sprintf("part of batch %d", b.Seq), verifyPart(ctx, j.blobs, b))
	}
	return err
}

func verifyPart(ctx context.Context, blobs store.Blobs, b *store.Batch) error {
	p, err := openPart(ctx, blobs, b)
	if err != nil {
		return err
	}
	defer p.close()
	for more := true; more && err == nil && ctx.Err() == nil; {
		more, err = p.next()
	}
	if err == nil && p.lines != int64(b.Requests) {
		err = fmt.Errorf("it has %d results for %d requests", p.lines, b.Requests)
	}
	return err
}
