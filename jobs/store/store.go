// Package store says what a job keeps in a database, and what a database must be able to do for it. Programs that use
// package jobs do not need it: it is for those who write a store.
//
// A store holds any number of jobs. What jobs promise rests on it: a transaction that [Store.Update] has returned nil for
// survives the machine, and transactions happen one after the other as far as anybody can see.
//
// No prompt, response or credential is in a store.
package store

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is the error of a row that does not exist.
var ErrNotFound = errors.New("not in the store")

// A Store keeps jobs. It is safe for concurrent use.
type Store interface {
	// Update runs f in one transaction that is serializable with all others, and commits it durably. It may run f several
	// times, if the database asks for that; only the last time counts. An error of f undoes the transaction and is
	// returned unchanged. After any other error the transaction has happened or not.
	Update(ctx context.Context, f func(Tx) error) error

	// View runs f in one transaction that sees the store at one time. f must not write.
	View(ctx context.Context, f func(Tx) error) error

	// Close releases the store. What is still running fails.
	Close() error
}

// A Tx is a transaction. It belongs to one goroutine. Each read in [Store.Update] keeps the row from being changed by
// others until the transaction ends. A method that returns one row returns ErrNotFound if there is none; Put methods
// write a whole row, whether there was one or not.
type Tx interface {
	// Now returns the time by the database's clock.
	Now() time.Time

	// Job returns a job, and Jobs the IDs of all.
	Job(id string) (*Job, error)
	Jobs() ([]string, error)
	PutJob(j *Job) error

	// Limit returns the limit of an organization, the zero Limit if there is none. A transaction that changes how many
	// requests wait reads it first: that keeps two from doing so at the same time.
	Limit(organization string) (Limit, error)
	PutLimit(l Limit) error

	// Waiting returns how many requests of an organization wait or run at the service, of all jobs: those of batches that
	// were sent or may have been and have not ended, spare and orphan ones included.
	Waiting(organization string) (int64, error)

	// Outranked reports whether a job of an earlier priority has a planned batch of at most some requests that waits for
	// nothing but room: it needs no other batch, and has not failed. Jobs of other workspaces do not count.
	Outranked(job string, requests int64) (bool, error)

	// Spending adds up what a job has cost and will. Spent is that of all batches of the service that are its and were
	// collected. Reserved is that of its batches from submitting to ended, and of those that are gone, if what they hold was
	// not collected, and again for each spare and orphan one that was not. Lost is the part of those that are gone; Unpriced
	// counts those of the others for which nothing is reserved.
	Spending(job string) (Spending, error)

	// Batch returns a batch of a job, and Batches up to limit batches of a job in one of the states (nil means any), by
	// Seq, behind after.
	Batch(job string, seq int64) (*Batch, error)
	Batches(job string, states []State, after int64, limit int) ([]*Batch, error)
	PutBatch(b *Batch) error

	// Summary adds up the batches of a job by round and state.
	Summary(job string) ([]Sum, error)

	// Attempt returns an attempt, AttemptByNonce the one whose nonce is in custom IDs, and Attempts all of a batch, by N.
	Attempt(job string, seq int64, n int) (*Attempt, error)
	AttemptByNonce(job string, seq int64, nonce string) (*Attempt, error)
	Attempts(job string, seq int64) ([]*Attempt, error)
	PutAttempt(a *Attempt) error

	// Created returns what is known of a batch of the service, and CreatedFor all that belong to a batch of a job.
	Created(batchID string) (*Created, error)
	CreatedFor(job string, seq int64) ([]*Created, error)
	PutCreated(c *Created) error
	DeleteCreated(batchID string) error

	// CreatedIn returns up to limit batches of the service that belong to a job in one of the roles, by BatchID, behind
	// after.
	CreatedIn(job string, roles []Role, after string, limit int) ([]*Created, error)

	// Command returns the oldest command for a job that was not obeyed yet. PutCommand sets the ID of c.
	Command(job string) (*Command, error)
	PutCommand(c *Command) error
	DeleteCommand(id int64) error

	// AddEvent sets the ID of e. Events returns up to limit events of a job, by ID, behind after.
	AddEvent(e *Event) error
	Events(job string, after int64, limit int) ([]*Event, error)
}
