// Package pgtest provides databases for tests.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// schemas counts the schemas that were returned.
var schemas atomic.Int64

// NewSchema returns the URL of a database and the name of a new schema in it, which does not exist yet and is dropped after
// the test. It skips the test if DATABASE_URL is not set.
func NewSchema(t *testing.T) (url, schema string) {
	t.Helper()
	url = os.Getenv("DATABASE_URL")
	if url == "" {
		t.Skip("skipped: it needs PostgreSQL, see make test-postgres")
	}
	schema = fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	t.Cleanup(func() {
		c := Connect(t, url)
		if _, err := c.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return url, schema
}

// Connect returns a connection, which is closed after the test.
func Connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// With adds parameters to a URL.
func With(url, params string) string {
	if strings.Contains(url, "?") {
		return url + "&" + params
	}
	return url + "?" + params
}
