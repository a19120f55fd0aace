// Package bulk is for many requests: it splits them into batches, matches the results with what they belong to, says
// what is worth sending again, and adds up what everything used and cost. It calls no service and opens no file;
// package client and the caller do.
//
//	package main
//
//	import (
//		"bufio"
//		"context"
//		"fmt"
//		"iter"
//		"log"
//		"os"
//		"slices"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/client/bulk"
//		"github.com/seed-111a911e/messagebatches/gen"
//	)
//
//	func main() {
//		var requests []client.Request // one for each line of standard input
//		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
//			requests = append(requests, client.Request{CustomID: fmt.Sprintf("line-%d", len(requests)+1), Params: client.Params{
//				Model:     gen.ModelClaudeOpus5,
//				MaxTokens: 1024,
//				Messages:  []client.InputMessage{client.UserText(in.Text())},
//			}})
//		}
//		c, err := client.New()
//		if err == nil {
//			err = run(context.Background(), c, requests)
//		}
//		if err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func run(ctx context.Context, c *client.Client, requests []client.Request) error {
//		attempts := make(map[string]int) // of each request so far
//		var totals bulk.Totals
//		for next := requests; len(next) > 0; {
//			var ids []string
//			for batch, err := range bulk.Split(slices.Values(next), bulk.Limits{}) {
//				if err != nil {
//					log.Print(err) // a request that fits no batch; the rest goes on
//					continue
//				}
//				created, err := c.Create(ctx, client.BatchParams{Requests: batch})
//				if err != nil {
//					return err
//				}
//				ids = append(ids, created.ID) // store them, lest a crash cost what was paid for
//			}
//			var results []iter.Seq2[*client.Item, error]
//			for _, id := range ids {
//				if _, err := c.Wait(ctx, id, client.WaitOptions{}); err != nil {
//					return err
//				}
//				results = append(results, c.Results(ctx, id))
//			}
//			var again []client.Request
//			matches := bulk.Match(bulk.ByID(slices.Values(next)), results...)
//			for d, err := range bulk.FollowUp(matches, attempts, bulk.Policy{}) {
//				if err != nil {
//					log.Print(err) // an id that does not match, a line that is odd, results that are incomplete
//				}
//				if d.Reason == "" {
//					continue // the error was all: there is no decision
//				}
//				totals.Add(d.Item)
//				switch {
//				case d.Again:
//					again = append(again, d.Input)
//					attempts[d.CustomID] = d.Attempts
//				case d.Item != nil && d.Item.Err() == nil:
//					fmt.Println(d.CustomID, d.Item.Text())
//				default:
//					log.Print(d.CustomID, ": ", d.Reason)
//				}
//			}
//			next = again
//		}
//		cost, err := totals.Cost(bulk.Prices{Models: map[gen.Model]bulk.Price{gen.ModelClaudeOpus5: {Input: 5, Output: 25}}})
//		fmt.Println("cost:", cost) // with list prices of yours in place of these
//		return err
//	}
//
// # Split
//
// [Split] makes batches of requests, and [SplitLines] of a file of JSON lines, which are not decoded and of which one
// line is in memory at a time. Both go by the exact size of what is sent, keep the order, and put each request into one
// batch or name it in one error.
//
// # Match
//
// Results come in any order; the custom id is all that links them to what they belong to. [Match] gives each result
// with its input and names what is missing, unknown or doubled. [MatchInOrder] does it in the order of the inputs, with
// the results in a file meanwhile. [ReadItems] reads results that were stored.
//
// # Follow up
//
// [FollowUp] decides what is worth sending again, by a [Policy]: what expired or failed in a way that passes. What it
// says of each request is a value with its reason. It keeps no state: how often a request was sent is the caller's to
// keep.
//
// # Totals
//
// [Totals] count results, and tokens by model and kind, each once: what a usage counts twice, or beside its sums, is
// sorted out. [Totals.Cost] prices them at the rates of batches with list prices that the caller brings.
//
// # Errors
//
// Errors that are about one request or result come as they are met, and what follows them is good: [*RequestError],
// [*MatchError] and client's LineError. errors.Is finds their kinds, such as [ErrTooLarge] or [ErrMissing]. They name
// custom ids and lines and show nothing else of requests and results. Nothing is retried: there are no calls.
//
// # Concurrency
//
// Functions may be called at the same time with inputs of their own. Iterators and what they give belong to one
// goroutine.
package bulk
