package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

const serveUsage = `Usage: messagebatches serve [flags]

Runs a fake of the Message Batches service, for clients in any language. It checks requests against the contract and
answers with made-up texts; nothing is sent anywhere, and nothing is kept when it ends. It prints its URL and then
"ready" on standard output, and a line for each call on standard error. An interrupt or SIGTERM ends it: calls that
are under way are finished, for five seconds at most.

Exit status: 0 after such a signal, 2 if it could not serve.

Flags:
`

// serve is the command of that name. It ends with ctx, or by a signal.
func serve(ctx context.Context, s streams, args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(s.err)
	flags.Usage = func() {
		fmt.Fprint(s.err, serveUsage)
		flags.PrintDefaults()
	}
	address := flags.String("addr", "127.0.0.1:4010", "`address` to listen at; with port 0 a free one is taken")
	duration := flags.Duration("duration", time.Second, "`time` that a batch takes; of one that takes more than 24h the rest expires")
	latency := flags.Duration("latency", 0, "`time` that each call takes at least")
	key := flags.String("key", "", "the only `key` to accept, as x-api-key or as a bearer token (default any, but not none)")
	betas := flags.String("betas", "", "`betas` to accept beside those of the contract, separated by commas")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitFailed
	case flags.NArg() > 0:
		fmt.Fprintf(s.err, "messagebatches serve: unexpected argument %q\n", flags.Arg(0))
		return exitFailed
	case *duration < 0 || *latency < 0:
		fmt.Fprintln(s.err, "messagebatches serve: -duration and -latency must not be negative")
		return exitFailed
	}
	options := []batchtest.Option{batchtest.WithDuration(*duration), batchtest.WithLatency(*latency), batchtest.WithoutHistory()}
	if *key != "" {
		options = append(options, batchtest.WithKey(*key))
	} else {
		options = append(options, batchtest.WithAnyKey())
	}
	for _, b := range list(*betas) {
		options = append(options, batchtest.AllowBetas(gen.AnthropicBeta(b)))
	}
	if err := listen(ctx, s, *address, batchtest.Start(options...)); err != nil {
		fmt.Fprintf(s.err, "messagebatches serve: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// listen serves until ctx ends or a signal comes.
func listen(ctx context.Context, s streams, address string, h http.Handler) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w: choose another address with -addr, such as 127.0.0.1:0 for any free port", err)
	}
	logger := log.New(s.err, "", log.LstdFlags)
	server := &http.Server{Handler: logged(logger, h), ReadHeaderTimeout: time.Minute, ErrorLog: logger}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	fmt.Fprintf(s.out, "http://%s\nready\n", l.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop() // another signal ends the process at once
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	return nil
}

// logged writes a line about each call once it is answered.
func logged(logger *log.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			logger.Printf("%s %s %d %s %s", r.Method, r.URL.RequestURI(), answer.status, w.Header().Get("request-id"), time.Since(began).Round(time.Microsecond))
		}()
		h.ServeHTTP(answer, r)
	})
}

// A statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
