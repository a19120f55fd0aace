package price_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

var newYear = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)

// Estimate the cost of a file of requests, from the requests alone.
func ExampleEstimator() {
	line := `{"custom_id": "1", "params": {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "Name a colour."}]}}`
	file := strings.NewReader(strings.Repeat(line+"\n", 100_000))
	e := price.NewEstimator(price.Default(), price.Options{Day: newYear})
	if err := e.Lines(file); err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.Estimate())
	// Output:
	// claude-haiku-4-5: 100000 requests, 1600000 (1500000 to 1700000) tokens in, 25000000 (2000000 to 100000000) out, 63.30 (5.75 to 250.85) USD
	// total: 100000 requests, 63.30 (5.75 to 250.85) USD by prices of 2026-11-29
}

// Use your own table, for example with negotiated prices.
func ExampleRead() {
	file := strings.NewReader(`{"dated": "2026-12-01", "currency": "EUR", "models": [{"model": "claude-haiku-4-5", "input": 0.9, "output": 4.5}]}`)
	table, err := price.Read(file)
	if err != nil {
		log.Fatal(err)
	}
	m, ok := table.Lookup("claude-haiku-4-5-20251001", newYear)
	fmt.Println(m.Output, table.Currency, ok)
	// Output: 4.5 EUR true
}

// Compute the cost of results. If some usage has no price, the error has the cost of the rest.
func ExampleUsage_Cost() {
	var u price.Usage
	u.Add(price.Default(), newYear, &client.Item{}) // each item of the results
	u.Models = []price.ModelUsage{{Model: "claude-haiku-4-5-20251001", Tokens: bulk.Tokens{Input: 2_000_000, Output: 100_000}}}
	cost, err := u.Cost(price.Default(), newYear)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cost, "USD")
	// Output: 1.25 USD
}
