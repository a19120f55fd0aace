// Package batchotel makes traces and metrics of OpenTelemetry from the calls of package client.
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		batchotel "github.com/seed-111a911e/messagebatches/otel"
//	)
//
//	func main() {
//		if err := run(context.Background()); err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func run(ctx context.Context) error {
//		hooks, err := batchotel.Hooks() // the global tracer and meter providers
//		if err != nil {
//			return err
//		}
//		c, err := client.New(client.WithHooks(hooks))
//		if err != nil {
//			return err
//		}
//		_, err = c.Wait(ctx, "msgbatch_0123")
//		return err
//	}
//
// Names follow the semantic conventions of OpenTelemetry 1.41 for HTTP and generative AI where these have one, and begin with
// "messagebatches." otherwise. Nothing holds a prompt, a result or a credential.
//
// # Spans
//
// A call of the client is a span with the name of its operation, such as "create_batch". It has gen_ai.operation.name,
// gen_ai.provider.name, server.address, server.port and messagebatches.batch.id, and if it failed error.type: the type of the
// API's error, or "uncertain", "incomplete", "timeout", "canceled", "deadline_exceeded",
// "connection" or "_OTHER". For Create there are
// also messagebatches.requests, and for Results the numbers of results by outcome and gen_ai.usage.input_tokens, which
// includes the cache's, and gen_ai.usage.output_tokens. Retries, failed polls and streams of results are its events.
//
// Each HTTP request is a child of it, such as "GET /v1/messages/batches/{message_batch_id}", with http.request.method,
// http.response.status_code, http.request.body.size, http.response.body.size, http.request.resend_count, url.full and
// url.template, and the service's request-id. Its trace goes to the service as the header traceparent, see [WithPropagator].
//
// # Metrics
//
//   - http.client.request.duration: seconds to the headers of the response, by method, template and status
//   - http.client.request.body.size, http.client.response.body.size: bytes
//   - gen_ai.client.operation.duration: seconds of a call, by operation and error.type
//   - gen_ai.client.token.usage: tokens of each result, by model and gen_ai.token.type
//   - messagebatches.retries: retries, by operation and error.type
//   - messagebatches.uncertain, messagebatches.incomplete: creates with an unknown outcome, and results that are incomplete
//   - messagebatches.requests.waiting, messagebatches.batches.waiting: requests in batches that have not ended, and those
//     batches, of those that this program has created, polled, fetched or canceled
//   - messagebatches.results: results by outcome, model, stop reason and error.type
//   - messagebatches.tokens: tokens of results by model and kind, as package bulk counts them
//   - messagebatches.cost: what they cost, by model, see [WithPrices]
//
// The last four have the labels of [WithLabels] too, and so has gen_ai.client.token.usage.
//
// # Jobs
//
// Package jobsotel of this module does the same for the events of durable jobs.
package batchotel
