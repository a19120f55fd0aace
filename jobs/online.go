package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An OnlineReport is what the list of batches showed about a job.
type OnlineReport struct {
	Listed  int `json:"listed"`  // batches that were checked: those that are not older than the job
	Ours    int `json:"ours"`    // of these, batches of the job, as their custom IDs prove
	Unread  int `json:"unread"`  // of Ours, those whose results can no longer be read, but which a response named or which were read before
	Strange int `json:"strange"` // batches of others: no batch of the job has as many requests, or a custom ID proves it

	// Duplicates lists batches whose requests another batch of the job has too; they were paid for. Those that the report of
	// the job does not name are problems.
	Duplicates []string `json:"duplicates,omitempty"`

	// MayBeOurs lists unknown batches that are still running and have as many requests as a batch of the job. Their owner
	// can be determined when they have ended.
	MayBeOurs []string `json:"may_be_ours,omitempty"`

	// Deleted lists batches of the job that are no longer in the list.
	Deleted []string `json:"deleted,omitempty"`
}

// VerifyOnline proves that nothing was paid for twice, except what the report of the job names. It makes the checks of
// [Job.Verify], and checks that no request is in two batches of one round. Then it walks the list of batches down to those
// that existed before the job, and reads one custom ID of each batch of the job: it names job, batch, round and attempt. For
// a batch that the job does not know, it compares the number of requests, and reads one custom ID only if a batch of the job
// has as many.
//
// A job with [Options.KeepIDs] has no such custom IDs and cannot be verified in this way. If there are problems, the error
// is a [*VerifyError]. The client retries calls as usual.
func (j *Job) VerifyOnline(ctx context.Context, c *client.Client) (*OnlineReport, error) {
	if j.about.Options.KeepIDs {
		return nil, fmt.Errorf("job %s: it sends the custom IDs of its input (KeepIDs), so nothing shows which batches on the server are its own", j.dir)
	}
	v := new(VerifyError)
	if err := j.Verify(ctx); errors.As(err, &v) {
	} else if err != nil {
		return nil, err
	}
	w := &walk{engine: j.engine(c, j.about.Input.Name), problems: v}
	if err := w.run(ctx, j); err != nil {
		return nil, fmt.Errorf("job %s: %w", j.dir, err)
	}
	if len(v.Problems) > 0 {
		return nil, fmt.Errorf("job %s: %w", j.dir, v)
	}
	return &w.report, nil
}

// A walk goes through the list of batches.
type walk struct {
	*engine
	report   OnlineReport
	problems *VerifyError
	sizes    map[int64]bool            // sizes, in requests, of the batches of the job
	created  map[string]*store.Created // what the store knows, by batch ID
	holders  map[int64][]string        // IDs of batches on the server, by Seq of the batch of the job
}

func (w *walk) wrong(format string, args ...any) {
	w.problems.Problems = append(w.problems.Problems, fmt.Errorf(format, args...))
}

func (w *walk) run(ctx context.Context, j *Job) error {
	known, err := j.report(ctx)
	if err == nil {
		err = j.remembers(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := w.lookFirst(ctx); err != nil {
		return err
	}
	if err := w.know(ctx); err != nil {
		return err
	}
	if j.about.Pruned == nil {
		if err := w.disjoint(ctx, known.Requests); err != nil {
			return err
		}
	}
	var before client.Watermark
	if j.about.Service != nil {
		before = j.about.Service.Watermark
	}
	listed := make(map[string]bool)
	for found, err := range w.client.List(ctx, client.WithPageSize(100), client.WithVersion(w.version)) {
		if err != nil {
			return err
		}
		if slices.Contains(before.Below, found.ID) {
			break
		}
		if slices.Contains(before.Seen, found.ID) {
			continue
		}
		listed[found.ID] = true
		if err := w.look(ctx, found); err != nil {
			return err
		}
	}
	w.report.Listed = len(listed)
	for id, c := range w.created {
		if c.Role != store.Foreign && !listed[id] {
			w.report.Deleted = append(w.report.Deleted, id)
			w.holders[c.Seq] = append(w.holders[c.Seq], id)
		}
	}
	w.judge(known)
	return nil
}

// disjoint checks that no request is in two batches of one round, so that batches with different Seqs have different
// requests.
func (w *walk) disjoint(ctx context.Context, lines int64) error {
	if len(w.problems.Problems) > 0 {
		return nil // the parts may be damaged
	}
	return w.merge(ctx, lines, func(f final) error {
		if f.twice {
			w.wrong("request %d is in two batches of one round", f.index)
		}
		if f.index%1000 == 0 {
			return context.Cause(ctx)
		}
		return nil
	})
}

// know loads what the store knows.
func (w *walk) know(ctx context.Context) error {
	return w.store.View(ctx, func(tx store.Tx) error {
		w.sizes, w.created, w.holders = make(map[int64]bool), make(map[string]*store.Created), make(map[int64][]string)
		all, err := tx.CreatedIn(w.job, []store.Role{store.Ours, store.Spare, store.Orphan, store.Foreign}, "", 0)
		if err != nil {
			return err
		}
		for _, c := range all {
			w.created[c.BatchID] = c
		}
		return eachBatch(tx, w.job, func(b *store.Batch) error {
			w.sizes[int64(b.Requests)] = true
			return nil
		})
	})
}

// look checks a batch of the list.
func (w *walk) look(ctx context.Context, found *client.Batch) error {
	c := w.created[found.ID]
	total, known := requestsOf(found)
	switch {
	case c != nil && c.Role == store.Foreign, c == nil && known && !w.sizes[total]:
		w.report.Strange++
		return nil
	case c == nil && !found.Ended():
		w.report.MayBeOurs = append(w.report.MayBeOurs, found.ID)
		return nil
	}
	text := ""
	if found.Ended() {
		var err error
		if text, err = w.anyCustomID(ctx, found.ID); err != nil {
			return err
		}
	}
	id, ok := parseWireID(text)
	ours := ok && id.job == w.job
	switch {
	case c == nil && !ours:
		w.report.Strange++
		return nil
	case text == "": // a response named it, or it was read before
		w.report.Unread++
	case !ours, c != nil && id.seq != c.Seq:
		w.wrong("the results of batch %s are not those of batch %d of the job", found.ID, c.Seq)
		return nil
	}
	seq := id.seq
	if c != nil {
		seq = c.Seq
	}
	w.report.Ours++
	w.holders[seq] = append(w.holders[seq], found.ID)
	return nil
}

// judge compares what was found with the report.
func (w *walk) judge(known *Report) {
	seqs := make([]int64, 0, len(w.holders))
	for seq := range w.holders {
		seqs = append(seqs, seq)
	}
	slices.SortFunc(seqs, cmp.Compare)
	for _, seq := range seqs {
		ids := w.holders[seq]
		for _, id := range ids {
			c := w.created[id]
			switch {
			case c != nil && c.Role == store.Ours:
			case slices.Contains(known.Duplicates, id), slices.Contains(known.PossibleDuplicates, id):
				w.report.Duplicates = append(w.report.Duplicates, id)
			default:
				w.report.Duplicates = append(w.report.Duplicates, id)
				w.wrong("batch %s has the requests of batch %d of the job, too, and was paid for, but is not in the report", id, seq)
			}
		}
	}
	slices.Sort(w.report.Deleted)
}
