// Package store defines what a job stores in a database, and what the database must guarantee. Programs that use package
// jobs do not need it: it is for those who implement a store.
//
// A store has any number of jobs. The guarantees of package jobs depend on it: a transaction for which [Store.Update] has
// returned nil survives a crash of the machine, and transactions are serializable.
//
// A store has no prompts, responses or credentials.
package store

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is the error for a row that does not exist.
var ErrNotFound = errors.New("not in the store")

// A Store stores jobs. It must be safe for concurrent use.
type Store interface {
	// Update runs f in one transaction, which is serializable with all others, and commits it durably. It may run f several
	// times if the database requires that; only the last run counts. If f returns an error, Update rolls back the
	// transaction and returns that error unchanged. After any other error, the transaction may or may not have been
	// committed.
	Update(ctx context.Context, f func(Tx) error) error

	// View runs f in one transaction, which sees a consistent snapshot. f must not write.
	View(ctx context.Context, f func(Tx) error) error

	// Close closes the store. Transactions that are still running fail.
	Close() error
}

// A Tx is a transaction. It must be used by one goroutine only. A row that is read in [Store.Update] cannot be changed by
// others until the transaction ends. Methods that return one row return ErrNotFound if it does not exist. Put methods write
// a whole row, and replace an existing one.
type Tx interface {
	// Now returns the time of the database's clock.
	Now() time.Time

	// Job returns a job. Jobs returns the IDs of all jobs, in ascending order.
	Job(id string) (*Job, error)
	Jobs() ([]string, error)
	PutJob(j *Job) error

	// Limit returns the limit of an organization, or one that has only the Organization if there is none. A transaction that
	// changes the number of waiting requests reads the limit first, so that no two do so at the same time.
	Limit(organization string) (Limit, error)
	PutLimit(l Limit) error

	// Waiting returns how many requests of an organization are waiting or running on the server, over all jobs: those of
	// batches that were sent, or may have been, and have not ended, including spare and orphan batches.
	Waiting(organization string) (int64, error)

	// Outranked reports whether a job of the same workspace with a higher priority has a planned batch, of at most so many
	// requests, that waits only for room: it has not failed and does not depend on another batch.
	Outranked(job string, requests int64) (bool, error)

	// Spending adds up the costs of a job. Spent is the sum over all batches on the server that belong to the job and were
	// collected. Reserved is the sum over batches of the job that are submitting to ended, or gone, and whose results were
	// not collected, plus the same amount for each spare and orphan batch that was not collected. Lost is the part of
	// Reserved for batches that are gone. Unpriced is the number of the other batches for which nothing is reserved.
	Spending(job string) (Spending, error)

	// Batch returns a batch of a job. Batches returns up to limit batches of a job (0 means all) in one of the states (nil
	// means any) whose Seq is greater than after, ordered by Seq.
	Batch(job string, seq int64) (*Batch, error)
	Batches(job string, states []State, after int64, limit int) ([]*Batch, error)
	PutBatch(b *Batch) error

	// Summary adds up the batches of a job by round and state.
	Summary(job string) ([]Sum, error)

	// Attempt returns an attempt. AttemptByNonce finds it by the nonce in its custom IDs. Attempts returns all attempts of a
	// batch, ordered by N.
	Attempt(job string, seq int64, n int) (*Attempt, error)
	AttemptByNonce(job string, seq int64, nonce string) (*Attempt, error)
	Attempts(job string, seq int64) ([]*Attempt, error)
	PutAttempt(a *Attempt) error

	// Created returns what is known about a batch on the server. CreatedFor returns all that belong to a batch of a job,
	// ordered by BatchID.
	Created(batchID string) (*Created, error)
	CreatedFor(job string, seq int64) ([]*Created, error)
	PutCreated(c *Created) error
	DeleteCreated(batchID string) error

	// CreatedIn returns up to limit batches on the server (0 means all) that belong to a job in one of the roles and whose
	// BatchID is greater than after, ordered by BatchID.
	CreatedIn(job string, roles []Role, after string, limit int) ([]*Created, error)

	// Command returns the oldest command for a job that was not executed yet. PutCommand sets the ID of c.
	Command(job string) (*Command, error)
	PutCommand(c *Command) error
	DeleteCommand(id int64) error

	// AddEvent sets the ID of e. Events returns up to limit events of a job (0 means all) whose ID is greater than after,
	// ordered by ID.
	AddEvent(e *Event) error
	Events(job string, after int64, limit int) ([]*Event, error)
}
