package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const serveLong = `Runs a fake of the Message Batches service, for clients in any language. It checks requests against
the contract and responds with made-up texts. Nothing is sent anywhere, and nothing is kept when it
ends, unless --state names a directory. Open its URL in a browser to read the contract.

It prints its URL and then "ready" to standard output, or with --json an object {"url"}, and a line
for each call to standard error. An interrupt or SIGTERM ends it; calls that are in progress have up
to five seconds to finish.

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
	address := flags.String("addr", "127.0.0.1:4010", "`address` to listen on; port 0 selects a free port")
	duration := flags.Duration("duration", time.Second, "`time` that a batch takes; requests that have not run after 24h expire")
	latency := flags.Duration("latency", 0, "minimum `time` of each call")
	faults := flags.Bool("faults", false, "list the faults that --fault accepts, and exit")
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

// listen serves until ctx ends or a signal arrives.
func (a *app) listen(ctx context.Context, address string, service *batchtest.Service) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if _, err := service.Listen(address); err != nil {
		return fmt.Errorf("%w: choose another address with --addr, such as 127.0.0.1:0 for any free port", err)
	}
	defer service.Close()
	if !onlyHere(service.URL()) {
		fmt.Fprintf(a.Err, "messagebatches serve: warning: other machines can reach %s over plain http: do not send it a real key or a real prompt\n", service.URL())
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
	_ = service.Shutdown(grace) // Close ends the remaining calls
	return nil
}

// onlyHere reports whether only this machine can reach a URL. It is false if that is unknown.
func onlyHere(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}

const (
	bodyGrace = time.Minute // time that a body may take in addition to what its length allows
	bodyRate  = 16 << 10    // minimum bytes per second after that
)

// bounded ends calls whose body arrives so slowly that the caller may only be holding the connection open. The service
// itself checks the length of the body.
func bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &slowBody{ReadCloser: r.Body, conn: http.NewResponseController(w), began: time.Now()}
		r.Body = body
		defer body.done()
		h.ServeHTTP(w, r)
	})
}

// A slowBody is a body that must arrive at a minimum rate.
type slowBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	began time.Time
	read  time.Duration // time allowed for what was read
}

func (b *slowBody) Read(p []byte) (int, error) {
	_ = b.conn.SetReadDeadline(b.began.Add(bodyGrace + b.read)) // fails in process, where no caller is slow
	n, err := b.ReadCloser.Read(p)
	b.read += time.Duration(n) * time.Second / bodyRate
	if err == io.EOF {
		b.done() // net/http continues to read, to notice whether the caller disconnects
	}
	return n, err
}

func (b *slowBody) done() { _ = b.conn.SetReadDeadline(time.Time{}) }

// logged logs each call after its response. The status is - if the connection was dropped before there was one.
func logged(logger *log.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		response, end := &statusWriter{ResponseWriter: w}, ", connection dropped" // unless the handler returns
		defer func() {
			status := "-"
			if response.status > 0 {
				status = strconv.Itoa(response.status)
			}
			logger.Printf("%s %s %s %s %s%s", cli.Visible(r.Method), cli.Visible(r.URL.RequestURI()), status, w.Header().Get("request-id"), time.Since(began).Round(time.Microsecond), end)
		}()
		h.ServeHTTP(response, r)
		response.status, end = cmp.Or(response.status, http.StatusOK), ""
	})
}

// A statusWriter remembers the status of the response, 0 before there is one.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.status = cmp.Or(w.status, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap is used by http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
