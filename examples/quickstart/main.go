// Quickstart sends a batch, waits for it and prints what became of each request.
//
// It talks to a fake service inside the process unless -live is given: then it needs ANTHROPIC_API_KEY and spends
// money. The requests are three examples, or those of a file with one {"custom_id", "params"} a line:
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -live -in requests.jsonl
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY (and ANTHROPIC_BASE_URL, if set)")
	in := flag.String("in", "", "`file` with requests, one {\"custom_id\", \"params\"} a line; - is standard input")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *live, *in); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, live bool, in string) error {
	requests := exampleRequests()
	if in != "" {
		var err error
		if requests, err = readFile(in); err != nil {
			return err
		}
	}
	c, err := newClient(live)
	if err != nil {
		return err
	}
	batch, err := c.Create(ctx, client.BatchParams{Requests: requests})
	if err != nil {
		return err
	}
	fmt.Printf("batch %s with %d requests, expires %s\n", batch.ID, len(requests), batch.ExpiresAt.Local().Format(time.DateTime))

	status := statusLine(live)
	wait := client.WaitOptions{OnPoll: status}
	if !live {
		wait.MinInterval = 200 * time.Millisecond
	}
	if _, err := c.Wait(ctx, batch.ID, wait); err != nil {
		fmt.Println()
		return err
	}
	fmt.Println()
	return printResults(ctx, c, batch.ID)
}

// newClient returns a client of the real service or of a fake one.
func newClient(live bool) (*client.Client, error) {
	if live {
		return client.New()
	}
	service := batchtest.Start(batchtest.WithDuration(time.Second))
	return client.New(
		client.WithoutEnvironment(),
		client.WithAPIKey(service.Key()),
		client.WithBaseURL(service.URL()),
		client.WithHTTPClient(service.HTTPClient()),
	)
}

// exampleRequests returns the two requests of the public guide, and one that fails: its max_tokens is missing.
func exampleRequests() []client.Request {
	hello := func(id, text string, maxTokens int64) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     gen.ModelClaudeOpus5,
			MaxTokens: maxTokens,
			Messages:  []client.InputMessage{client.UserText(text)},
		}}
	}
	return []client.Request{
		hello("my-first-request", "Hello, world", 1024),
		hello("my-second-request", "Hi again, friend", 1024),
		hello("my-third-request", "This one has no max_tokens", 0),
	}
}

// readFile reads requests, one a line.
func readFile(name string) ([]client.Request, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	return readRequests(name, f)
}

func readRequests(name string, r io.Reader) ([]client.Request, error) {
	var requests []client.Request
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if strings.TrimSpace(string(line)) != "" {
			var r client.Request
			if err := r.UnmarshalJSON(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
			requests = append(requests, r)
		}
		if err == io.EOF {
			return requests, nil
		}
	}
}

// statusLine returns an OnPoll that keeps one line of the terminal up to date.
func statusLine(live bool) func(*client.Batch) {
	began := time.Now()
	return func(b *client.Batch) {
		// Counts say nothing before the end; the time does.
		fmt.Printf("\r%-12s after %s", b.ProcessingStatus, time.Since(began).Round(100*time.Millisecond))
		if live && !b.Ended() {
			fmt.Printf(", at most %s to go ", time.Until(b.ExpiresAt).Round(time.Minute))
		}
	}
}

// printResults prints each result as it comes, and the totals.
func printResults(ctx context.Context, c *client.Client, id string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nREQUEST\tRESULT\tSTOP\tTOKENS IN/OUT\tTEXT OR ERROR")
	results := make(map[string]int)
	var input, output int64
	for item, err := range c.Results(ctx, id) {
		if err != nil && errors.As(err, new(*client.LineError)) {
			fmt.Fprintf(w, "\t\t\t\t%v\n", err) // the item may be readable all the same
		} else if err != nil {
			w.Flush()
			return err
		}
		if item == nil {
			continue
		}
		kind := item.Result.Discriminator()
		results[kind]++
		message := item.Message()
		if message == nil {
			fmt.Fprintf(w, "%s\t%s\t\t\t%s\n", item.CustomID, kind, describe(item.Err()))
			continue
		}
		input += message.Usage.InputTokens
		output += message.Usage.OutputTokens
		fmt.Fprintf(w, "%s\t%s\t%s\t%d/%d\t%s\n", item.CustomID, kind, message.StopReason, message.Usage.InputTokens, message.Usage.OutputTokens, item.Text())
	}
	w.Flush()
	fmt.Printf("\n%d succeeded, %d errored, %d canceled, %d expired; %d tokens in, %d out\n",
		results["succeeded"], results["errored"], results["canceled"], results["expired"], input, output)
	return nil
}

// describe shows how an item's error is taken apart.
func describe(err error) string {
	var invalid *gen.BetaInvalidRequestError
	var apiErr *client.APIError
	switch {
	case errors.As(err, &invalid):
		return fmt.Sprintf("%T: %s", invalid, invalid.Message)
	case errors.As(err, &apiErr):
		return apiErr.Error()
	}
	return err.Error()
}
