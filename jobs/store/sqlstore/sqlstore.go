// Package sqlstore implements [store.Tx] for SQL databases. SQLite and PostgreSQL share its tables and statements. Programs
// that use package jobs do not need it: it is for those who implement a store.
package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Dialect describes how the SQL of a database differs.
type Dialect struct {
	Integer string // type of 64-bit integers
	Serial  string // type of a key to which the database assigns ascending numbers
	Text    string // type of UTF-8 text that is compared bytewise
	Blob    string // type of bytes
	Table   string // end of CREATE TABLE
	Lock    string // end of a SELECT that locks its rows until the end of the transaction
}

// A Conn is a transaction of a database. Placeholders are $1, $2 and so on.
type Conn interface {
	// Exec executes a statement that returns no rows.
	Exec(ctx context.Context, statement string, args ...any) error

	// Query executes a statement that returns rows. The rows are closed before the next call.
	Query(ctx context.Context, statement string, args ...any) (Rows, error)
}

// Rows are the result of a statement, as in [database/sql.Rows].
type Rows interface {
	Next() bool             // moves to the next row
	Scan(into ...any) error // reads the current row
	Err() error             // error that ended the rows early
	Close() error           // may be called twice
}

// A Tx is a [store.Tx].
type Tx struct {
	Ctx     context.Context  // context of all statements
	Conn    Conn             // executes the statements
	Dialect Dialect          // dialect of the database
	Locks   bool             // whether reads lock their rows, because the transaction writes
	Time    func() time.Time // time of the database's clock

	// Claim makes a writing transaction wait until no other one has claimed the same key, of a row that may not exist yet.
	// Nil is for a database that runs writing transactions one after the other.
	Claim func(kind, key string) error
}

var _ store.Tx = (*Tx)(nil)

// Now implements [store.Tx].
func (t *Tx) Now() time.Time { return t.Time() }

func (t *Tx) claim(kind, key string) error {
	if t.Claim == nil || !t.Locks {
		return nil
	}
	return t.Claim(kind, key)
}

// one executes a statement that returns one row with one column.
func (t *Tx) one(statement string, args []any, into any) error {
	rows, err := t.Conn.Query(t.Ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has the error
	if !rows.Next() {
		return errors.Join(errors.New("no row"), rows.Err())
	}
	if err := rows.Scan(into); err != nil {
		return err
	}
	return errors.Join(rows.Close(), rows.Err())
}
