package store

import "time"

// A State says where a batch of a job is in its life.
type State string

// The states of a batch, in the order of its life.
const (
	Planned    State = "planned"    // not sent, or certainly not accepted: may be sent
	Submitting State = "submitting" // an attempt is under way
	Doubtful   State = "doubtful"   // an attempt may have been accepted: looked for, not sent
	Unproven   State = "unproven"   // doubtful, with one batch that may be it
	Proven     State = "proven"     // accepted, under a known ID
	Ended      State = "ended"      // its results can be read
	Collected  State = "collected"  // its results are stored
	Settled    State = "settled"    // and what has to be sent again was planned
	Gone       State = "gone"       // accepted, and its results cannot be read any more
)

// A JobState says whether anything is done for a job.
type JobState string

// The states of a job.
const (
	Running    JobState = "running"
	Paused     JobState = "paused" // nothing is sent, see Job.Why; what was sent is still collected
	Held       JobState = "held"   // as Paused, until a person has it resumed
	Done       JobState = "done"
	Canceled   JobState = "canceled"
	Rebuilding JobState = "rebuilding" // its batches are looked for, see Job.Why: its database was lost
)

// A Job is a list of requests that get a result each.
type Job struct {
	ID    string   // 8 characters, which its custom IDs begin with
	Epoch int      // raised when the job is rebuilt
	Runs  int64    // raised by each program that takes the job over
	State JobState // whether anything is done for it
	Why   string   // why it is paused, or what it waits for while it is rebuilt

	Organization, Workspace string // that it belongs to; known after the first call

	Planned bool  // its input was divided into batches
	Lines   int64 // requests in the input
	NextSeq int64 // of the next batch

	Priority int // beside other jobs, from 1, the first, to 4; 0 is 2
	Share    int // percent of the organization's limit that it may use at most; 0 is all
}

// A Batch is a part of the requests of a job, sent as one batch.
type Batch struct {
	Job   string // that it is a part of
	Seq   int64  // number in the job, from 1
	Round int    // 0 for requests that are sent the first time
	State State  // where it is in its life

	// First is the place of its first request in the input, from 0.
	First int64

	// Offset and End are where its lines are in the input, if Lines is empty. They follow each other then.
	Offset, End int64

	// Lines is the name of the list of its lines, empty if they follow each other.
	Lines string

	Requests int    // number
	Bytes    int64  // of the body, at most
	SHA256   string // of the lines as they are in the input

	Attempt   int       // number of the newest attempt, 0 before the first one
	NotBefore time.Time // when the next step is made at the earliest
	Failures  int       // steps in a row that failed for a time

	BatchID string    // batch of the service that this is, or if Unproven may be
	Created time.Time // by the service
	EndedAt time.Time // by the service

	Part  File // its results
	Again File // which of its lines are sent again
	Cut   bool // these were planned
	Tries int  // how often results were read and were not complete

	After    int64  // number of the batch that it waits for, 0 if none: that writes to the prompt cache what this one reads
	Skip     string // name of a list of lines between Offset and End that belong to another batch, empty if there are none
	Estimate string // JSON of what its requests will use, empty if that is not known
	Reserved int64  // what it is expected to cost, in billionths of the currency, when it was sent last
}

// A File is a file that belongs to a batch. The zero File does not exist.
type File struct {
	Name   string // in the blobs
	Bytes  int64  // length
	SHA256 string // in hexadecimal
	Lines  int64  // number
}

// An Outcome says what an attempt came to.
type Outcome string

// The outcomes of an attempt.
const (
	Undecided Outcome = ""
	Accepted  Outcome = "proven"  // a batch of the service is its
	Refused   Outcome = "refused" // the service said so
	None      Outcome = "none"    // lists show that there is no batch
	Unsent    Outcome = "unsent"  // its body was not sent whole
	Resent    Outcome = "resent"  // a person or an option said not to look any longer
)

// An Attempt is one call of create. The one with Seq 0 is none: it says how long a job that is rebuilt has looked for its
// batches.
type Attempt struct {
	Job     string    // that it belongs to
	Seq     int64     // number of its batch
	N       int       // from 1
	Nonce   string    // in its custom IDs
	Owner   string    // program that makes it, or looks for it
	Lease   time.Time // until when it is the owner's
	Intent  time.Time // when it began
	Fenced  time.Time // when its last bytes were let go; zero if they were not
	Outcome Outcome   // what it came to

	Watermark []byte // JSON of what the list showed before

	// Waited is how long its batch was looked for, if its outcome is not known.
	Waited time.Duration

	EmptyLists int           // complete lists in a row without a batch that may be it
	LastEmpty  time.Duration // Waited at the last one
	Closed     bool          // no other batch than Candidates may be it
	Candidates []string      // IDs of batches that were seen and may be it
}

// A Role says what a batch of the service is to a job.
type Role string

// The roles.
const (
	Ours    Role = "ours"
	Spare   Role = "spare"   // ours, and it may replace a later attempt whose outcome is not known
	Orphan  Role = "orphan"  // ours, and another batch holds the same requests
	Foreign Role = "foreign" // of somebody else
)

// Created is a batch of the service that this store knows. There is one row a batch: who writes it first has it.
type Created struct {
	BatchID  string // at the service
	Job      string // that it belongs to
	Seq      int64  // number of the batch of the job
	Attempt  int    // that created it; 0 if unknown
	Role     Role   // what it is to the job
	Proven   bool   // by a response to create, or by a custom ID in its results
	Named    bool   // a response to create named it: it may be canceled
	Requests int    // number
	Ended    bool   // it no longer runs

	Canceled  bool // it was asked to cancel
	Collected bool // its results were read

	At    time.Time // when it was created, by the service; zero if that is not known
	Usage string    // JSON of what its results used, empty if they were not read
	Spent int64     // what they cost, in billionths of the currency
}

// Spending is what a job has cost, in billionths of the currency.
type Spending struct {
	Spent    int64 // batches of the service whose results were read
	Reserved int64 // batches that were sent or may have been, and whose results were not read
	Lost     int64 // of these, those whose results cannot be read any more
	Unpriced int64 // number of batches that were sent or may have been and can be read, with nothing reserved for them
}

// A Limit says how many requests of an organization may wait at the service.
type Limit struct {
	Organization string    // at the service
	Requests     int64     // that may wait; 0 is no limit
	Lowered      int64     // that may wait for a while; 0 is not lowered
	Until        time.Time // when that while ends
}

// Allowed returns the limit at a time, 0 if there is none.
func (l Limit) Allowed(now time.Time) int64 {
	if l.Lowered > 0 && now.Before(l.Until) && (l.Requests == 0 || l.Lowered < l.Requests) {
		return l.Lowered
	}
	return l.Requests
}

// A Command is what a person wants of a job that a program is running.
type Command struct {
	ID   int64     // in the order in which they were given
	Job  string    // that it is for
	What string    // is wanted
	By   string    // whom
	At   time.Time // when it was given
}

// An Event is something that happened to a job.
type Event struct {
	ID      int64     // in the order in which they happened
	Job     string    // that it happened to
	At      time.Time // by the database's clock
	Kind    string    // such as "accepted"
	Seq     int64     // of the batch, 0 if it is about none
	Attempt int       // of the batch, 0 if it is about none
	BatchID string    // of the service, if there is one
	Text    string    // for people
}

// A Sum adds up the batches of one round and state.
type Sum struct {
	Round    int   // of the batches
	State    State // of the batches
	Batches  int64 // number
	Requests int64 // in them
}
