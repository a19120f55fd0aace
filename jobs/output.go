package jobs

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Report is the outcome of a job. It is stored as JSON in the file manifest.json in the directory of the job.
type Report struct {
	Job    string    `json:"job"`    // ID of the job
	Done   time.Time `json:"done"`   // when the output was written
	Output string    `json:"output"` // file of results, in the order of Options.Order
	Bytes  int64     `json:"bytes"`  // size of the output
	SHA256 string    `json:"sha256"` // hash of the output, in hexadecimal

	Errors       string `json:"errors,omitempty"`        // file of results that are not answers, if Options.Errors is set
	ErrorsSHA256 string `json:"errors_sha256,omitempty"` // hash of that file

	Requests int64 `json:"requests"` // requests in the input, and results in the output
	Answered int64 `json:"answered"` // results that are answers
	Rejected int64 `json:"rejected"` // of these, answers that Options.Accept did not accept
	Failed   int64 `json:"failed"`   // results that errored, expired or were canceled
	Missing  int64 `json:"missing"`  // requests that the service accepted and has no result for; the output has an errored result in its place

	// Reasked counts answers that were not accepted and whose requests were resent; each was paid for. Retried counts other
	// results whose requests were resent. A request may be counted in each round except its last one.
	Reasked int64 `json:"reasked,omitempty"`
	Retried int64 `json:"retried,omitempty"`

	Batches int64 `json:"batches"` // batches that the service accepted for the job, including Gone and Duplicates
	Rounds  int   `json:"rounds"`  // 1 if nothing was resent

	// Gone lists batches whose results could no longer be read. Their requests are counted in Missing, and were paid for.
	Gone []string `json:"gone,omitempty"`

	// Duplicates lists batches whose requests another batch of the job has too. They were paid for. PossibleDuplicates lists
	// batches that may be duplicates and still run: they are as large as a batch that was resent after lists had shown that
	// it had not been accepted. Resent counts the creates that were resent because of [Resend].
	Duplicates         []string `json:"duplicates,omitempty"`
	PossibleDuplicates []string `json:"possible_duplicates,omitempty"`
	Resent             int      `json:"resent,omitempty"`

	Costs *Costs `json:"costs,omitempty"` // what the job has cost
}

// finish writes the output and the manifest of a job whose batches are all settled, and ends the job. Running lists batches
// that may be duplicates.
func (j *Job) finish(ctx context.Context, e *engine, lines int64, running []string) error {
	r := &Report{Job: j.about.ID, Done: j.clock.wall(), Output: j.output(), PossibleDuplicates: running}
	if err := j.tally(ctx, r); err != nil {
		return err
	}
	var err error
	if r.Costs, err = j.costs(ctx, e.table()); err != nil {
		return err
	}
	if err := j.writeErrors(r, func(failures *bufio.Writer) error {
		return j.writeOutput(ctx, e, lines, func(f final) error {
			r.count(f)
			if failures != nil && (f.grade == failed || f.grade == missing) {
				writeLine(failures, f.raw)
			}
			if f.index%1000 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return nil
		})
	}); err != nil {
		return err
	}
	err = j.hashOutputs(r)
	if err != nil {
		return err
	}
	err = writeFile(j.disk, filepath.Join(j.dir, manifestName), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	})
	if err != nil {
		return err
	}
	if err := ignoreMissing(j.disk.Remove(filepath.Join(j.dir, progressName))); err != nil {
		return err
	}
	if j.about.Open {
		j.about.Open = false
		if err := j.writeDescription(); err != nil {
			return err
		}
	}
	return j.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err != nil {
			return err
		}
		if row.State != store.Canceled {
			row.State = store.Done
		}
		return errors.Join(tx.PutJob(row), tx.AddEvent(&store.Event{Job: row.ID, At: tx.Now(), Kind: "done", Text: plural(r.Requests, "result")}))
	})
}

// restoreOutput rewrites the output of a job that is done, if its file does not exist or the options name another one. It
// does nothing without the parts, which Prune deletes, or without a database that knows them.
func (j *Job) restoreOutput(ctx context.Context, e *engine, lines int64) error {
	r, err := j.report(ctx)
	if err != nil || j.about.Pruned != nil {
		return err
	}
	f, err := j.disk.Open(r.Output)
	if err == nil {
		if err := f.Close(); err != nil || j.options.Output == "" || j.options.Output == r.Output {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	known := new(Report)
	if err := j.tally(ctx, known); err != nil || known.Batches < r.Batches { // the database was lost after the job was done
		return err
	}
	return j.finish(ctx, e, lines, r.PossibleDuplicates)
}

// count counts the final result of a request.
func (r *Report) count(f final) {
	r.Requests++
	r.Reasked += f.reasked
	r.Retried += f.retried
	switch f.grade {
	case answered:
		r.Answered++
	case rejected:
		r.Answered++
		r.Rejected++
	case failed:
		r.Failed++
	default:
		r.Missing++
	}
	r.Bytes += int64(len(f.raw)) + 1
}

// writeOutput writes the output. It calls each with the final result of each request, in the order of the input.
func (j *Job) writeOutput(ctx context.Context, e *engine, lines int64, each func(final) error) error {
	if j.streams() {
		return j.writeDone(ctx, e, lines, each)
	}
	return writeFile(j.disk, j.output(), func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		err := e.merge(ctx, lines, func(f final) error {
			writeLine(out, f.raw)
			return each(f)
		})
		return errors.Join(err, out.Flush())
	})
}

// writeErrors calls write with a writer for the results that are not answers, and stores them in Options.Errors. The writer
// is nil if that is "".
func (j *Job) writeErrors(r *Report, write func(failures *bufio.Writer) error) error {
	if r.Errors = j.options.Errors; r.Errors == "" {
		return write(nil)
	}
	return writeFile(j.disk, r.Errors, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 64<<10)
		return errors.Join(write(out), out.Flush())
	})
}

// hashOutputs records the hashes of the files.
func (j *Job) hashOutputs(r *Report) error {
	for name, sum := range map[string]*string{r.Output: &r.SHA256, r.Errors: &r.ErrorsSHA256} {
		if name == "" {
			continue
		}
		f, err := j.disk.Open(name)
		if err != nil {
			return err
		}
		if *sum, err = hashOf(f); err != nil {
			return errors.Join(err, f.Close())
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// tally counts the batches.
func (j *Job) tally(ctx context.Context, r *Report) error {
	return j.store.View(ctx, func(tx store.Tx) error {
		r.Batches, r.Rounds, r.Gone, r.Duplicates, r.Resent = 0, 0, nil, nil, 0
		batches, err := tx.Batches(j.about.ID, nil, 0, 0)
		if err != nil {
			return err
		}
		for _, b := range batches {
			r.Rounds = max(r.Rounds, b.Round+1)
			if b.BatchID != "" {
				r.Batches++
			}
			if b.State == store.Gone {
				r.Gone = append(r.Gone, b.BatchID)
			}
			if b.Attempt < 2 {
				continue
			}
			attempts, err := tx.Attempts(b.Job, b.Seq)
			if err != nil {
				return err
			}
			for _, a := range attempts {
				if a.Outcome == store.Resent {
					r.Resent++
				}
			}
		}
		orphans, err := tx.CreatedIn(j.about.ID, []store.Role{store.Orphan, store.Spare}, "", 0)
		for _, c := range orphans {
			r.Batches++
			r.Duplicates = append(r.Duplicates, c.BatchID)
		}
		return err
	})
}

func (j *Job) output() string {
	if j.options.Output != "" {
		return j.options.Output
	}
	return filepath.Join(j.dir, outputName)
}

// Report returns the report of a job that is done, as [Job.Run] did. If the job is not done, the error is [ErrNotDone].
func (j *Job) Report(ctx context.Context) (*Report, error) {
	r, err := j.report(ctx)
	if errors.Is(err, os.ErrNotExist) {
		err = ErrNotDone
	}
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.dir, err)
	}
	return r, nil
}

// report returns the report of a job that is done.
func (j *Job) report(context.Context) (*Report, error) {
	f, err := j.disk.Open(filepath.Join(j.dir, manifestName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := new(Report)
	if err := json.NewDecoder(f).Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	if own := filepath.Join(j.dir, outputName); filepath.Base(r.Output) == outputName && r.Output != own {
		if f, err := j.disk.Open(own); err == nil { // the directory was moved
			r.Output = own
			return r, f.Close()
		}
	}
	return r, nil
}

// ErrNotDone is the error for the results of a job that is not done.
var ErrNotDone = errors.New("the job is not done")

// Results yields the final result of each request of a job that is done, in the order of the output, with the custom IDs of
// the input. An error is the last thing it yields. If the job is not done, the error is [ErrNotDone].
func (j *Job) Results(ctx context.Context) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		r, err := j.Report(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		f, err := j.disk.Open(r.Output)
		if err != nil {
			yield(nil, fmt.Errorf("job %s: %w", j.dir, err))
			return
		}
		defer f.Close()
		for item, err := range bulk.ReadItems(f) {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				yield(nil, fmt.Errorf("job %s: %w", j.dir, err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// hashOf returns the SHA-256 of a whole file, in hexadecimal.
func hashOf(f file) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
