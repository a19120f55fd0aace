// Package sqlstore has the tables and the statements of a [store.Tx] in an SQL database, which SQLite and PostgreSQL share.
// Programs that use package jobs do not need it: it is for those who write a store.
package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Dialect is how the SQL of a database differs.
type Dialect struct {
	Integer string // type of 64-bit integers
	Serial  string // type of a key that the database numbers, in ascending order
	Text    string // type of UTF-8 text that is compared by bytes
	Blob    string // type of bytes
	Table   string // ends CREATE TABLE
	Lock    string // ends a SELECT whose rows nobody else may change until the end of the transaction
}

// A Conn is a transaction of a database. Placeholders are $1, $2 and so on.
type Conn interface {
	// Exec executes a statement that returns no rows.
	Exec(ctx context.Context, statement string, args ...any) error

	// Query executes a statement that returns rows. They are closed before the next call.
	Query(ctx context.Context, statement string, args ...any) (Rows, error)
}

// Rows are what a statement returns, as [database/sql.Rows] has them.
type Rows interface {
	Next() bool             // moves to the next row
	Scan(into ...any) error // reads it
	Err() error             // what ended the rows early
	Close() error           // may be called twice
}

// A Tx is a [store.Tx].
type Tx struct {
	Ctx     context.Context  // of all its statements
	Conn    Conn             // that executes them
	Dialect Dialect          // that they are in
	Locks   bool             // reads lock their rows: the transaction writes
	Time    func() time.Time // by the database's clock

	// Claim has a transaction that writes wait until no other one has claimed the same key, of a row that may not exist
	// yet. Nil is for a database in which transactions that write come one after the other.
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

// one executes a statement that returns one row, of one column.
func (t *Tx) one(statement string, args []any, into any) error {
	rows, err := t.Conn.Query(t.Ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has what went wrong
	if !rows.Next() {
		return errors.Join(errors.New("no row"), rows.Err())
	}
	if err := rows.Scan(into); err != nil {
		return err
	}
	return errors.Join(rows.Close(), rows.Err())
}
