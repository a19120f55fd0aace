package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/gen"
)

// fakeFlags are the flags that say how the fake behaves.
type fakeFlags struct {
	*pflag.FlagSet
	options []batchtest.Option
	hasKeys bool

	queue, calls *uint
	seed         *uint64
	inspect      *bool
}

// newFakeFlags adds the flags.
func newFakeFlags(flags *pflag.FlagSet) *fakeFlags {
	f := &fakeFlags{FlagSet: flags}
	f.callers()
	f.results()
	f.faults()
	f.others()
	f.queue = f.Uint("queue", 0, "`number` of requests of an organization that may wait at one time, 0 for any")
	f.calls = f.Uint("calls", 0, "`number` of calls that an organization may make in a minute, 0 for any")
	f.seed = f.Uint64("seed", 1, "`number` that decides what happens by chance")
	f.inspect = f.Bool("inspect", false, "serve /fake/ to anybody, for tests that look into the service or change it; see the documentation of batchtest.WithInspector")
	return f
}

// all returns the options that the flags mean, once they are parsed.
func (f *fakeFlags) all() []batchtest.Option {
	f.add(batchtest.WithQueueLimit(int(*f.queue)))
	f.add(batchtest.WithCallLimit(int(*f.calls)))
	f.add(batchtest.WithSeed(*f.seed))
	if !f.hasKeys {
		f.add(batchtest.WithAnyKey())
	}
	if *f.inspect {
		f.add(batchtest.WithInspector())
	} else {
		f.add(batchtest.WithoutHistory())
	}
	return f.options
}

func (f *fakeFlags) add(o batchtest.Option) { f.options = append(f.options, o) }

// option adds a flag whose text is read as an option. It may be repeated.
func (f *fakeFlags) option(name, usage string, read func(string) (batchtest.Option, error)) {
	f.Func(name, usage, func(text string) error {
		o, err := read(text)
		if err == nil {
			f.add(o)
		}
		return err
	})
}

func (f *fakeFlags) duration(name, usage string, option func(time.Duration) batchtest.Option) {
	f.option(name, usage, func(text string) (batchtest.Option, error) {
		d, err := time.ParseDuration(text)
		return option(d), err
	})
}

func (f *fakeFlags) rate(name, usage string, option func(float64) batchtest.Option) {
	f.option(name, usage, func(text string) (batchtest.Option, error) {
		r, err := batchtest.ParseRate(text)
		return option(r), err
	})
}

func (f *fakeFlags) callers() {
	f.option("key", "a `key` to accept, as x-api-key or as a bearer token; may be repeated, and may be followed by organization=ID and workspace=ID, separated by commas (default any, but not none)", func(text string) (batchtest.Option, error) {
		f.hasKeys = true
		k, err := parseKey(text)
		return batchtest.WithKeys(k), err
	})
	f.option("betas", "`betas` to accept beside those of the contract, separated by commas", func(text string) (batchtest.Option, error) {
		var betas []gen.AnthropicBeta
		for _, b := range cli.List(text) {
			betas = append(betas, gen.AnthropicBeta(b))
		}
		return batchtest.AllowBetas(betas...), nil
	})
	f.rate("colleagues", "`rate` of batches beside which another client creates one with the same custom ids", batchtest.WithColleagues)
}

func (f *fakeFlags) results() {
	f.rate("errored", "`rate` of requests that are errored, such as 2%", batchtest.WithErrored)
	f.rate("expired", "`rate` of requests that expire", batchtest.WithExpired)
	f.rate("truncated", "`rate` of messages that end at max_tokens", batchtest.WithTruncated)
	f.rate("refused", "`rate` of messages that are refusals", batchtest.WithRefused)
	f.rate("cache-hits", "`rate` of prompt cache hits (default 100%)", func(r float64) batchtest.Option { return batchtest.WithPromptCache(r, 1024) })
	f.option("answers", "JSON Lines `file` of answers; see the documentation of batchtest.ReadAnswers", readAnswers)
}

func (f *fakeFlags) faults() {
	f.option("fault", "a `fault` and its rate or call, such as lost=2%, create:lost=2% or create:lost=#3; may be repeated; --faults lists them", batchtest.ParseFault)
	f.duration("fault-time", "`time` that a fault takes at most (default 4m0s)", batchtest.WithFaultTime)
}

func (f *fakeFlags) others() {
	f.duration("get-lag", "`time` until a new batch is found by its id", batchtest.WithGetLag)
	f.duration("list-lag", "`time` until a new batch is listed", batchtest.WithListLag)
	f.duration("date-offset", "`time` that the Date header is ahead of the service's clock", batchtest.WithDateOffset)
	f.duration("clock-skew", "`time` by which the clocks of the service's machines differ at most", batchtest.WithClockSkew)
	f.option("state", "`directory` that keeps the batches, also if the process is killed (default: in memory)", batchtest.OpenState)
}

// parseKey reads a key with its organization and workspaces.
func parseKey(text string) (batchtest.Key, error) {
	secret, rest, _ := strings.Cut(text, ",")
	k := batchtest.Key{Secret: secret}
	if secret == "" {
		return k, errors.New("it is empty")
	}
	for _, part := range cli.List(rest) {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "organization":
			k.Organization = value
		case "workspace":
			k.Workspaces = append(k.Workspaces, value)
		default:
			return k, errors.New("behind the key may be organization=ID and workspace=ID")
		}
	}
	return k, nil
}

func readAnswers(name string) (batchtest.Option, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return batchtest.ReadAnswers(f)
}

// listFaults writes the list of faults.
func (a *app) listFaults() error {
	for _, f := range batchtest.Faults() {
		var names []string
		for _, op := range f.Ops {
			names = append(names, string(op))
		}
		if a.json {
			if err := a.WriteJSON(map[string]any{"name": f.Name, "about": f.About, "operations": names}); err != nil {
				return err
			}
			continue
		}
		ops := "all"
		if len(names) < 6 {
			ops = strings.Join(names, ", ")
		}
		fmt.Fprintf(a.Out, "%-12s %s (%s)\n", f.Name, f.About, ops)
	}
	return nil
}
