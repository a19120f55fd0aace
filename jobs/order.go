package jobs

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An Order is the order of the results in the output.
type Order string

// The values of [Options.Order].
const (
	// OrderInput is the order of the input. The output is written when the job is done. It is the default.
	OrderInput Order = ""

	// OrderDone is the order in which batches end. The final results of a batch are appended to the output as soon as they
	// are stored, in the order of the input, so that other programs can read them before the job is done. The results of
	// requests that are resent come last. After [Job.Retry] and after [Rebuild], the output is rewritten in the order of the
	// input.
	OrderDone Order = "done"
)

// A progress records how much of an output in OrderDone is written. Anything after that is overwritten.
type progress struct {
	Output string  `json:"output"`
	Bytes  int64   `json:"bytes"`
	Parts  []int64 `json:"parts"` // Seqs of batches of round 0
}

// progressName is the file of the progress. It exists until the job is done.
const progressName = "output.progress"

func (j *Job) readProgress() (*progress, error) {
	f, err := j.disk.Open(filepath.Join(j.dir, progressName))
	if errors.Is(err, os.ErrNotExist) {
		return &progress{Output: j.output()}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := new(progress)
	if err := json.NewDecoder(f).Decode(p); err != nil || p.Output != j.output() {
		return &progress{Output: j.output()}, nil // the output is rewritten
	}
	return p, nil
}

func (j *Job) writeProgress(p *progress) error {
	return writeFile(j.disk, filepath.Join(j.dir, progressName), func(w io.Writer) error { return json.NewEncoder(w).Encode(p) })
}

// stream appends the results that were collected to the output of a job in OrderDone.
func (j *Job) stream(ctx context.Context, e *engine) error {
	if !j.streams() {
		return nil
	}
	p, err := j.readProgress()
	if err != nil {
		return err
	}
	parts, err := e.firstParts(ctx, p.Parts)
	if err != nil || len(parts) == 0 {
		return err
	}
	f, err := j.appendTo(p)
	if err != nil {
		return err
	}
	defer f.Close()
	if len(p.Parts) == 0 {
		if parts, err = e.firstParts(ctx, nil); err != nil {
			return err
		}
	}
	late, err := e.late(ctx) // read after the parts: a batch of parts must not be missing here
	if err != nil {
		return err
	}
	for _, b := range parts {
		out := bufio.NewWriterSize(f, 1<<20)
		n, err := e.copyPart(ctx, b, late, out)
		if err == nil {
			err = errors.Join(out.Flush(), f.Sync())
		}
		if err == nil {
			p.Bytes, p.Parts = p.Bytes+n, append(p.Parts, b.Seq)
			err = j.writeProgress(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stream extends the output if a step has ended since the last call. A full disk does not end the run.
func (l *loop) stream(ctx context.Context) error {
	if l.streamed == l.steps+1 {
		return nil
	}
	l.streamed = l.steps + 1
	err := l.job.stream(ctx, l.engine)
	var damaged *damagedError
	switch {
	case errors.As(err, &damaged):
		return l.readAgain(ctx, damaged)
	case errors.As(err, new(*fs.PathError)) && ctx.Err() == nil:
		l.streamed = 0
		l.job.say(Event{Kind: EventOutage, Text: err.Error()})
		return nil
	}
	return err
}

// appendTo opens the output after the part that is written. If the file is shorter than that, it starts over.
func (j *Job) appendTo(p *progress) (file, error) {
	f, err := j.disk.Append(p.Output, p.Bytes)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		p.Bytes, p.Parts = 0, nil
		f, err = j.disk.Append(p.Output, 0)
	}
	if err == nil {
		err = j.disk.SyncDir(filepath.Dir(p.Output))
	}
	return f, err
}

// wasDone reports whether the job was done before.
func (j *Job) wasDone() bool {
	f, err := j.disk.Open(filepath.Join(j.dir, manifestName))
	if err != nil {
		return false
	}
	_ = f.Close() // it was not even read
	return true
}

// firstParts returns the batches of the first round whose results are stored, except those in but, in the order in which
// they ended.
func (e *engine) firstParts(ctx context.Context, but []int64) (parts []*store.Batch, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		parts = nil
		return eachBatch(tx, e.job, func(b *store.Batch) error {
			if b.Round == 0 && b.Part.Name != "" && !slices.Contains(but, b.Seq) {
				parts = append(parts, b)
			}
			return nil
		})
	})
	slices.SortFunc(parts, func(a, b *store.Batch) int { return cmp.Or(a.EndedAt.Compare(b.EndedAt), cmp.Compare(a.Seq, b.Seq)) })
	return parts, err
}

// late returns the indexes of the requests that are resent, in ascending order: their final results are not in the parts of
// the first round.
func (e *engine) late(ctx context.Context) (late []int64, err error) {
	var lists []string
	err = e.store.View(ctx, func(tx store.Tx) error {
		lists = nil
		return eachBatch(tx, e.job, func(b *store.Batch) error {
			switch {
			case b.Round > 0:
				lists = append(lists, b.Lines)
			case b.Again.Name != "":
				lists = append(lists, b.Again.Name)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for _, name := range lists {
		for entry, err := range readList(ctx, e.blobs, name) {
			if err != nil {
				return nil, err
			}
			late = append(late, entry.index)
		}
	}
	slices.Sort(late)
	return slices.Compact(late), nil
}

// copyPart writes the results of a part that are not late, and returns the number of bytes.
func (e *engine) copyPart(ctx context.Context, b *store.Batch, late []int64, out *bufio.Writer) (n int64, err error) {
	p, err := openPart(ctx, e.blobs, b)
	if err != nil {
		return 0, err
	}
	defer p.close()
	for more := true; more; {
		if _, found := slices.BinarySearch(late, p.now.index); !found {
			n += int64(writeLine(out, p.now.raw))
		}
		if p.lines%1000 == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if more, err = p.next(); err != nil {
			return 0, &damagedError{b.Seq, err}
		}
	}
	return n, nil
}

// writeLine writes a line and returns its size. Errors are returned by Flush.
func writeLine(out *bufio.Writer, line []byte) int {
	n, _ := out.Write(line)
	_ = out.WriteByte('\n')
	return n + 1
}

// streams reports whether the output is written while the job runs. After [Job.Retry] and after [Rebuild], the old output is
// kept until the new one is complete.
func (j *Job) streams() bool {
	return j.about.Options.Order == OrderDone && j.about.Epoch == 0 && !j.wasDone()
}

// writeDone completes an output in OrderDone with the late results, after those of the parts. It calls each with the final
// result of each request, in the order of the input.
func (j *Job) writeDone(ctx context.Context, e *engine, lines int64, each func(final) error) error {
	if err := j.stream(ctx, e); err != nil {
		return err
	}
	late, err := e.late(ctx)
	if err != nil {
		return err
	}
	p, err := j.readProgress()
	if err != nil {
		return err
	}
	f, err := j.appendTo(p)
	if err != nil {
		return err
	}
	if len(p.Parts) == 0 { // the file was lost: start over
		if err := errors.Join(f.Close(), ignoreMissing(j.disk.Remove(filepath.Join(j.dir, progressName)))); err != nil {
			return err
		}
		return j.writeDone(ctx, e, lines, each)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = e.merge(ctx, lines, func(final final) error {
		if _, found := slices.BinarySearch(late, final.index); found {
			writeLine(out, final.raw)
		}
		return each(final)
	})
	return errors.Join(err, out.Flush(), f.Sync(), f.Close())
}
