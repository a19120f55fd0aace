// Quickstart sends a batch, waits for it and prints the result of each request.
//
// It uses a fake service inside the process. With -live it uses the real service, needs ANTHROPIC_API_KEY, and spends
// money. The requests are three examples, or come from a file with one {"custom_id", "params"} per line:
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -live -in requests.jsonl
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY (and ANTHROPIC_BASE_URL, if set)")
	in := flag.String("in", "", "`file` with requests, one {\"custom_id\", \"params\"} per line; - is standard input")
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
	batch, err := c.Create(ctx, requests)
	if err != nil {
		return err
	}
	fmt.Printf("batch %q with %d requests, expires %s\n", batch.ID, len(requests), batch.ExpiresAt.Local().Format(time.DateTime))

	p := newProgress(os.Stderr, live)
	wait := []client.CallOption{client.OnPoll(p.show)}
	if !live {
		wait = append(wait, client.WithPollInterval(200*time.Millisecond, 0))
	}
	_, err = c.Wait(ctx, batch.ID, wait...)
	p.end()
	if err != nil {
		return err
	}
	return printResults(ctx, c, batch.ID)
}

// newClient returns a client for the real service or for a fake one.
func newClient(live bool) (*client.Client, error) {
	if live {
		return client.New()
	}
	return batchtest.Start(batchtest.WithDuration(time.Second)).Client(), nil
}

// exampleRequests returns the two requests of the public guide, and one that fails because its max_tokens is missing.
func exampleRequests() []client.Request {
	hello := func(id, text string, maxTokens int64) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
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

// readFile reads requests, one per line.
func readFile(name string) ([]client.Request, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	var requests []client.Request
	for r, err := range bulk.ReadRequests(f) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		requests = append(requests, r)
	}
	return requests, nil
}

// printResults prints each result as it arrives, and then the totals. Text from the service is quoted, so that it
// cannot control the terminal; error texts are safe already.
func printResults(ctx context.Context, c *client.Client, id string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nREQUEST\tRESULT\tSTOP\tTOKENS IN/OUT\tTEXT OR ERROR")
	results := make(map[string]int)
	var input, output int64
	for item, err := range c.Results(ctx, id) {
		if err != nil {
			w.Flush()
			return err
		}
		if item.Malformed != nil {
			fmt.Fprintf(w, "%q\tdamaged\t\t\t%v\n", item.CustomID, item.Err())
			continue
		}
		kind := item.Result.Discriminator()
		results[kind]++
		message := item.Message()
		if message == nil {
			fmt.Fprintf(w, "%q\t%q\t\t\t%s\n", item.CustomID, kind, describe(item.Err()))
			continue
		}
		input += message.Usage.InputTokens
		output += message.Usage.OutputTokens
		fmt.Fprintf(w, "%q\t%q\t%q\t%d/%d\t%q\n", item.CustomID, kind, message.StopReason, message.Usage.InputTokens, message.Usage.OutputTokens, item.Text())
	}
	w.Flush()
	fmt.Printf("\n%d succeeded, %d errored, %d canceled, %d expired; %d tokens in, %d out\n",
		results["succeeded"], results["errored"], results["canceled"], results["expired"], input, output)
	return nil
}

// describe shows how to examine an item's error.
func describe(err error) string {
	var invalid *client.InvalidRequestError
	var apiErr *client.APIError
	switch {
	case errors.As(err, &invalid):
		return fmt.Sprintf("%T: %q", invalid, invalid.Message)
	case errors.As(err, &apiErr):
		return apiErr.Error()
	}
	return err.Error()
}
