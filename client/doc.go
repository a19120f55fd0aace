// Package client sends batches of Messages requests to the Message Batches API and gets every result back: nothing
// lost, nothing paid twice, no key where it does not belong.
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/gen"
//	)
//
//	func main() {
//		if err := run(context.Background()); err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func run(ctx context.Context) error {
//		c, err := client.New() // ANTHROPIC_API_KEY
//		if err != nil {
//			return err
//		}
//		batch, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{{
//			CustomID: "greeting-1",
//			Params: client.Params{
//				Model:     gen.ModelClaudeOpus5,
//				MaxTokens: 1024,
//				Messages:  []client.InputMessage{client.UserText("Hello, world")},
//			},
//		}}})
//		if err != nil {
//			return err
//		}
//		if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
//			return err
//		}
//		for item, err := range c.Results(ctx, batch.ID) {
//			if err != nil {
//				log.Print(err) // a line that is odd; or the end, with results missing
//			}
//			switch {
//			case item == nil:
//			case item.Err() != nil: // errored, expired or canceled
//				log.Print(item.Err())
//			default:
//				fmt.Println(item.CustomID, item.Text())
//			}
//		}
//		return nil
//	}
//
// The types of requests and answers are those of package gen; this package has short names for the ones that callers
// hold. [Client.CreateJSON] sends requests that exist as JSON lines already, and [Client.Raw] is the generated client with
// the same authentication.
//
// Four packages beside this one do the rest: client/bulk splits many requests and matches their results,
// client/messages makes requests and continues conversations, client/preflight checks requests before they are sent,
// client/batchtest is a fake of the service for tests.
//
// # Errors
//
// An answer that is not the contract's success is an [*APIError], whatever its body. errors.As finds the contract's
// variant in it, such as a *gen.BetaRateLimitError, and errors.Is its kind, such as [ErrRateLimited]; the error of an
// item, an [*ItemError], is taken apart the same way. Create and CreateJSON have an error of their own,
// [*UncertainError], and so have Wait, [*WaitError], and Results, [*LineError] and [*IncompleteError].
//
// Options, custom ids and the size of a batch are checked before anything is sent. The parameters of requests are not,
// neither here nor by the service when it takes the batch: what is wrong with them is the result of the request, up to
// a day later. [WithPreflight] has them checked before.
//
// The texts of errors are for people and may change in any version.
//
// # Retries
//
// Get, List, Cancel, Delete and the opening of Results do no harm when they are made twice. They are repeated after
// lost connections, time-outs, 408, 409, 429 and 5xx, and after a 200 whose body is cut or not the API's; not after
// other answers, which would be the same again, nor after a spend limit, which no waiting lifts; and as x-should-retry
// says if the answer has it. The waits grow and are random; retry-after is honoured up to [Retry.MaxRetryAfter]. A call
// that would have to wait longer, or beyond its context's deadline, fails at once with the answer it got.
//
// Create and CreateJSON are repeated only if the service cannot have taken the batch: its body was not sent to the end,
// or the API itself answered 429 with retry-after, 503 or 529. After other failures of a body that was sent whole (a
// lost connection, a time-out, the end of the context, other 5xx, 408, 409, an answer that is not the API's) nobody
// knows, and a second batch would be billed like the first: that is an [*UncertainError], whose Candidates are the
// batches that may be it. No redirect is followed, and net/http is given no means to send the body again by itself.
//
// Wait goes on polling through all failures that may pass, whatever x-should-retry says: they say nothing about the
// batch. Results asks again for a stream that was cut, and passes over what it has given; only what the batch's counts
// promise makes it complete.
//
// An attempt fails, as [ErrTimeout], if the whole answer has not come within a minute; for Create within ten minutes
// after the last byte was sent; for a stream of results if a read takes two minutes.
//
// # Beta headers
//
// [WithBetas] switches betas on, for all calls or for one; those of both are sent, each once. There are no betas for
// single requests of a batch: those of Create hold for all of them. Any well-formed name is sent. The service refuses
// what it does not know, and takes parameters of a beta only with the beta.
//
// # Secrets
//
// Credentials go to the origin of the base URL and to no other: redirects to other origins are not followed, and a
// batch's results_url is not used. No credential shows in an error, a log or a printed client; where an answer shows
// the one that it was sent, the error leaves it out.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Iterators and what they give belong to one goroutine.
//
// # Versions
//
// Every call sends anthropic-version, by default 2023-06-01, which takes every parameter of the contract. [WithVersion]
// chooses another. Under 2026-10-21 the service refuses temperature, top_p and top_k whatever their values, documents
// directly in messages of the assistant, and citations in text of the user; each request of a batch is judged by the
// version that the batch was created with. Package preflight checks for the version of the call.
//
// Within a version the service adds properties, results, content blocks, stop reasons and errors at any time. They come
// through: as *gen.Unknown, as strings without a constant, or in Raw. So a switch over types or values needs a default.
//
// [Version] is that of this module, and versions are semantic. Before 1.0 a minor version may break programs, and
// CHANGELOG.md says how.
package client
