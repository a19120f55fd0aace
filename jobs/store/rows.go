package store

import "time"

// A State is the position of a batch of a job in its lifecycle.
type State string

// The states of a batch, in the order of its lifecycle.
const (
	Planned    State = "planned"    // not sent, or certainly not accepted: it may be sent
	Submitting State = "submitting" // an attempt is in progress
	Doubtful   State = "doubtful"   // an attempt may have been accepted: the job looks for its batch and does not resend
	Unproven   State = "unproven"   // doubtful, with exactly one candidate
	Proven     State = "proven"     // accepted; its ID is known
	Ended      State = "ended"      // its results can be read
	Collected  State = "collected"  // its results are stored
	Settled    State = "settled"    // collected, and all requests to resend are planned
	Gone       State = "gone"       // accepted, but its results can no longer be read
)

// A JobState is the state of a job.
type JobState string

// The states of a job.
const (
	Running    JobState = "running"
	Paused     JobState = "paused" // nothing is sent (see Job.Why); batches that were sent are still collected
	Held       JobState = "held"   // like Paused, until a person resumes the job
	Done       JobState = "done"
	Canceled   JobState = "canceled"
	Rebuilding JobState = "rebuilding" // its database was lost, and its batches are looked for (see Job.Why)
)

// A Job is a list of requests that get one result each.
type Job struct {
	ID    string   // 8 characters; its custom IDs begin with them
	Epoch int      // incremented when the job is rebuilt
	Runs  int64    // incremented by each program that takes over the job
	State JobState // state of the job
	Why   string   // why it is paused, or what it waits for while it is rebuilding

	Organization, Workspace string // IDs of its owners; known after the first call

	Planned bool  // its input was divided into batches
	Lines   int64 // requests in the input
	NextSeq int64 // Seq of the next batch

	Priority int // from 1, which sends first, to 4; 0 means 2
	Share    int // maximum percentage of the organization's limit that it may use; 0 means all
}

// A Batch is a part of the requests of a job, sent as one batch.
type Batch struct {
	Job   string // ID of the job
	Seq   int64  // number in the job, from 1
	Round int    // 0 if its requests are sent for the first time
	State State  // state of the batch

	// First is the index of its first request in the input, from 0.
	First int64

	// Offset and End are the range of its lines in the input, if Lines is empty.
	Offset, End int64

	// Lines is the name of the list of its lines, or "" if they are one range of the input.
	Lines string

	Requests int   // number of requests
	Bytes    int64 // maximum size of the body

	// SHA256 is the hash of its lines in the input, continued from HashState: the state that the hash of the input has at
	// Offset, as the standard library encodes it, or "" for the initial state. Both are in hexadecimal.
	SHA256, HashState string

	Attempt   int       // number of the newest attempt, 0 before the first one
	NotBefore time.Time // earliest time of the next step
	Failures  int       // steps in a row that failed temporarily

	BatchID string    // ID on the server, or if Unproven, of the candidate
	Created time.Time // when it was created, in server time
	EndedAt time.Time // when it ended, in server time

	Part  File // its results
	Again File // list of its lines that are resent
	Cut   bool // the lines of Again were planned
	Tries int  // how often incomplete results were read

	After    int64  // Seq of the batch that it waits for, because that writes to the prompt cache what this one reads; 0 if none
	Skip     string // name of the list of lines between Offset and End that belong to another batch; "" if there are none
	Estimate string // JSON of its estimated usage; "" if unknown
	Reserved int64  // amount reserved for it when it was last sent, in billionths of the currency
}

// A File is a file that belongs to a batch. The zero File means that there is none.
type File struct {
	Name   string // name of the blob
	Bytes  int64  // size
	SHA256 string // in hexadecimal
	Lines  int64  // number of lines
}

// An Outcome is the outcome of an attempt.
type Outcome string

// The outcomes of an attempt.
const (
	Undecided Outcome = ""
	Accepted  Outcome = "proven"  // it created a batch
	Refused   Outcome = "refused" // the service refused it
	None      Outcome = "none"    // lists show that there is no batch
	Unsent    Outcome = "unsent"  // its body was not sent completely
	Resent    Outcome = "resent"  // a person or an option ended the search for its batch
)

// An Attempt is one create call. An attempt with Seq 0 is not a call: it records how long a job that is being rebuilt has
// looked for its batches.
type Attempt struct {
	Job     string    // ID of its job
	Seq     int64     // Seq of its batch
	N       int       // number of the attempt, from 1
	Nonce   string    // part of its custom IDs
	Owner   string    // program that makes it, or looks for its batch
	Lease   time.Time // until when the owner has it
	Intent  time.Time // when it began
	Fenced  time.Time // when its last bytes were released; zero if they were not
	Outcome Outcome   // its outcome

	Watermark []byte // JSON of the client.Watermark from before the attempt

	// Waited is how long its batch has been looked for, if its outcome is unknown.
	Waited time.Duration

	EmptyLists int           // complete lists in a row without a candidate
	LastEmpty  time.Duration // Waited at the last of these lists
	Closed     bool          // no batches can be added to Candidates
	Candidates []string      // IDs of batches that the attempt may have created
}

// A Role is the relation of a batch on the server to a job.
type Role string

// The roles.
const (
	Ours    Role = "ours"
	Spare   Role = "spare"   // ours, and may replace a later attempt whose outcome is unknown
	Orphan  Role = "orphan"  // ours, but another batch has the same requests
	Foreign Role = "foreign" // not ours
)

// Created is a batch on the server that the store knows. There is one row per batch: the job that writes it first claims the
// batch.
type Created struct {
	BatchID  string // ID on the server
	Job      string // ID of its job
	Seq      int64  // Seq of the batch of the job
	Attempt  int    // number of the attempt that created it; 0 if unknown
	Role     Role   // relation to the job
	Proven   bool   // the response to a create, or a custom ID in its results, proves the role
	Named    bool   // the response to a create named it: it may be canceled
	Requests int    // number of requests
	Ended    bool   // it no longer runs

	Canceled  bool // it was canceled
	Collected bool // its results were read

	At    time.Time // when it was created, in server time; zero if unknown
	Usage string    // JSON of the usage of its results; "" if they were not read
	Spent int64     // cost of its results, in billionths of the currency
}

// Spending is what a job has cost, in billionths of the currency.
type Spending struct {
	Spent    int64 // cost of batches whose results were read
	Reserved int64 // amount reserved for batches that were sent, or may have been, and whose results were not read
	Lost     int64 // the part of Reserved for batches whose results can no longer be read
	Unpriced int64 // number of batches that were sent, or may have been, and can still be read, without an amount reserved
}

// A Limit limits how many requests of an organization may be waiting on the server.
type Limit struct {
	Organization string    // ID of the organization
	Requests     int64     // maximum; 0 is no limit
	Lowered      int64     // temporary lower maximum; 0 if there is none
	Until        time.Time // when Lowered ends
}

// Allowed returns the limit at a time, or 0 if there is none.
func (l Limit) Allowed(now time.Time) int64 {
	if l.Lowered > 0 && now.Before(l.Until) && (l.Requests == 0 || l.Lowered < l.Requests) {
		return l.Lowered
	}
	return l.Requests
}

// A Command is a command of a person for a job that a program is running.
type Command struct {
	ID   int64     // increases in the order of commands
	Job  string    // ID of the job
	What string    // the command
	By   string    // who gave it
	At   time.Time // when it was given
}

// An Event is something that happened to a job.
type Event struct {
	ID      int64     // increases in the order of events
	Job     string    // ID of the job
	At      time.Time // by the database's clock
	Kind    string    // such as "accepted"
	Seq     int64     // of the batch; 0 if the event is not about a batch
	Attempt int       // of the batch; 0 if the event is not about a batch
	BatchID string    // ID on the server, if there is one
	Text    string    // human-readable
}

// A Sum adds up the batches of one round and state.
type Sum struct {
	Round    int   // of the batches
	State    State // of the batches
	Batches  int64 // number of batches
	Requests int64 // number of requests
}
