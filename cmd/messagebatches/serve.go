package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const serveLong = `Runs a fake of the Message Batches service, for clients in any language. It checks requests
against the contract and answers with made-up texts; nothing is sent anywhere, and nothing is kept
when it ends, unless --state says where. A browser that opens its URL shows the contract.

It prints its URL and then "ready" on standard output, or with --json an object {"url"}, and a
line for each call on standard error. An interrupt or SIGTERM ends it: calls that are under way
are finished, for five seconds at most.

Exit status: 0 after such a signal, 2 if it could not serve.`

const serveExample = `  messagebatches serve
  export ANTHROPIC_BASE_URL=http://127.0.0.1:4010 ANTHROPIC_API_KEY=anything   # in another terminal

  messagebatches serve --errored 2% --fault any=3% --fault create:lost=#2 --seed 7   # a bad day`

func newServe(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Run a fake of the service, for clients in any language",
		Long: serveLong, Example: serveExample, Args: noArguments,
	}
	flags := c.Flags()
	address := flags.String("addr", "127.0.0.1:4010", "`address` to listen at; with port 0 a free one is taken")
	duration := flags.Duration("duration", time.Second, "`time` that a batch takes; of one that takes more than 24h the rest expires")
	latency := flags.Duration("latency", 0, "`time` that each call takes at least")
	faults := flags.Bool("faults", false, "list the faults that --fault takes, and end")
	fake := newFakeFlags(flags)
	c.RunE = func(c *cobra.Command, _ []string) error {
		switch {
		case *faults:
			return a.listFaults()
		case *duration < 0 || *latency < 0:
			return cli.Wrong("--duration and --latency must not be negative")
		}
		options := append(fake.all(), batchtest.WithDuration(*duration), batchtest.WithLatency(*latency))
		logger := log.New(a.Err, "", log.LstdFlags)
		options = append(options, batchtest.WithMiddleware(func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{$}", contractPage)
			mux.Handle("/", bounded(h))
			return logged(logger, mux)
		}))
		return a.listen(c.Context(), *address, batchtest.Start(options...))
	}
	return c
}

// listen serves until ctx ends or a signal comes.
func (a *app) listen(ctx context.Context, address string, service *batchtest.Service) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if _, err := service.Listen(address); err != nil {
		return fmt.Errorf("%w: choose another address with --addr, such as 127.0.0.1:0 for any free port", err)
	}
	defer service.Close()
	if !onlyHere(service.URL()) {
		fmt.Fprintf(a.Err, "messagebatches serve: warning: other machines can reach %s, which speaks plain http: send it no real key and no real prompt\n", service.URL())
	}
	if a.json {
		err := a.WriteJSON(map[string]string{"url": service.URL()})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.Out, "%s\nready\n", service.URL())
	}
	<-ctx.Done()
	stop() // another signal ends the process at once
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = service.Shutdown(grace) // Close ends the calls that are left
	return nil
}

// onlyHere reports whether nothing but this machine can reach a URL. What cannot be told may be reached.
func onlyHere(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}

const (
	bodyGrace = time.Minute // how long a body may take beside what its length allows
	bodyRate  = 16 << 10    // bytes a second that a body must have after that
)

// bounded ends calls whose body arrives so slowly that somebody may only want to hold the connection. Its length is the
// service's to check.
func bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &slowBody{ReadCloser: r.Body, conn: http.NewResponseController(w), began: time.Now()}
		r.Body = body
		defer body.done()
		h.ServeHTTP(w, r)
	})
}

// A slowBody is a body that must arrive in time.
type slowBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	began time.Time
	read  time.Duration // how long what was read may have taken
}

func (b *slowBody) Read(p []byte) (int, error) {
	_ = b.conn.SetReadDeadline(b.began.Add(bodyGrace + b.read)) // not in process, where nobody is slow
	n, err := b.ReadCloser.Read(p)
	b.read += time.Duration(n) * time.Second / bodyRate
	if err == io.EOF {
		b.done() // net/http goes on reading, to see whether the caller leaves
	}
	return n, err
}

func (b *slowBody) done() { _ = b.conn.SetReadDeadline(time.Time{}) }

// logged writes a line about each call once it is answered.
func logged(logger *log.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			logger.Printf("%s %s %d %s %s", cli.Visible(r.Method), cli.Visible(r.URL.RequestURI()), answer.status, w.Header().Get("request-id"), time.Since(began).Round(time.Microsecond))
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
