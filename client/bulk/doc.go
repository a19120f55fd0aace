// Package bulk does the work around many requests: it splits them into batches, matches the results with their inputs,
// decides which requests to resend, and adds up usage and cost. It makes no network calls and opens no files.
//
// This program reads a JSON Lines file of requests from standard input:
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"iter"
//		"log"
//		"os"
//		"slices"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/client/bulk"
//	)
//
//	func main() {
//		var requests []client.Request
//		for r, err := range bulk.ReadRequests(os.Stdin) {
//			if err != nil {
//				log.Fatal(err) // malformed lines; nothing has been sent yet
//			}
//			requests = append(requests, r)
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
//	// run sends requests until each has a final outcome.
//	func run(ctx context.Context, c *client.Client, requests []client.Request) error {
//		attempts := make(map[string]int) // of each request so far
//		var totals bulk.Totals
//		for next := requests; len(next) > 0; {
//			results, err := send(ctx, c, next)
//			if err != nil {
//				return err
//			}
//			matches := bulk.Match(bulk.ByID(slices.Values(next)), results...)
//			next = nil
//			for d, err := range bulk.FollowUp(matches, attempts, bulk.Policy{}) {
//				if err != nil {
//					return err // results that were not read can still be read: batches.txt has the IDs
//				}
//				totals.Add(d.Item)
//				switch {
//				case d.Again:
//					next = append(next, d.Input)
//					attempts[d.CustomID] = d.Attempts
//				case d.Err() == nil:
//					fmt.Println(d.CustomID, d.Item.Text())
//				default:
//					log.Print(d.Err())
//				}
//			}
//		}
//		cost, err := totals.Cost(bulk.Prices{Models: map[client.Model]bulk.Price{client.ModelClaudeOpus5: {Input: 5, Output: 25}}})
//		if err != nil {
//			return err // your list prices lack a model
//		}
//		fmt.Println("cost:", cost)
//		return nil
//	}
//
//	// send sends requests in batches and waits for them. It stores the ID of each batch at once, so that a crash does not
//	// lose results that were paid for.
//	func send(ctx context.Context, c *client.Client, requests []client.Request) ([]iter.Seq2[*client.Item, error], error) {
//		file, err := os.OpenFile("batches.txt", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
//		if err != nil {
//			return nil, err
//		}
//		defer file.Close()
//		var ids []string
//		for batch, err := range bulk.Split(slices.Values(requests), bulk.Limits{}) {
//			if err != nil {
//				log.Print(err) // requests that fit no batch; all others have been sent
//				break
//			}
//			created, err := c.Create(ctx, batch)
//			if err != nil {
//				return nil, err
//			}
//			if _, err := fmt.Fprintln(file, created.ID); err != nil {
//				return nil, err
//			}
//			ids = append(ids, created.ID)
//		}
//		var results []iter.Seq2[*client.Item, error]
//		for _, id := range ids {
//			if _, err := c.Wait(ctx, id); err != nil {
//				return nil, err
//			}
//			results = append(results, c.Results(ctx, id))
//		}
//		return results, nil
//	}
//
// # Split
//
// [Split] makes batches of requests, and [SplitLines] makes batches of a JSON Lines file without decoding it, with one line
// in memory at a time. Both use the exact size of the body that is sent and keep the order. [ReadRequests] reads such a file
// as requests.
//
// # Match
//
// Results come in any order; only the custom ID links them to their inputs. [Match] pairs them, and reports results that
// are missing, unknown, duplicate or damaged. [MatchInOrder] does so in the order of the inputs, and keeps the results in a
// file meanwhile. [ReadItems] reads stored results.
//
// # Follow up
//
// [FollowUp] decides which requests are worth resending, by a [Policy]: those that expired, or failed with an error that
// may be temporary. Each decision has its reason. FollowUp keeps no state: the caller stores how often each request was
// sent.
//
// # Totals
//
// [Totals] count results, and tokens by model and kind. Each token is counted once, although some usages count it twice or
// omit it from their sums. [Totals.Cost] prices tokens at batch rates, from list prices that the caller supplies.
//
// # Errors
//
// A function returns a value or an error, never both, and an error is the last thing that an iterator yields. The fault of
// one result is in its value: see Err of [Matched] and of [client.Item]. Omitted requests and results are counted in the
// last error, a [*LeftOutError] or a [*MatchError], which names the first 10. So leaving the loop with its error loses
// nothing. errors.Is finds the kinds in them, such as [ErrTooLarge] or [ErrMissing]. Error texts contain custom IDs and
// line numbers, and nothing else of requests and results. Nothing is retried, because there are no calls.
//
// # Concurrency
//
// Functions are safe for concurrent use with separate inputs. An iterator, and the values it yields, must be used by one
// goroutine at a time.
package bulk
