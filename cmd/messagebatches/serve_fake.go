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

// fakeFlags are the flags that configure the fake.
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
	f.queue = f.Uint("queue", 0, "maximum `number` of waiting requests of an organization, 0 for no limit")
	f.calls = f.Uint("calls", 0, "maximum `number` of calls of an organization per minute, 0 for no limit")
	f.seed = f.Uint64("seed", 1, "`number` that seeds everything random")
	f.inspect = f.Bool("inspect", false, "serve /fake/ to everyone, for tests that inspect or change the service; see the documentation of batchtest.WithInspector")
	return f
}

// all returns the options of the flags, once they are parsed.
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

// option adds a flag whose value read converts to an option. It may be repeated.
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
	f.option("key", "`key` to accept, as x-api-key or bearer token, optionally followed by organization=ID and workspace=ID, separated by commas; may be repeated (default: any key, but a key is required)", func(text string) (batchtest.Option, error) {
		f.hasKeys = true
		k, err := parseKey(text)
		return batchtest.WithKeys(k), err
	})
	f.option("betas", "`betas` to accept in addition to those of the contract, separated by commas", func(text string) (batchtest.Option, error) {
		var betas []gen.AnthropicBeta
		for _, b := range cli.List(text) {
			betas = append(betas, gen.AnthropicBeta(b))
		}
		return batchtest.AllowBetas(betas...), nil
	})
	f.rate("colleagues", "`rate` of batches for which another client creates one with the same custom IDs", batchtest.WithColleagues)
}

func (f *fakeFlags) results() {
	f.rate("errored", "`rate` of requests that fail with an error, such as 2%", batchtest.WithErrored)
	f.rate("expired", "`rate` of requests that expire", batchtest.WithExpired)
	f.rate("truncated", "`rate` of messages that are truncated at max_tokens", batchtest.WithTruncated)
	f.rate("refused", "`rate` of messages that are refusals", batchtest.WithRefused)
	f.rate("cache-hits", "`rate` of prompt cache hits (default 100%)", func(r float64) batchtest.Option { return batchtest.WithPromptCache(r, 1024) })
	f.option("answers", "JSON Lines `file` of answers, such as {\"contains\": \"crash\", \"text\": \"A bug.\"}; see the documentation of batchtest.ReadAnswers", readAnswers)
}

func (f *fakeFlags) faults() {
	f.option("fault", "`fault` with its rate or call, such as lost=2%, create:lost=2% or create:lost=#3; may be repeated; --faults lists them", batchtest.ParseFault)
	f.duration("fault-time", "maximum `time` of a fault (default 4m0s)", batchtest.WithFaultTime)
}

func (f *fakeFlags) others() {
	f.duration("get-lag", "`time` until a new batch can be found by its ID", batchtest.WithGetLag)
	f.duration("list-lag", "`time` until a new batch is listed", batchtest.WithListLag)
	f.duration("date-offset", "`time` by which the Date header is ahead of the service's clock", batchtest.WithDateOffset)
	f.duration("clock-skew", "maximum `time` by which the clocks of the service's machines differ", batchtest.WithClockSkew)
	f.option("state", "`directory` to keep the batches in, even if the process is killed (default: in memory)", batchtest.OpenState)
}

// parseKey parses a key with its organization and workspaces.
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
			return k, errors.New("only organization=ID and workspace=ID may follow the key")
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
