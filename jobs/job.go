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

// Options configure a job. Those marked "Kept" are stored with the job: when the job is opened again, they must be unset or
// the same.
type Options struct {
	// MaxRequests and MaxBytes limit each batch. Zero means the limits of the service. Batches have slightly fewer requests,
	// and different numbers of them, so that it is easier to find one whose response was lost. Kept.
	MaxRequests int
	MaxBytes    int64

	// Version and Betas apply to all calls. The default version is 2023-06-01. Betas of the client are sent too. Kept.
	Version client.APIVersion
	Betas   []client.Beta

	// FollowUp decides which requests are resent, and limits how often each is sent: by default 3 times, including the
	// first. Kept.
	FollowUp bulk.Policy

	// Accept returns an error for an answer that is not acceptable, and nil for one that is. [AcceptSchema] is one;
	// [AcceptAll] joins several. A request whose answer is not accepted is resent in a further round, as often as FollowUp
	// allows, and paid for each time; [Report] counts these. If no answer is accepted, the last one is the result. Accept is
	// called from several goroutines, and called again for the same answers if a program dies.
	Accept Accept

	// Again changes a request before it is resent because of an error of Accept; [MoreTokens] is one. If it returns false,
	// the request is not resent. If Again is nil, requests are resent unchanged. Parameters that this version does not know
	// are kept at the top level of the request and of its params, and lost at deeper levels.
	Again Again

	// KeepIDs sends the custom IDs of the input unchanged, instead of those that the job generates; the service must then
	// accept them. Results no longer prove which job a batch belongs to. A create whose outcome is unknown is therefore
	// never resolved automatically: [Wait] behaves like [Ask], and a person decides with [Adopt] or [Resend]. If the
	// database is lost or the directory is copied, a job that is not done cannot be recovered. Kept.
	KeepIDs bool

	// MaxWaiting limits how many requests of the organization may be waiting on the server, over all jobs in the store. Zero
	// is no limit; if the service refuses more requests, the job lowers the limit for a while. Each run may set another
	// value, but not one smaller than a batch that is already planned and may have to be sent: the error of the run then
	// names that batch.
	MaxWaiting int64

	// Prices is the table of prices, which must not change while the job is open. Nil is [price.Default].
	Prices *price.Table

	// Budget limits the cost of the job, in the currency of Prices. Zero is no limit. A batch is sent if the amount spent,
	// the amount reserved for batches on the server, and the amount to reserve for this batch are together within the
	// budget. The amount reserved is the expected cost: the estimate of package price, corrected by the results of the job
	// so far. The job may therefore exceed the budget, by as much as the batches on the server cost more than was reserved
	// for them. When no further batch fits and all that were sent have been collected, the job pauses; it continues with a
	// higher budget. A follow-up that does not fit is not sent: the best result so far is the final one. If a model has no
	// price, Run returns an [*UnpricedError] before it sends anything.
	Budget float64

	// StrictBudget reserves the worst case for each batch: all of max_tokens, and nothing read from the prompt cache. The
	// job exceeds the budget only if prompts have more tokens than the highest estimate, for example because of the results
	// of server tools, if responses include the work of other models, or if a batch was sent twice, which the report counts.
	StrictBudget bool

	// Labels describe the job, for example its team and purpose. They are shown with its costs and stay in its directory.
	// Kept.
	Labels map[string]string

	// WithoutPriming sends all requests at the same time. By default, if at least 20 requests share a prefix that the prompt
	// cache keeps for an hour and that is long enough for their model, the first of them is sent before the others, in one
	// batch with the first requests of other prefixes. The others are sent when that batch has ended, so that they read the
	// prefix from the cache; after an hour they are sent anyway. The service does not guarantee cache hits: [Costs] reports
	// how many there were.
	WithoutPriming bool

	// OnDoubt decides what to do about a create whose outcome is unknown. The default is [Wait].
	OnDoubt OnDoubt

	// Output is the name of the file of results, by default output.jsonl in the directory of the job.
	Output string

	// Order is the order of the results in the output. Kept.
	Order Order

	// Errors is the name of a second file, for the results of the output that are not answers: those that errored, expired,
	// were canceled or are missing, in the order of the input. It is written when the job is done. If it is "", no such file
	// is written.
	Errors string

	// MinFreeDisk is the number of bytes that must be free on the disk before anything is sent, by default 256 MiB. If it is
	// -1, free space is not checked.
	MinFreeDisk int64

	// WithoutPreflight skips the check of all requests before the first batch is sent. Lines must still be JSON objects.
	WithoutPreflight bool

	// DeleteAfterVerify deletes the batches of the job on the server, with their results, when the job is done and
	// [Job.Verify] has found no error: see [Job.DeleteBatches].
	DeleteAfterVerify bool

	// OnEvent is called with each event, never concurrently. It must not block for long.
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
	if o.FollowUp.MaxAttempts <= 0 {
		o.FollowUp.MaxAttempts = 3
	}
	return kept{size.requests, size.bytes, cmp.Or(o.Version, client.Version20230601), o.Betas, o.FollowUp, o.Labels, o.Order, o.KeepIDs}
}

// A description is the file job.json: what is needed to rebuild a job whose database is lost.
type description struct {
	Format  int               `json:"format"`
	ID      string            `json:"id"`
	Epoch   int               `json:"epoch"` // how often the job was rebuilt
	Created time.Time         `json:"created"`
	Options kept              `json:"options"`
	Input   *inputDescription `json:"input,omitempty"` // once the job is planned
	Service *introduction     `json:"service,omitempty"`
	Deleted *time.Time        `json:"deleted,omitempty"` // when its batches were deleted on the server
	Pruned  *time.Time        `json:"pruned,omitempty"`  // when its parts were deleted
	Open    bool              `json:"open,omitempty"`    // it was done, but requests are being resent: the output is not the final one
}

// An introduction is what is known about the service before the first create.
type introduction struct {
	Organization string           `json:"organization"`
	Workspace    string           `json:"workspace"`
	Watermark    client.Watermark `json:"watermark"` // all batches of the job are newer
}

type inputDescription struct {
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Lines    int64     `json:"lines"`
	Modified time.Time `json:"modified"`
	Most     int64     `json:"most"`              // maximum requests in a batch
	Avoided  []int     `json:"avoided,omitempty"` // sizes, in requests, that batches were not to have
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

// A Job is a list of requests that get one result each. It is safe for concurrent use, except that only one Run may be
// active at a time.
type Job struct {
	dir     string
	options Options
	disk    disk
	store   store.Store
	blobs   store.Blobs
	lock    *lock
	about   description
	runs    int64
	first   int64 // first run since this machine booted
	inUse   []int // sizes, in requests, of other batches of the workspace
	timing  timing
	clock   clock
	purse   *purse
}

// Open opens the job in a directory, or creates the directory, with mode 0700, and begins a job in it. Until [Job.Close],
// other programs that open it get [ErrLocked]. The error is [ErrCopied] if the directory was copied (see [TakeOver]),
// [ErrDatabaseLost] if the database is lost (see [Rebuild]), and an [*OptionsError] if the job was begun with other options.
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
	for range 10 { // a command may hold the lock for a moment
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

// begin reads the files of the directory, or creates them.
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

// beginRun counts a run in the database and in the lock. If the directory was copied, the two disagree.
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
		row.Runs = record.Runs + 1 // also if several programs in a row died between the two writes, before they made attempts
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

// ErrDatabaseLost is the error for a job whose job.db is lost: see [Rebuild].
var ErrDatabaseLost = errors.New("the database of the job is lost")

// Close closes the job, so that other programs can open it. It must not be called during a Run.
func (j *Job) Close() error {
	err := j.store.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.release())
	}
	return err
}

// ID returns the ID of the job. The custom IDs that are sent to the service begin with it, unless [Options.KeepIDs] is set.
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

// An OptionsError reports that a job was begun with other options, or another input, than those of the call.
type OptionsError struct {
	Name string // name of the option
	Job  any    // value that the job has
	Call any    // value of the call
}

// Error names the option and both values.
func (e *OptionsError) Error() string {
	return fmt.Sprintf("the job was begun with another %s: %.200s, not %.200s", e.Name, fmt.Sprint(e.Job), fmt.Sprint(e.Call))
}

// check compares the options that are set with those of the job.
func (o Options) check(has kept) error {
	want := o.kept()
	if o.Order != OrderInput && o.Order != OrderDone {
		return fmt.Errorf("unknown order %.20q of results", string(o.Order))
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
