package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
)

// checkShared returns an error for flags that a run with --store cannot have.
func (r *runCall) checkShared() error {
	if err := r.shared.check(); err != nil || r.shared.database == "" {
		return err
	}
	if o := r.options; o.Accept != nil || o.Budget > 0 || o.Errors != "" || r.sample > 0 || o.Order != jobs.OrderInput {
		return cli.Wrong("--store cannot be combined with --accept, --budget, --errors, --sample or --order: workers have --accept")
	}
	if r.metrics.address != "" {
		return cli.Wrong("--metrics cannot be combined with --store: set it on the workers")
	}
	return nil
}

// sharedBegun reports whether the job has been added.
func (r *runCall) sharedBegun() bool {
	_, err := os.Stat(r.dir + ".id")
	return err == nil
}

// sendShared adds a job for workers, once, waits for it, and writes its results.
func (r *runCall) sendShared(ctx context.Context) error {
	c, err := r.service.client()
	if err != nil {
		return err
	}
	j, err := r.shared.open(ctx, c, river.Options{MaxWaiting: r.options.MaxWaiting, Logger: logger(r.Streams)})
	if err != nil {
		return err
	}
	defer j.Close()
	if err := r.claimOutputs(); err != nil {
		return err
	}
	id, err := r.sharedID(ctx, j)
	if err != nil {
		return err
	}
	if r.json {
		if err := r.WriteJSON(map[string]string{"type": "job", "id": id}); err != nil {
			return err
		}
	}
	if r.detach {
		r.note("Job %s was added. The same command without --detach waits for its results.", id)
		return nil
	}
	r.note("Workers process job %s.", id)
	if err := j.Resume(ctx, id, who()); err != nil {
		return err
	}
	report, err := j.Wait(ctx, id)
	switch {
	case ctx.Err() != nil:
		r.note("Interrupted. Workers continue with job %s; run the same command to wait for it again.", id)
		return cli.Exit(cli.Stopped)
	case errors.As(err, new(*jobs.PausedError)):
		return &cli.ExitError{Status: cli.Person, Err: err}
	case err != nil:
		return err
	}
	if err := r.writeShared(ctx, j, id); err != nil {
		return err
	}
	report.Output = r.options.Output
	return r.report(report)
}

// sharedID returns the ID of the job. If there is none yet, it adds the job and records its ID.
func (r *runCall) sharedID(ctx context.Context, j *river.Jobs) (string, error) {
	name := r.dir + ".id"
	raw, err := os.ReadFile(name)
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	// The file is created before the job is added: if it cannot be written, nothing is added.
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	id, err := j.Add(ctx, jobs.Lines(r.input()), r.options)
	if err != nil {
		return "", errors.Join(err, f.Close(), os.Remove(name))
	}
	_, err = f.WriteString(id + "\n")
	return id, errors.Join(err, f.Sync(), f.Close())
}

// writeShared writes the results to the output file. If it fails, the file is left as it was.
func (r *runCall) writeShared(ctx context.Context, j *river.Jobs, id string) error {
	temporary := r.options.Output + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	for item, itemErr := range j.Results(ctx, id) {
		if err = itemErr; err != nil {
			break
		}
		_, _ = out.Write(item.Raw) // Flush returns the error
		_ = out.WriteByte('\n')
	}
	err = errors.Join(err, out.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temporary, r.options.Output)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}
