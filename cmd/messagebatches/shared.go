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

// sharedFlags say where jobs are that machines share.
type sharedFlags struct {
	database string
	blobs    string
}

func (f *sharedFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.database, "store", "", "`URL` of the PostgreSQL database of shared jobs, such as postgres://user@host/name; a password comes from PGPASSWORD or a pgpass file")
	flags.StringVar(&f.blobs, "blobs", "", "`place` of the files of shared jobs: a directory that all machines have, or the URL of a bucket, such as s3://name?region=eu-central-1")
}

// check returns what is wrong with the flags.
func (f *sharedFlags) check() error {
	switch {
	case (f.database == "") != (f.blobs == ""):
		return cli.Wrong("--store and --blobs are needed together")
	case f.database != "" && !strings.HasPrefix(f.database, "postgres://") && !strings.HasPrefix(f.database, "postgresql://"):
		return cli.Wrong("--store is a URL such as postgres://user@host/name")
	case hasPassword(f.database):
		return cli.Wrong("--store holds a password, and others can read the command line: set PGPASSWORD, or use a pgpass file")
	}
	return nil
}

// hasPassword reports whether the URL of a database holds a password.
func hasPassword(database string) bool {
	u, err := url.Parse(database)
	if err != nil {
		return false // opening it fails
	}
	_, ok := u.User.Password()
	return ok || u.Query().Has("password")
}

// open opens the jobs. The blobs need not be closed: they have no state.
func (f *sharedFlags) open(ctx context.Context, c *client.Client, o river.Options) (*river.Jobs, error) {
	blobs, err := f.openBlobs(ctx, o.Temp)
	if err != nil {
		return nil, err
	}
	o.Client = c
	return river.Open(ctx, f.database, blobs, o)
}

func (f *sharedFlags) openBlobs(ctx context.Context, temp string) (store.Blobs, error) {
	if u, err := url.Parse(f.blobs); err == nil && len(u.Scheme) > 1 { // a letter is a drive
		return bucket.Open(ctx, f.blobs, bucket.Options{Temp: temp})
	}
	return jobs.Directory(f.blobs)
}

// logger returns the log of a worker.
func logger(s cli.Streams) *slog.Logger {
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
