// Package postgres implements [store.Store] in PostgreSQL. Any number of programs may share a store. Programs that use
// package river do not need it.
//
// The tables are in a schema of their own. A writing transaction locks each row that it reads, and uses advisory locks for
// rows that do not exist yet. It is retried if the database detects a deadlock. All times are from the clock of the
// database.
//
// A committed transaction is as durable as the database. With asynchronous replication, a failover may lose it, and requests
// may then be paid for twice.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-111a911e/messagebatches/jobs/store"
	"github.com/seed-111a911e/messagebatches/jobs/store/sqlstore"
)

// Options configure a store.
type Options struct {
	// Schema is the schema of the tables, by default "messagebatches". It is created if it does not exist. Its name must
	// consist of ASCII letters, digits and underscores, and must not begin with a digit.
	Schema string

	// MaxConns is the maximum number of connections. Zero means the default of pgxpool: 4, or the number of processors if
	// that is greater.
	MaxConns int
}

// Times after which the database ends the transactions of a program that was suspended or cut off.
const (
	lockTimeout = 10 * time.Second // of a statement that waits for a lock
	idleTimeout = 30 * time.Second // of a transaction that waits for its next statement
)

// A DB implements [store.Store] in PostgreSQL.
type DB struct {
	pool   *pgxpool.Pool
	schema string
}

// Open opens the store in a database, and creates or migrates its tables if needed. The URL has the format of
// [pgxpool.ParseConfig], such as "postgres://user@host/database". The connection must not go through a pooler in transaction
// mode.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if o.Schema == "" {
		o.Schema = "messagebatches"
	}
	if !regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`).MatchString(o.Schema) {
		return nil, fmt.Errorf("database: %q is not a valid name of a schema", o.Schema)
	}
	if o.MaxConns > 0 {
		config.MaxConns = int32(o.MaxConns)
	}
	params := config.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"lock_timeout": milliseconds(lockTimeout), "idle_in_transaction_session_timeout": milliseconds(idleTimeout), "application_name": "messagebatches",
	} {
		if params[name] == "" {
			params[name] = value
		}
	}
	params["search_path"] = pgx.Identifier{o.Schema}.Sanitize()
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	d := &DB{pool, o.Schema}
	if err := d.prepare(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return d, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// Close implements [store.Store].
func (d *DB) Close() error {
	d.pool.Close()
	return nil
}

// Pool returns the connection pool. The search path of its connections is the schema.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Schema returns the schema of the tables.
func (d *DB) Schema() string { return d.schema }

// mostRuns is how often a transaction is run when the database reports conflicts.
const mostRuns = 10

// Update implements [store.Store].
func (d *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	for runs := 1; ; runs++ {
		err := d.transact(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, f)
		var failure *pgconn.PgError
		if runs == mostRuns || !errors.As(err, &failure) || failure.Code != serializationFailure && failure.Code != deadlockDetected {
			return err
		}
	}
}

// Codes of errors after which a transaction can be retried.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// View implements [store.Store].
func (d *DB) View(ctx context.Context, f func(store.Tx) error) error {
	return d.transact(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}

// dialect locks the rows that a transaction reads, so that they do not change until it ends.
var dialect = sqlstore.Dialect{
	Integer: "BIGINT", Serial: "BIGINT GENERATED ALWAYS AS IDENTITY", Text: `TEXT COLLATE "C"`, Blob: "BYTEA", Lock: " FOR UPDATE",
}

func (d *DB) transact(ctx context.Context, o pgx.TxOptions, f func(store.Tx) error) error {
	t, err := d.pool.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer func() { _ = t.Rollback(context.WithoutCancel(ctx)) }() // without effect after Commit
	c := &clock{ctx: ctx, tx: t}
	tx := &sqlstore.Tx{
		Ctx: ctx, Conn: conn{t}, Dialect: dialect, Locks: o.AccessMode != pgx.ReadOnly, Time: c.now,
		Claim: func(kind, key string) error {
			_, err := t.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "messagebatches "+d.schema+" "+kind+" "+clean(key))
			return err
		},
	}
	if err := f(tx); err != nil {
		return err
	}
	if c.err != nil {
		return fmt.Errorf("database: %w", c.err)
	}
	if err := t.Commit(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// A clock is the clock of the database, which is read once per transaction.
type clock struct {
	ctx  context.Context
	tx   pgx.Tx
	at   time.Time // by the database
	read time.Time // by this machine
	err  error
}

func (c *clock) now() time.Time {
	if c.read.IsZero() && c.err == nil {
		if c.err = c.tx.QueryRow(c.ctx, "SELECT clock_timestamp()").Scan(&c.at); c.err == nil {
			c.read = time.Now()
		}
	}
	return c.at.Add(time.Since(c.read)).Round(0)
}

// A conn is a transaction.
type conn struct{ pgx.Tx }

// Exec implements [sqlstore.Conn].
func (c conn) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := c.Tx.Exec(ctx, statement, cleaned(args)...)
	return err
}

// Query implements [sqlstore.Conn].
func (c conn) Query(ctx context.Context, statement string, args ...any) (sqlstore.Rows, error) {
	r, err := c.Tx.Query(ctx, statement, cleaned(args)...)
	return rows{r}, err
}

type rows struct{ pgx.Rows }

// Close implements [sqlstore.Rows].
func (r rows) Close() error {
	r.Rows.Close()
	return nil
}

// cleaned replaces invalid UTF-8 and NULs in arguments, which the database refuses and errors of the service may contain.
func cleaned(args []any) []any {
	for i, a := range args {
		switch s := a.(type) {
		case string:
			args[i] = clean(s)
		case *string:
			args[i] = clean(*s)
		}
	}
	return args
}

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
