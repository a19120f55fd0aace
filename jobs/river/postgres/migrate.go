package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// migrations returns the statements that migrate the tables from each version to the next one, beginning with version 0,
// which has no tables. Never change a migration that was released.
func migrations() []string { return []string{dialect.Schema()} }

// prepare checks the settings of the database, and creates or migrates the tables.
func (d *DB) prepare(ctx context.Context) error {
	var commit, fsync, encoding string
	err := d.pool.QueryRow(ctx, "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding')").Scan(&commit, &fsync, &encoding)
	switch {
	case err != nil:
		return err
	case commit == "off":
		return errors.New("synchronous_commit is off: the record of a batch that was sent could be lost")
	case fsync != "on":
		return errors.New("fsync is off: the record of a batch that was sent could be lost")
	case encoding != "UTF8":
		return fmt.Errorf("the encoding of the database is %s, not UTF8", encoding)
	}
	return d.Exclusive(ctx, "migrate", d.migrate)
}

func (d *DB) migrate(ctx context.Context) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", pgx.Identifier{d.schema}.Sanitize()).Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{d.schema}.Sanitize()); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, "SELECT to_regclass('tables_version') IS NOT NULL").Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, "CREATE TABLE tables_version AS SELECT 0 AS version"); err != nil {
				return err
			}
		}
		var version int
		if err := tx.QueryRow(ctx, "SELECT version FROM tables_version FOR UPDATE").Scan(&version); err != nil {
			return err
		}
		steps := migrations()
		if version > len(steps) {
			return fmt.Errorf("its tables have version %d, but this program supports at most version %d", version, len(steps))
		}
		for _, step := range steps[version:] {
			if _, err := tx.Exec(ctx, step); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "UPDATE tables_version SET version = $1", len(steps))
		return err
	})
}

// Exclusive runs f while no other program that shares the tables runs an exclusive function of the same name. It waits until
// the name is free.
func (d *DB) Exclusive(ctx context.Context, name string, f func(context.Context) error) error {
	_, err := d.exclusive(ctx, "pg_advisory_xact_lock", name, f)
	return err
}

// TryExclusive is like Exclusive, but does not wait: if another program is running a function of that name, it returns
// false.
func (d *DB) TryExclusive(ctx context.Context, name string, f func(context.Context) error) (bool, error) {
	return d.exclusive(ctx, "pg_try_advisory_xact_lock", name, f)
}

// exclusive holds the lock with a transaction that is idle meanwhile. The lock ends with the connection.
func (d *DB) exclusive(ctx context.Context, lock, name string, f func(context.Context) error) (ran bool, err error) {
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
		var got any // void or bool
		err := tx.QueryRow(ctx, "SELECT "+lock+"(hashtextextended($1, 0))", "messagebatches "+d.schema+" "+name).Scan(&got)
		if err != nil || got == false {
			return err
		}
		ran = true
		return f(ctx)
	})
	return ran, err
}
