// Command worker is a worker that tests kill. Several workers may share the directory of the blobs.
//
//	worker -url postgres://… -schema s -blobs directory -limit 100 -sweep 500ms
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	url := flag.String("url", "", "URL of the database")
	schema := flag.String("schema", "", "schema of the tables")
	dir := flag.String("blobs", "", "directory of the blobs")
	temp := flag.String("temp", "", "directory of this worker")
	limit := flag.Int64("limit", 0, "requests that may wait")
	sweep := flag.Duration("sweep", time.Minute, "interval of looking for rows without a River job")
	flag.Parse()
	c, err := client.New()
	if err != nil {
		return err
	}
	blobs, err := jobs.Directory(*dir)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := river.Options{Client: c, MaxWaiting: *limit, Temp: *temp, Schema: *schema, Sweep: *sweep, Stop: time.Second, Logger: log}
	for ctx.Err() == nil { // the database may be unavailable
		if err := work(ctx, *url, blobs, o); err != nil {
			log.Warn("the worker restarts", "error", err)
		}
	}
	return nil
}

func work(ctx context.Context, url string, blobs store.Blobs, o river.Options) error {
	j, err := river.Open(ctx, url, blobs, o)
	if err != nil {
		return err
	}
	defer j.Close()
	return j.Work(ctx)
}
