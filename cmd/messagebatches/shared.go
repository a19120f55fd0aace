package main

import (
	"context"
	"log/slog"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	_ "gocloud.dev/blob/s3blob" // buckets of s3:// URLs

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/bucket"
	"github.com/seed-111a911e/messagebatches/jobs/river"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// sharedFlags name the database and the files of jobs that machines share.
type sharedFlags struct {
	database string
	blobs    string
}

func (f *sharedFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.database, "store", "", "`URL` of the PostgreSQL database of shared jobs, such as postgres://user@host/name; the password comes from PGPASSWORD or a pgpass file")
	flags.StringVar(&f.blobs, "blobs", "", "`place` of the files of shared jobs: a directory that all machines share, or the URL of a bucket, such as s3://name?region=eu-central-1")
}

// check returns an error if the flags are invalid.
func (f *sharedFlags) check() error {
	switch {
	case (f.database == "") != (f.blobs == ""):
		return cli.Wrong("--store and --blobs must be used together")
	case f.database != "" && !strings.HasPrefix(f.database, "postgres://") && !strings.HasPrefix(f.database, "postgresql://"):
		return cli.Wrong("--store must be a URL such as postgres://user@host/name")
	case hasPassword(f.database):
		return cli.Wrong("--store holds a password, which other users can read on the command line: set PGPASSWORD, or use a pgpass file")
	}
	return nil
}

// hasPassword reports whether the URL of a database holds a password.
func hasPassword(database string) bool {
	u, err := url.Parse(database)
	if err != nil {
		return false // opening it will fail
	}
	_, ok := u.User.Password()
	return ok || u.Query().Has("password")
}

// open opens the shared jobs. Their blobs have no state and need not be closed.
func (f *sharedFlags) open(ctx context.Context, c *client.Client, o river.Options) (*river.Jobs, error) {
	blobs, err := f.openBlobs(ctx, o.Temp)
	if err != nil {
		return nil, err
	}
	o.Client = c
	return river.Open(ctx, f.database, blobs, o)
}

func (f *sharedFlags) openBlobs(ctx context.Context, temp string) (store.Blobs, error) {
	if u, err := url.Parse(f.blobs); err == nil && len(u.Scheme) > 1 { // one letter is a drive
		return bucket.Open(ctx, f.blobs, bucket.Options{Temp: temp})
	}
	return jobs.Directory(f.blobs)
}

// logger returns the logger of a worker.
func logger(s cli.Streams) *slog.Logger {
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
