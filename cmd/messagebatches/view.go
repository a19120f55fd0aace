package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/view"
)

const viewLong = `Shows results in a browser, next to their requests if that file is given: blocks by kind, tokens and
cost of each, filters, search, export of a selection, and with --compare the differences from the
results of another model or prompt. Files may have millions of lines, and may still grow. They are
read once to build an index in the user's cache directory, which holds hashes, names and numbers but
no content; after that, only the lines that you look at are read. The files are never changed.

It prints the URL to open and then "ready" to standard output, or with --json an object {"url"}. The
URL holds a token, without which nothing is shown. Only this machine can reach it, unless --addr
names another host. The page loads nothing from elsewhere. An interrupt or SIGTERM ends it.

Exit status: 0 after such a signal, 2 if a file could not be read or the address is in use, 3 if it
was interrupted before it had read the files.`

const viewExample = `  messagebatches view results.jsonl requests.jsonl
  messagebatches view opus.jsonl requests.jsonl --compare haiku.jsonl
  messagebatches view results.jsonl --addr 127.0.0.1:4020 --prices prices.json`

func newView(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "view RESULTS [REQUESTS]", Short: "View results in a browser",
		Long: viewLong, Example: viewExample,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return cli.Wrong("no results file is named: give one, such as results.jsonl")
			case len(args) > 2:
				return cli.Wrong("too many arguments: give a results file and at most one requests file, and other results with --compare")
			}
			return nil
		},
	}
	flags := c.Flags()
	var o view.Options
	flags.StringVar(&o.Other, "compare", "", "`file` with other results of the same requests, to compare with")
	address := flags.String("addr", "127.0.0.1:0", "`address` to listen on; port 0 selects a free port")
	prices := flags.String("prices", "", "price table `file` in JSON, in place of the list prices")
	flags.StringVar(&o.Cache, "cache", "", "`directory` for indexes (default: in the user's cache directory)")
	c.RunE = func(c *cobra.Command, args []string) error {
		o.Results = args[0]
		if len(args) > 1 {
			o.Requests = args[1]
		}
		var err error
		if o.Table, err = readPrices(*prices); err != nil {
			return err
		}
		if o.Cache == "" {
			if o.Cache, err = os.UserCacheDir(); err != nil {
				return fmt.Errorf("%w: name a directory for indexes with --cache", err)
			}
			o.Cache = filepath.Join(o.Cache, "messagebatches", "view")
		}
		return a.view(c.Context(), *address, o)
	}
	return c
}

// view serves until ctx ends or a signal arrives.
func (a *app) view(ctx context.Context, address string, o view.Options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --addr, such as 127.0.0.1:0 for any free port", err)
	}
	defer l.Close()
	if a.Live {
		o.Progress = func(path string, done, total int64) {
			fmt.Fprintf(a.Err, "\rReading %s: %s of %s ", cli.Visible(path), cli.Bytes(done), cli.Bytes(total))
		}
	}
	files, err := view.Open(ctx, o)
	if a.Live {
		fmt.Fprint(a.Err, "\r\x1b[K")
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted")}
	case err != nil:
		return err
	}
	o.Progress = nil
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	return view.NewServer(files, o).Serve(ctx, l, host, func(url string) error {
		if !onlyHere(url) {
			fmt.Fprintf(a.Err, "messagebatches view: warning: other machines can reach this address over plain http: anyone who has the URL, or can read the network, can see the results\n")
		}
		if a.json {
			return a.WriteJSON(map[string]string{"url": url})
		}
		_, err := fmt.Fprintf(a.Out, "%s\nready\n", url)
		return err
	})
}
