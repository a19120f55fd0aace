// Extract reads invoices, which are PDF files or images, into Go structs. It prints a line of JSON for each file.
//
//	go run ./extract extract/*.pdf extract/*.png    # with a fake service; -live uses the real one, and costs money
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
)

// An invoice is what the model extracts. Its schema is made from this type, and results are checked against it.
type invoice struct {
	Vendor   string   `json:"vendor" jsonschema:"the company that sent the invoice"`
	Currency currency `json:"currency"`
	Total    float64  `json:"total" jsonschema:"including tax"`
	Items    []item   `json:"items"`
	Due      *string  `json:"due" jsonschema:"as YYYY-MM-DD; null if there is none"`
}

// An item is a row of an invoice.
type item struct {
	Name   string  `json:"name"`
	Amount float64 `json:"amount"`
}

// A currency is one of three.
type currency string

func (currency) Enum() []string { return []string{"EUR", "USD", "other"} }

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY: it costs money")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := connect.New(*live, answers, nil, client.WithPreflight(preflight.Checker{}))
	if err == nil {
		err = extract(ctx, c, os.Stdout, flag.Args())
	}
	if err != nil {
		log.Fatal(err)
	}
}

func extract(ctx context.Context, c *client.Client, out io.Writer, files []string) error {
	format, err := messages.OutputFormat[invoice]()
	if err != nil {
		return err
	}
	var requests []client.Request
	for i, name := range files {
		page, err := block(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("file-%d", i), Params: client.Params{
			Model: client.ModelClaudeSonnet5, MaxTokens: 2000, OutputConfig: &client.OutputConfig{Format: format},
			Messages: []client.InputMessage{messages.User(page, messages.TextBlock("Read this invoice."))},
		}})
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		return err
	}
	if _, err := c.Wait(ctx, batch.ID); err != nil {
		return err
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			return err
		}
		var i int
		if _, err := fmt.Sscanf(item.CustomID, "file-%d", &i); err != nil || i < 0 || i >= len(files) {
			continue // not ours
		}
		found, err := messages.DecodeText[invoice](item.Message())
		if err = errors.Join(item.Err(), err); err != nil {
			log.Printf("%s: %v", files[i], err)
			continue
		}
		line, err := json.Marshal(found)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s\n", files[i], line)
	}
	return nil
}

// block returns a file as a document or an image, depending on its content.
func block(name string) (client.ContentBlockParam, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(string(data), "%PDF-") {
		return messages.Document(data)
	}
	return messages.Image(data)
}

// answers sets the answers of the fake, which cannot read: an invoice about paper for the first file. Other files get any
// answer that fits the schema.
func answers(s *batchtest.Service) {
	s.Answer("file-0", batchtest.Text(`{"vendor":"Paper & Sons","currency":"EUR","total":59.5,"items":[{"name":"Paper","amount":59.5}],"due":null}`))
}
