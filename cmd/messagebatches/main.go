// Command messagebatches sends requests to the Message Batches API in batches, and returns every result.
//
//	messagebatches run requests.jsonl -o results.jsonl   sends requests and returns every result; the same command continues
//	messagebatches status requests.jsonl                 shows the progress of a run
//	messagebatches validate requests.jsonl               checks requests against the contract before they are sent
//	messagebatches serve                                 runs a fake of the service
//
// Run messagebatches help for a list of all commands.
package main

import (
	"context"
	"os"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

func main() { os.Exit(run(context.Background(), cli.System(), os.Args[1:])) }
