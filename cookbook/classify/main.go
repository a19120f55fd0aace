// Classify labels support tickets. It reads a CSV file with the columns id and text, and writes one with id and label, in
// the same order. If it is interrupted or killed, the same command continues, and nothing is paid for twice.
//
//	go run ./classify classify/tickets.csv labels.csv    # with a fake service; -live uses the real one, and costs money
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

//go:embed handbook.md
var handbook string // the same for all tickets, and long enough for caching

type answer struct {
	Label label `json:"label"`
}
type label string

func (label) Enum() []string { return []string{"account", "billing", "bug", "other"} }

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY: it costs money")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := classify(ctx, *live, flag.Arg(0), flag.Arg(1)); err != nil {
		log.Fatal(err)
	}
}

func classify(ctx context.Context, live bool, in, out string) error {
	text, err1 := os.ReadFile(in)
	tickets, err2 := csv.NewReader(bytes.NewReader(text)).ReadAll()
	c, err3 := connect.Client(live, out+".fake", map[string]string{"invoice": `{"label":"billing"}`, "crash": `{"label":"bug"}`, "": `{"label":"other"}`})
	format, err4 := messages.OutputFormat[answer]()
	job, err5 := jobs.Open(ctx, out+".job", jobs.Options{Accept: jobs.AcceptSchema, OnEvent: func(e jobs.Event) { log.Println(e.Kind, e.Text) }})
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil || len(tickets) == 0 {
		return err
	}
	defer job.Close()
	report, err := job.Run(ctx, c, jobs.Requests(func(yield func(client.Request, error) bool) {
		for _, ticket := range tickets[1:] {
			if !yield(client.Request{CustomID: ticket[0], Params: client.Params{
				Model: client.ModelClaudeSonnet5, MaxTokens: 100, OutputConfig: &client.OutputConfig{Format: format},
				System:   client.TextBlocks{{Text: handbook, CacheControl: &client.CacheControl{TTL: client.CacheTTLOneHour}}},
				Messages: []client.InputMessage{client.UserText(ticket[1])},
			}}, nil) {
				return
			}
		}
	}))
	if err != nil {
		return fmt.Errorf("%w (the same command continues)", err)
	}
	rows, used, prices := [][]string{{"id", "label"}}, make(map[label]price.Usage), price.Default()
	for item, err := range job.Results(ctx) { // in the order of the tickets
		if err != nil {
			return err
		}
		a, _ := messages.DecodeText[answer](item.Message()) // no label if there is no answer
		u := used[a.Label]
		u.Add(prices, time.Now(), item)
		used[a.Label] = u
		rows = append(rows, []string{item.CustomID, string(a.Label)})
	}
	for _, name := range label("").Enum() {
		u := used[label(name)]
		cost, _ := u.Cost(prices, time.Now())
		fmt.Printf("%-8s %4d tickets, %d tokens from the cache, $%s\n", name, u.Results["succeeded"], u.Tokens().CacheRead, cost)
	}
	fmt.Printf("%d of %d answered, %d resent for a better answer\n", report.Answered, report.Requests, report.Reasked)
	var b bytes.Buffer
	return errors.Join(csv.NewWriter(&b).WriteAll(rows), os.WriteFile(out, b.Bytes(), 0o600))
}
