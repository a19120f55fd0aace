// Tools answers customers' questions with a tool of its own, in two batches: in the first, the model asks for orders; in the
// second, it answers with what the program found.
//
//	go run ./tools    # with a fake service; -live uses the real one, and costs money
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
)

// An order is the input of the tool.
type order struct {
	Number int `json:"number" jsonschema:"number of the order"`
}

var questions = map[string]string{
	"ann": "Where is my order 7?",
	"bob": "Has order 8 been paid?",
	"cem": "What are your opening hours?",
}

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY: it costs money")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := connect.New(*live, answers, nil)
	if err == nil {
		err = answer(ctx, c, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// answer sends all open conversations in one batch, and repeats that until none is open, but at most twice, because each
// round may take a day.
func answer(ctx context.Context, c *client.Client, out io.Writer) error {
	tool, err := messages.Tool[order]("get_order", "Returns the state of an order.")
	if err != nil {
		return err
	}
	open := make(map[string]client.Params)
	for name, question := range questions {
		open[name] = client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1000, Tools: []client.ToolUnion{tool},
			Messages: []client.InputMessage{client.UserText(question)},
		}
	}
	for round := 1; round <= 2 && len(open) > 0; round++ {
		var requests []client.Request
		for _, name := range slices.Sorted(maps.Keys(open)) {
			requests = append(requests, client.Request{CustomID: name, Params: open[name]})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if _, err := c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		asked := open
		open = make(map[string]client.Params)
		for item, err := range c.Results(ctx, batch.ID) {
			if err != nil {
				return err
			}
			m := item.Message() // nil if the request did not succeed, as item.Err reports
			switch err := errors.Join(item.Err(), m.Err()); {
			case err == nil:
				fmt.Fprintf(out, "round %d, %s: %s\n", round, item.CustomID, m.Text())
			case errors.Is(err, client.ErrToolUse):
				if open[item.CustomID], err = messages.Continue(asked[item.CustomID], m, orders(m)...); err != nil {
					return err
				}
			default: // truncated or refused, or no answer
				fmt.Fprintf(out, "round %d, %s: %v\n", round, item.CustomID, err)
			}
		}
	}
	for name := range open {
		fmt.Fprintf(out, "%s: no answer after two rounds\n", name)
	}
	return nil
}

// orders executes the tool calls of a message.
func orders(m *client.Message) (results []client.ContentBlockParam) {
	for _, use := range m.ToolUses("get_order") {
		asked, err := messages.DecodeInput[order](use)
		if state, ok := map[int]string{7: "on its way", 8: "paid"}[asked.Number]; err == nil && ok {
			results = append(results, messages.ToolResult(use, state))
		} else {
			results = append(results, messages.ToolError(use, "there is no such order"))
		}
	}
	return results
}
