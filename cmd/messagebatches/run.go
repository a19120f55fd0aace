package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

const runLong = `Sends a requests file, one {"custom_id", "params"} per line, and writes one result per line, in the
order of the requests.

It checks the requests, estimates what they cost, and asks for confirmation. Then it divides them
into as many batches as needed, sends them, waits, which may take a day, collects the results,
resends requests that expired or failed with a temporary error, and writes the results.

If it stops for any reason, run the same command again: it continues, nothing is sent twice, and no
result is lost. It keeps its state in a directory, FILE with the extension .job. An interrupt
(Ctrl-C) ends the command, but not the batches; a second interrupt ends it at once.

Exit status:
  0  every request has an answer; or all requests were sent (--detach) or are valid (--dry-run)
  1  some requests have no answer, or requests were refused before anything was sent
  2  the command failed, or nothing was sent because you did not confirm
  3  interrupted: run the same command again to continue
  4  action needed, which the message explains: then run the same command again`

const runExample = `  messagebatches run requests.jsonl -o results.jsonl
  messagebatches run requests.jsonl -o results.jsonl --dry-run     # check, estimate, send nothing
  messagebatches run requests.jsonl -o results.jsonl --sample 20   # see 20 answers first
  messagebatches run requests.jsonl -o results.jsonl -y --detach   # send, and collect later
  messagebatches run requests.jsonl --set model=claude-haiku-4-5 --set max_tokens=500
  messagebatches run requests.jsonl --key-file ~/.secrets/anthropic --json >events.jsonl`

// A runCall is one call of run.
type runCall struct {
	*app
	service serviceFlags
	shared  sharedFlags
	metrics metricsFlag
	options jobs.Options
	file    string // of requests
	dir     string // of the job
	set     []string
	changed string       // requests file with the parameters of --set, "" without --set
	outputs []outputFile // results files; the options have their absolute names
	sample  int

	moreTokens int64
	yes        bool
	detach     bool
	dryRun     bool
	quiet      bool
}

func newRun(a *app) *cobra.Command {
	r := &runCall{app: a}
	c := &cobra.Command{
		Use: "run FILE -o RESULTS", Short: "Send a requests file, wait, and write one result per request",
		Long: runLong, Example: runExample, Args: one(fileOfRequests),
	}
	read := r.flags(c.Flags())
	for flag, values := range map[string][]string{"on-doubt": {"wait", "resend", "ask"}, "order": {"input", "done"}, "accept": {"complete", "untruncated", "unrefused", "schema"}} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		r.file = args[0]
		if err := read(); err != nil {
			return err
		}
		return r.run(c.Context())
	}
	return c
}

// flags adds the flags. The function that it returns parses and checks their values.
func (r *runCall) flags(flags *pflag.FlagSet) func() error {
	o := &r.options
	flags.SortFlags = false
	flags.StringVarP(&o.Output, "output", "o", "", "`file` for the results, which must not exist (default: FILE with the extension .results.jsonl)")
	flags.BoolVarP(&r.yes, "yes", "y", false, "send without asking")
	flags.BoolVar(&r.dryRun, "dry-run", false, "check and estimate only, and send nothing")
	flags.IntVar(&r.sample, "sample", 0, "send this `number` of requests first, show their answers and the projected cost of all, then ask")
	flags.BoolVar(&r.detach, "detach", false, "exit when all requests are sent; the same command without it collects the results")
	flags.Float64Var(&o.Budget, "budget", 0, "maximum cost of the job in `USD`; it pauses before it would cost more, and a higher budget continues it")
	flags.BoolVar(&o.StrictBudget, "strict-budget", false, "count the worst case for each request: all of max_tokens, and nothing read from the prompt cache")
	accept := flags.String("accept", "", "resend requests whose answers break one of these `rules`, separated by commas: complete (whole and not refused), untruncated, unrefused, schema (JSON that fits the request's output_config)")
	flags.Int64Var(&r.moreTokens, "more-tokens", 0, "with --accept, resend truncated requests with twice as many max_tokens, up to this `number`")
	labels := flags.StringArray("label", nil, "`NAME=VALUE` to show with the costs, such as team=support; may be repeated")
	flags.BoolVar(&o.WithoutPriming, "no-priming", false, "do not send one request per shared cached prefix ahead of the others")
	flags.BoolVar(&o.KeepIDs, "keep-ids", false, "send the custom IDs unchanged; if a response is lost, you have to find the batch yourself (job adopt)")
	flags.BoolVar(&o.DeleteAfterVerify, "delete-batches", false, "delete the batches on the server once the results are written and verified")
	flags.StringVar(&o.Errors, "errors", "", "second `file`, for results without an answer")
	order := flags.String("order", "input", "`order` of the results: input, or done, which writes them as batches end")
	prices := flags.String("prices", "", "price table `file`, JSON like jobs/price/table.json (default: built in)")
	flags.StringArrayVar(&r.set, "set", nil, "`NAME=VALUE` to set a parameter of all requests, such as model=claude-haiku-4-5; VALUE is JSON or text; may be repeated")
	betas := flags.String("betas", "", "`betas` to turn on, separated by commas")
	version := flags.String("api-version", "", "`version` of the API (default 2023-06-01)")
	flags.Int64Var(&o.MaxWaiting, "limit", 0, "maximum `number` of requests that wait for results at any time (default: no limit)")
	flags.IntVar(&o.FollowUp.MaxAttempts, "rounds", 0, "send each request at most this `number` of times (default 3)")
	flags.IntVar(&o.MaxRequests, "batch-requests", 0, "at most this `number` of requests in a batch (default 100000)")
	flags.Int64Var(&o.MaxBytes, "batch-bytes", 0, "at most this number of `bytes` in a batch (default 256000000)")
	doubt := flags.String("on-doubt", "wait", "`action` if it is unknown whether a batch was accepted: wait until it is certain, resend, or ask")
	flags.BoolVar(&o.WithoutPreflight, "no-check", false, "do not check the requests before they are sent")
	flags.StringVar(&r.dir, "job", "", "`directory` of the job (default: FILE with the extension .job)")
	r.shared.add(flags)
	r.service.add(flags)
	r.metrics.add(flags)
	flags.BoolVarP(&r.quiet, "quiet", "q", false, "print no progress")
	return func() (err error) {
		o.Version, o.Betas = client.APIVersion(*version), asBetas(*betas)
		if o.OnDoubt, err = onDoubt(*doubt); err != nil {
			return err
		}
		if o.Accept, err = acceptOf(*accept); err != nil {
			return err
		}
		if o.Order, err = orderOf(*order); err != nil {
			return err
		}
		if o.Prices, err = readPrices(*prices); err != nil {
			return err
		}
		if o.Labels, err = labelsOf(*labels); err != nil {
			return err
		}
		if r.moreTokens > 0 {
			o.Again = jobs.MoreTokens(r.moreTokens)
		}
		switch {
		case r.moreTokens > 0 && o.Accept == nil:
			return cli.Wrong("--more-tokens needs --accept, such as --accept complete")
		case o.Budget < 0 || o.StrictBudget && o.Budget == 0:
			return cli.Wrong("--budget must be an amount in USD, such as --budget 25")
		case r.file == "-":
			return cli.Wrong("requests are read several times: write standard input to a file first")
		case r.sample < 0 || o.MaxWaiting < 0 || o.FollowUp.MaxAttempts < 0 || o.MaxRequests < 0 || o.MaxBytes < 0:
			return cli.Wrong("--sample, --limit, --rounds, --batch-requests and --batch-bytes must be 1 or more")
		case r.dryRun && r.detach:
			return cli.Wrong("--dry-run sends nothing: omit --detach")
		}
		if err := r.checkShared(); err != nil {
			return err
		}
		if r.dir == "" {
			r.dir = jobDirectory(r.file)
		}
		if o.Output == "" {
			o.Output = strings.TrimSuffix(r.file, filepath.Ext(r.file)) + ".results.jsonl"
		}
		return r.setOutputs()
	}
}

// run checks, sends, waits and writes the results. It ends when ctx does, or on a signal.
func (r *runCall) run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // another signal ends the process at once
	if r.dryRun {
		defer r.removeDry()
	}
	if err := r.checkOutputs(); err != nil {
		return err
	}
	if r.shared.database != "" && r.sharedBegun() {
		return r.sendShared(ctx)
	}
	if err := r.before(ctx); err != nil {
		if ctx.Err() != nil && !errors.As(err, new(*cli.ExitError)) {
			err = &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted: nothing was sent")}
		}
		return err
	}
	if r.dryRun {
		return nil
	}
	if r.shared.database != "" {
		return r.sendShared(ctx)
	}
	return r.send(ctx)
}

// errDetached ends a run with --detach once all requests were sent.
var errDetached = errors.New("all requests were sent")

// send runs the job until it is done, or detached.
func (r *runCall) send(ctx context.Context) error {
	if err := r.metrics.serve(ctx, r.Err, r.options.Prices); err != nil {
		return err
	}
	defer r.metrics.end()
	c, err := r.service.client(r.metrics.options()...)
	if err != nil {
		return err
	}
	if err := r.claimOutputs(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := newProgress(r)
	if r.detach {
		p.sent = func() { cancel(errDetached) }
	}
	report, err := r.toEnd(ctx, c, p)
	p.end()
	switch {
	case err == nil:
		return r.report(report)
	case errors.Is(context.Cause(ctx), errDetached):
		return r.detached()
	}
	return r.explain(ctx, err)
}

func (r *runCall) toEnd(ctx context.Context, c *client.Client, p *progress) (*jobs.Report, error) {
	o := r.options
	o.OnEvent = func(e jobs.Event) {
		r.metrics.event(e)
		p.event(e)
	}
	j, err := jobs.Open(ctx, r.dir, o)
	if err != nil {
		return nil, err
	}
	defer r.metrics.watch(jobSnapshot(j))()
	ended := p.watch(ctx, j)
	report, err := j.Run(ctx, c, jobs.Lines(r.input()))
	ended()
	if closeErr := j.Close(); err == nil && closeErr != nil {
		return nil, closeErr
	}
	return report, err
}

// note prints a line of progress, unless --quiet or --json is set.
func (r *runCall) note(format string, args ...any) {
	if !r.quiet && !r.json {
		fmt.Fprintf(r.Err, format+"\n", args...)
	}
}

// acceptOf parses the rules of --accept.
func acceptOf(text string) (jobs.Accept, error) {
	var all []jobs.Accept
	for _, name := range cli.List(text) {
		switch name {
		case "complete":
			all = append(all, jobs.AcceptComplete)
		case "untruncated":
			all = append(all, jobs.AcceptUntruncated)
		case "unrefused":
			all = append(all, jobs.AcceptUnrefused)
		case "schema":
			all = append(all, jobs.AcceptSchema)
		default:
			return nil, cli.Wrong("--accept: there is no rule %q: the rules are complete, untruncated, unrefused, schema", name)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return jobs.AcceptAll(all...), nil
}

// labelsOf parses labels of the form NAME=VALUE.
func labelsOf(texts []string) (map[string]string, error) {
	var labels map[string]string
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, cli.Wrong("--label: %q is not NAME=VALUE, such as team=support", text)
		}
		if labels == nil {
			labels = make(map[string]string)
		}
		labels[name] = value
	}
	return labels, nil
}

func orderOf(text string) (jobs.Order, error) {
	switch text {
	case "input":
		return jobs.OrderInput, nil
	case "done":
		return jobs.OrderDone, nil
	}
	return "", cli.Wrong("--order must be input or done, not %q", text)
}

// readPrices reads a price table; if the name is empty, the built-in one.
func readPrices(name string) (*price.Table, error) {
	if name == "" {
		return price.Default(), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--prices: %w", err)
	}
	defer f.Close()
	t, err := price.Read(f)
	if err != nil {
		return nil, fmt.Errorf("--prices: %s is not a table of prices in JSON: %w", name, err)
	}
	return t, nil
}

func asBetas(text string) (betas []client.Beta) {
	for _, b := range cli.List(text) {
		betas = append(betas, client.Beta(b))
	}
	return betas
}

func onDoubt(text string) (jobs.OnDoubt, error) {
	switch text {
	case "wait":
		return jobs.Wait, nil
	case "resend":
		return jobs.Resend, nil
	case "ask":
		return jobs.Ask, nil
	}
	return "", cli.Wrong("--on-doubt must be wait, resend or ask, not %q", text)
}
