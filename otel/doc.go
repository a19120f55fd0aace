// Package batchotel makes OpenTelemetry traces and metrics from the calls of package client.
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
// Names follow the OpenTelemetry semantic conventions 1.41 for HTTP and generative AI where they exist, and begin with
// "messagebatches." otherwise. No span or metric contains a prompt, a result or a credential.
//
// # Spans
//
// Each client call is a span named after its operation, such as "create_batch". Its attributes are
// gen_ai.operation.name, gen_ai.provider.name, server.address, server.port and messagebatches.batch.id, and error.type
// if it failed: the type of the API's error, or "uncertain", "incomplete", "timeout", "canceled", "deadline_exceeded",
// "connection" or "_OTHER". Create also has messagebatches.requests. Results has the numbers of results by outcome,
// gen_ai.usage.input_tokens, which includes cache tokens, and gen_ai.usage.output_tokens. Retries, failed polls and
// result streams are events of the span.
//
// Each HTTP request is a child span, such as "GET /v1/messages/batches/{message_batch_id}", with http.request.method,
// http.response.status_code, http.request.body.size, http.response.body.size, http.request.resend_count, url.full and
// url.template, and the service's request-id. The trace is sent to the service in the header traceparent, see
// [WithPropagator].
//
// # Metrics
//
//   - http.client.request.duration: seconds until the response headers, by method, template and status
//   - http.client.request.body.size, http.client.response.body.size: bytes
//   - gen_ai.client.operation.duration: seconds of a call, by operation and error.type
//   - gen_ai.client.token.usage: tokens of each result, by model and gen_ai.token.type
//   - messagebatches.retries: retries, by operation and error.type
//   - messagebatches.uncertain, messagebatches.incomplete: creates with an unknown outcome, and incomplete results
//   - messagebatches.requests.waiting, messagebatches.batches.waiting: requests in batches that have not ended, and
//     those batches, counting batches that this program has created, polled, fetched or canceled
//   - messagebatches.results: results by outcome, model, stop reason and error.type
//   - messagebatches.tokens: tokens of results by model and kind, as package bulk counts them
//   - messagebatches.cost: cost of results, by model, see [WithPrices]
//
// The labels of [WithLabels] are added to gen_ai.client.token.usage, messagebatches.results, messagebatches.tokens and
// messagebatches.cost.
//
// # Jobs
// Package jobsotel in this module does the same for the events of durable jobs.
package batchotel
