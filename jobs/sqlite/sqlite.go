// Package sqlite implements [store.Store] in a SQLite file, without cgo. Programs that use package jobs do not need it.
//
// A committed transaction survives a power loss as far as SQLite guarantees with synchronous=FULL and the disk honors it.
// The file must not be on a network file system.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/seed-111a911e/messagebatches/jobs/store"
	"github.com/seed-111a911e/messagebatches/jobs/store/sqlstore"
)

// A DB is a [store.Store] in a file.
type DB struct{ db *sql.DB }

// Open opens the store in a file. If the file does not exist, Open creates it with mode 0600, minus the umask.
func Open(ctx context.Context, file string) (*DB, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // SQLite would take 0644; its other files get this mode
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, fs.ErrExist): // not opened here, because closing it would release the locks of this process
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return open(ctx, file, "rw")
}

// OpenReadOnly opens the store in an existing file for [DB.View]. Another program may have it open for writing at the same
// time.
func OpenReadOnly(ctx context.Context, file string) (*DB, error) { return open(ctx, file, "ro") }

func open(ctx context.Context, file, mode string) (*DB, error) {
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "foreign_keys(1)"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", file, err)
	}
	db.SetMaxOpenConns(1) // no rows stay open across another statement
	if err := prepare(ctx, db, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", file, err), db.Close())
	}
	return &DB{db}, nil
}

// dialect has no Lock, because SQLite runs writing transactions one after the other.
var dialect = sqlstore.Dialect{Integer: "INTEGER", Serial: "INTEGER", Text: "TEXT", Blob: "BLOB", Table: " STRICT"}

// schemaVersion is the version of the tables, stored in user_version.
const schemaVersion = 1

func prepare(ctx context.Context, db *sql.DB, mode string) error {
	var version int
	if mode == "ro" {
		if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		return checkVersion(version)
	}
	for _, pragma := range []string{"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"} {
		if _, err := db.ExecContext(ctx, pragma); err != nil {
			return err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after Commit
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version == 0 {
		if _, err := tx.ExecContext(ctx, dialect.Schema()+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion)); err != nil {
			return err
		}
		return tx.Commit()
	}
	return checkVersion(version)
}

func checkVersion(version int) error {
	if version != schemaVersion {
		return fmt.Errorf("its tables have version %d, but this program needs version %d", version, schemaVersion)
	}
	return nil
}

// Close implements [store.Store].
func (d *DB) Close() error { return d.db.Close() }

// Update implements [store.Store].
func (d *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	return d.transact(ctx, &sql.TxOptions{}, f)
}

// View implements [store.Store].
func (d *DB) View(ctx context.Context, f func(store.Tx) error) error {
	return d.transact(ctx, &sql.TxOptions{ReadOnly: true}, f)
}

func (d *DB) transact(ctx context.Context, o *sql.TxOptions, f func(store.Tx) error) error {
	t, err := d.db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer func() { _ = t.Rollback() }() // without effect after Commit
	if err := f(&sqlstore.Tx{Ctx: ctx, Conn: conn{t}, Dialect: dialect, Locks: !o.ReadOnly, Time: now}); err != nil {
		return canceled(ctx, err)
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("database: %w", canceled(ctx, err))
	}
	return nil
}

// canceled returns the error of the context if that ended a transaction, because the statements then fail with errors of
// their own. Otherwise it returns err.
func canceled(ctx context.Context, err error) error {
	var failure *sqlite.Error
	if ctx.Err() != nil && (errors.Is(err, sql.ErrTxDone) || errors.As(err, &failure) && failure.Code() == sqlite3.SQLITE_INTERRUPT) {
		return ctx.Err()
	}
	return err
}

// A conn is a transaction.
type conn struct{ *sql.Tx }

// Exec implements [sqlstore.Conn].
func (c conn) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := c.ExecContext(ctx, statement, args...)
	return err
}

// Query implements [sqlstore.Conn].
func (c conn) Query(ctx context.Context, statement string, args ...any) (sqlstore.Rows, error) {
	return c.QueryContext(ctx, statement, args...)
}

// now is the clock of the database, which is in this process.
func now() time.Time { return time.Now().Round(0) }
