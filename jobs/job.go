package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Options configure a job. Those that are kept hold for the whole life of the job; when a job is opened again, the ones
// that are set must be the same.
type Options struct {
	// MaxRequests and MaxBytes bound each batch. Zero stands for the limits of the service. Kept.
	MaxRequests int
	MaxBytes    int64

	// Version and Betas are those of all calls. The default version is 2023-06-01. Betas of the client are sent too. Kept.
	Version client.APIVersion
	Betas   []client.Beta

	// FollowUp says which requests are sent again, and how often at most: 3 times by default, the first one included. Kept.
	FollowUp bulk.Policy

	// Accept says what is wrong with an answer: nil if nothing is, such as [AcceptSchema]; [AcceptAll] joins several. A request
	// whose answer is not accepted is sent again in a further round, as often as FollowUp allows, and paid for each time:
	// [Report] counts that. If no answer is accepted, the last one is the result. Accept is called from several goroutines,
	// and again for the same answers if a program dies.
	Accept Accept

	// Again changes a request before it is sent again because of what Accept returned, such as by [MoreTokens]. If it returns
	// false, the request is not sent again. Nil changes nothing. Parameters that this version does not know are kept at the
	// top level of the request and of its params, and lost further down.
	Again Again

	// KeepIDs sends the custom IDs of the input, which must then be such as the service takes, and not those of the job. Whose
	// a batch is cannot be told from its results then, so that a create whose outcome is not known is never looked for: Wait
	// is [Ask], and [Adopt] or [Resend] is the answer. If the database is lost, or the directory copied, the job is too, unless
	// it is done. Kept.
	KeepIDs bool

	// MaxWaiting is how many requests of the organization may wait at the service, of all jobs in the store. Zero is no
	// limit; if the service refuses more, less is sent for a while. It may be another one in each run, but not smaller than a
	// batch that was cut and may have to be sent: the error of the run then says which.
	MaxWaiting int64

	// Prices are what requests cost; they must not change while the job is open. Nil is [price.Default].
	Prices *price.Table

	// Budget is how much the job may cost, in the currency of Prices. Zero is no limit. A batch is sent if what was spent,
	// what batches at the service are reckoned at, and what it is reckoned at itself are within the budget. That is what is
	// expected, by the estimates of package price, corrected by the results of the job as they come; so the job may cost
	// more, by as much as the batches that are at the service cost more than they were reckoned at. When no batch fits any
	// more and all that were sent have been collected, the job pauses; it continues with a higher budget. A follow-up that
	// does not fit is not sent: the best result so far is the final one. A model without a price is an [*UnpricedError],
	// before anything is sent.
	Budget float64

	// StrictBudget reckons batches at what they cost at worst: all of max_tokens, nothing read from the prompt cache. The
	// job costs more than the budget only if prompts have more tokens than the highest estimate, such as the results of server
	// tools, if responses include work of other models, and if a batch was sent twice, which the report counts.
	StrictBudget bool

	// Labels say what the job is for, such as team and purpose. They are shown beside its costs, and stay in its directory.
	// Kept.
	Labels map[string]string

	// WithoutPriming sends all requests at the same time. Without it, if at least 20 requests share a prefix that the prompt
	// cache keeps for an hour and that is long enough for their model, the first of them is sent before the others, in one
	// batch with the other such requests. The others are sent when that batch has ended, so that they read the prefix from
	// the cache; after an hour they are sent anyhow. The service promises no hits: [Costs] has how many there were.
	WithoutPriming bool

	// OnDoubt says what happens to a create whose outcome is not known.
	OnDoubt OnDoubt

	// Output is the file of results, by default output.jsonl in the directory of the job.
	Output string

	// Order is that of the results in the output. Kept.
	Order Order

	// Errors is a second file, which gets the results that errored, expired, were canceled or are missing: those of the output
	// that are no answers, in the order of the input. It is written when the job is done. "" writes none.
	Errors string

	// MinFreeDisk is how many bytes of disk must be free for anything to be sent, by default 256 MiB; -1 is none.
	MinFreeDisk int64

	// WithoutPreflight leaves out the check of all requests before the first batch is sent. Lines are still checked for
	// being JSON objects.
	WithoutPreflight bool

	// DeleteAfterVerify deletes the batches of the job at the service, with their results, when the job is done and
	// [Job.Verify] has found nothing wrong: see [Job.DeleteBatches].
	DeleteAfterVerify bool

	// OnEvent is called with what happens, one event after the other. It must not block for long.
	OnEvent func(Event)
}

// kept are the options that are stored.
type kept struct {
	MaxRequests int               `json:"max_requests"`
	MaxBytes    int64             `json:"max_bytes"`
	Version     client.APIVersion `json:"version"`
	Betas       []client.Beta     `json:"betas"`
	FollowUp    bulk.Policy       `json:"follow_up"`
	Labels      map[string]string `json:"labels,omitempty"`
	Order       Order             `json:"order,omitempty"`
	KeepIDs     bool              `json:"keep_ids,omitempty"`
}

func (o Options) kept() kept {
	size := limits{o.MaxRequests, o.MaxBytes}.defaults()
	return kept{size.requests, size.bytes, cmp.Or(o.Version, client.Version20230601), o.Betas, o.FollowUp, o.Labels, o.Order, o.KeepIDs}
}

// A description is the file job.json: what a job is, for those who have lost its database.
type description struct {
	Format  int               `json:"format"`
	ID      string            `json:"id"`
	Epoch   int               `json:"epoch"` // how often it was rebuilt
	Created time.Time         `json:"created"`
	Options kept              `json:"options"`
	Input   *inputDescription `json:"input,omitempty"` // once it was planned
	Service *introduction     `json:"service,omitempty"`
	Deleted *time.Time        `json:"deleted,omitempty"` // when its batches were deleted at the service
	Pruned  *time.Time        `json:"pruned,omitempty"`  // when its parts were deleted
	Open    bool              `json:"open,omitempty"`    // it was done, and requests are sent again: the output is not its last one
}

// An introduction is what is known of the service before the first create.
type introduction struct {
	Organization string           `json:"organization"`
	Workspace    string           `json:"workspace"`
	Watermark    client.Watermark `json:"watermark"` // all batches of the job are above it
}

type inputDescription struct {
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Lines    int64     `json:"lines"`
	Modified time.Time `json:"modified"`
	Most     int64     `json:"most"`              // requests that a batch was to have
	Avoided  []int     `json:"avoided,omitempty"` // numbers of requests that batches were not to have
	Primed   bool      `json:"primed,omitempty"`  // some requests are sent before others
}

// Files in the directory of a job.
const (
	descriptionName = "job.json"
	databaseName    = "job.db"
	lockName        = "lock"
	outputName      = "output.jsonl"
	manifestName    = "manifest.json"
)

// A Job is a list of requests that get one result each, whatever happens meanwhile. It is safe for concurrent use, but
// only one Run at a time.
type Job struct {
	dir     string
	options Options
	disk    disk
	store   store.Store
	blobs   store.Blobs
	lock    *lock
	about   description
	runs    int64
	first   int64 // run on this boot of this machine
	inUse   []int // numbers of requests that other batches of the workspace have
	timing  timing
	clock   clock
	purse   *purse
}

// Open opens the job in a directory, or begins one if there is none: the directory is created, with mode 0700. Until
// [Job.Close] no other program can open it, which gets [ErrLocked]. The error is an ErrCopied if the directory was copied,
// see [TakeOver], an ErrDatabaseLost if the database is lost, see [Rebuild], and an [*OptionsError] if the job has other
// options.
func Open(ctx context.Context, dir string, o Options) (*Job, error) {
	j, err := open(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", dir, err)
	}
	return j, nil
}

func open(ctx context.Context, dir string, o Options) (_ *Job, err error) {
	timing := realTiming
	if testTiming != "" {
		if timing, err = parseTiming(timing, testTiming); err != nil {
			return nil, err
		}
	}
	if err := (osDisk{}).Mkdir(dir); err != nil {
		return nil, err
	}
	if err := checkFileSystem(dir); err != nil {
		return nil, err
	}
	l, record, err := takeLock(filepath.Join(dir, lockName))
	for range 10 { // a command may hold it for a moment
		if errors.Is(err, ErrLocked) && sleep(ctx, 20*time.Millisecond) == nil {
			l, record, err = takeLock(filepath.Join(dir, lockName))
		}
	}
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.release())
		}
		return nil, err
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, databaseName))
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	j := &Job{dir: dir, options: o, disk: osDisk{}, store: db, lock: l, timing: timing, clock: newClock()}
	if err := j.begin(ctx, record); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// begin reads what the directory has, or makes it.
func (j *Job) begin(ctx context.Context, record lockRecord) (err error) {
	if j.purse, err = newPurse(j.options); err != nil {
		return err
	}
	for _, name := range []string{"parts", "lists", temporaries} {
		if err := j.disk.Mkdir(filepath.Join(j.dir, name)); err != nil {
			return err
		}
	}
	j.blobs = directory{j.disk, j.dir}
	err = j.readDescription()
	if errors.Is(err, os.ErrNotExist) {
		if record != (lockRecord{}) {
			return errors.New("job.json is lost")
		}
		j.about = description{Format: 1, ID: newRandomID(jobIDLength), Created: j.clock.wall(), Options: j.options.kept()}
		err = j.writeDescription()
	}
	if err != nil {
		return err
	}
	if err := j.options.check(j.about.Options); err != nil {
		return err
	}
	return j.beginRun(ctx, record)
}

// beginRun counts a run in the database and in the lock, which a copy of the directory would let disagree.
func (j *Job) beginRun(ctx context.Context, record lockRecord) error {
	err := j.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			if record.Runs > 0 || j.about.Service != nil {
				return ErrDatabaseLost
			}
			row = &store.Job{ID: j.about.ID, State: store.Running, NextSeq: 1}
		case err != nil:
			return err
		case record.Runs != row.Runs && record.Runs != row.Runs-1: // between the two writes below
			return ErrCopied
		}
		row.Runs = record.Runs + 1 // also if programs died between these, one after the other, before they made attempts
		j.runs = row.Runs
		return tx.PutJob(row)
	})
	if j.first = record.First; record.Boot != bootID() {
		j.first = j.runs
	}
	if err != nil || j.lock == nil {
		return err
	}
	return j.lock.write(j.runs, j.first)
}

// ErrDatabaseLost is the error of a job whose job.db is lost, see [Rebuild].
var ErrDatabaseLost = errors.New("the database of the job is lost")

// Close lets other programs open the job. It must not be called during a Run.
func (j *Job) Close() error {
	err := j.store.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.release())
	}
	return err
}

// ID returns the ID of the job, which the custom IDs at the service begin with.
func (j *Job) ID() string { return j.about.ID }

func (j *Job) readDescription() error {
	f, err := j.disk.Open(filepath.Join(j.dir, descriptionName))
	if err != nil {
		return err
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &j.about); err != nil {
		return fmt.Errorf("%s: %w", descriptionName, err)
	}
	if j.about.Format != 1 {
		return fmt.Errorf("%s has format %d, which this version does not know", descriptionName, j.about.Format)
	}
	return nil
}

func (j *Job) writeDescription() error {
	return writeFile(j.disk, filepath.Join(j.dir, descriptionName), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(j.about)
	})
}

// An OptionsError says that a job has other options, or another input, than the call.
type OptionsError struct {
	Name string // of the option
	Job  any    // what the job has
	Call any    // what the call has
}

// Error names the option and both values.
func (e *OptionsError) Error() string {
	return fmt.Sprintf("the job was begun with another %s: %.200s, not %.200s", e.Name, fmt.Sprint(e.Job), fmt.Sprint(e.Call))
}

// check compares the options that are set with those that the job has.
func (o Options) check(has kept) error {
	want := o.kept()
	if o.Order != OrderInput && o.Order != OrderDone {
		return fmt.Errorf("there is no order %.20q of results", string(o.Order))
	}
	for _, c := range []struct {
		name      string
		set       bool
		job, call any
	}{
		{"MaxRequests", o.MaxRequests != 0, has.MaxRequests, want.MaxRequests},
		{"MaxBytes", o.MaxBytes != 0, has.MaxBytes, want.MaxBytes},
		{"Version", o.Version != "", has.Version, want.Version},
		{"Betas", len(o.Betas) > 0, has.Betas, want.Betas},
		{"FollowUp", o.FollowUp != bulk.Policy{}, has.FollowUp, want.FollowUp},
		{"Labels", len(o.Labels) > 0, has.Labels, want.Labels},
		{"Order", o.Order != OrderInput, has.Order, want.Order},
		{"KeepIDs", o.KeepIDs, has.KeepIDs, want.KeepIDs},
	} {
		if c.set && !reflect.DeepEqual(c.job, c.call) {
			return &OptionsError{c.name, c.job, c.call}
		}
	}
	return nil
}
