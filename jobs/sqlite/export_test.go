package sqlite

import "context"

// Pragma returns a setting of the connection.
func Pragma(ctx context.Context, d *DB, name string) (value string) {
	if err := d.db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
		return err.Error()
	}
	return value
}

// InUse returns the number of connections with a transaction.
func (d *DB) InUse() int { return d.db.Stats().InUse }
