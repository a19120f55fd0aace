package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
)

const workerLong = `Processes the jobs of a database that machines share, until it is interrupted.

Start one worker on each machine, with the same --store and --blobs; "messagebatches run --store"
adds jobs. A worker processes the jobs of the workspace of its key. If a worker dies, even for good,
another one takes over its batches within 15 minutes. After an interrupt (Ctrl-C) or SIGTERM it
finishes what it is sending, for at most the time of --stop, and ends.

Exit status:
  0  it was interrupted
  2  it could not start`

const workerExample = `  messagebatches worker --store postgres://batches@db/batches --blobs s3://tickets?region=eu-west-1
  messagebatches worker --store postgres://batches@db/batches --blobs /mnt/batches --limit 100000`

func newWorker(a *app) *cobra.Command {
	var (
		shared  sharedFlags
		service serviceFlags
		metrics metricsFlag
		o       river.Options
		accept  string
		more    int64
	)
	c := &cobra.Command{
		Use: "worker --store URL --blobs PLACE", Short: "Process jobs that machines share",
		Long: workerLong, Example: workerExample, Args: noArguments,
	}
	flags := c.Flags()
	flags.SortFlags = false
	shared.add(flags)
	flags.Int64Var(&o.MaxWaiting, "limit", 0, "maximum `number` of requests of the organization that wait for results at any time (default: unchanged)")
	flags.IntVar(&o.Sending, "sending", 3, "`number` of batches to send at one time")
	flags.IntVar(&o.Collecting, "collecting", 3, "`number` of batches to collect at one time")
	flags.StringVar(&accept, "accept", "", "resend requests whose answers break one of these `rules`, as with run; use the same on all workers")
	flags.Int64Var(&more, "more-tokens", 0, "with --accept, resend truncated requests with twice as many max_tokens, up to this `number`")
	flags.StringVar(&o.Temp, "temp", "", "`directory` for results while they are collected (default: the system's)")
	flags.DurationVar(&o.Stop, "stop", 30*time.Second, "`time` to finish sending after an interrupt")
	service.add(flags)
	metrics.add(flags)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := shared.check(); err != nil {
			return err
		}
		if shared.database == "" {
			return cli.Wrong("a worker needs --store and --blobs")
		}
		rules, err := acceptOf(accept)
		if err != nil {
			return err
		}
		if o.MaxWaiting < 0 || o.Sending < 1 || o.Collecting < 1 || more < 0 || more > 0 && rules == nil {
			return cli.Wrong("--limit, --sending and --collecting must be 1 or more, and --more-tokens needs --accept")
		}
		o.Configure = func(string) jobs.Options {
			options := jobs.Options{Accept: rules}
			if more > 0 {
				options.Again = jobs.MoreTokens(more)
			}
			return options
		}
		o.Logger = logger(a.Streams)
		return serveShared(c.Context(), a, shared, service, &metrics, o)
	}
	return c
}

func serveShared(ctx context.Context, a *app, shared sharedFlags, service serviceFlags, metrics *metricsFlag, o river.Options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // another signal ends the process at once
	if err := metrics.serve(ctx, a.Err, nil); err != nil {
		return err
	}
	defer metrics.end()
	c, err := service.client(metrics.options()...)
	if err != nil {
		return err
	}
	j, err := shared.open(ctx, c, o)
	if err != nil {
		return err
	}
	defer j.Close()
	defer metrics.watch(new(poolSnapshot{pool: j.Pool}).look)()
	fmt.Fprintln(a.Err, "messagebatches worker: serving")
	err = j.Work(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(a.Err, "messagebatches worker: interrupted; other workers continue, and so does this one when it is restarted")
		return nil
	}
	return err
}
