// Package batchtest is a fake of the Message Batches service, for tests of code that uses batches: no money, no
// network, no day of waiting.
//
//	package greeting_test
//
//	import (
//		"testing"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/client/batchtest"
//		"github.com/seed-111a911e/messagebatches/gen"
//	)
//
//	func TestGreeting(t *testing.T) {
//		service := batchtest.New(t, batchtest.WithDuration(0))
//		service.Answer("greeting-1", batchtest.Text("Hello to you"))
//		c, err := client.New(
//			client.WithoutEnvironment(),
//			client.WithAPIKey(service.Key()),
//			client.WithBaseURL(service.URL()),
//			client.WithHTTPClient(service.HTTPClient()),
//		)
//		if err != nil {
//			t.Fatal(err)
//		}
//
//		// From here on it is the code under test that uses c.
//		batch, err := c.Create(t.Context(), client.BatchParams{Requests: []client.Request{{
//			CustomID: "greeting-1",
//			Params: client.Params{
//				Model:     gen.ModelClaudeOpus5,
//				MaxTokens: 1024,
//				Messages:  []client.InputMessage{client.UserText("Hello, world")},
//			},
//		}}})
//		if err != nil {
//			t.Fatal(err)
//		}
//		for item, err := range c.Results(t.Context(), batch.ID) {
//			if err != nil || item.Text() != "Hello to you" {
//				t.Errorf("got %+v, %v", item, err)
//			}
//		}
//	}
//
// It speaks HTTP. [Service.HTTPClient] reaches it inside the process, without sockets. [Service.Listen] serves it on a
// socket, and the command "messagebatches serve" as a process, for clients in any language.
//
// # Results
//
// By default every request whose parameters fit the contract succeeds with a short text, and the others are errored
// with what is wrong with them. [Service.Answer] says otherwise, for one custom id or for all, with [Text], [Message],
// [Errored], [Raw], [InTurn] or a function of the request. [Service.Takes] makes single requests slow.
//
// # Faults
//
// [Service.Inject] makes calls fail: before or after the service has acted, with any answer, or in the middle of one. A
// fault that no call meets fails the test.
//
//	func TestTrouble(t *testing.T) {
//		service := batchtest.New(t)
//		service.Inject(batchtest.Create, batchtest.DropAfter())             // the first create call
//		service.Inject(batchtest.Results, nil, batchtest.CutLines(7, true)) // the second results call, after 7 lines
//	}
//
// # Time
//
// The clock is that of package time, which [Service.Advance] puts forward. In the bubbles of testing/synctest a whole
// day takes no time:
//
//	func TestDay(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			service := batchtest.New(t, batchtest.WithDuration(24*time.Hour))
//			service.Takes("question-7", 23*time.Hour)
//			// create a batch, wait for it, read its results
//		})
//	}
//
// # Inspection
//
// [Service.Calls], [Service.Batches] and [Service.Requests] show what arrived: headers, betas, requests decoded and
// raw.
//
// # What it simplifies
//
// Nothing is asked of a model: texts, ids and token counts are made up, and no prompt is ever cached. Requests finish
// at even distances over the batch's duration, in the order in which they were sent; their results are made, all
// together, when somebody first looks at the batch after its end, and come in another order. A canceled batch ends
// within a second, and what had not finished by then is canceled.
//
// Parameters are checked as package preflight checks them, at the first mistake, and its warnings are no errors here:
// the fake takes a beta's parameter without the beta, an unknown model, most unknown parameters, and values that only
// some models refuse. Nothing it refers to has to exist: files, skills, containers, user profiles, URLs. Anything that
// has to do with other calls or with money does not exist either: rate limits, the limits of the queue, spend limits.
// Inject what such a limit would answer.
//
// What the service does not document, the fake decides: 404 for results before the end or after the archive, 400 for
// canceling after the end, deleting before it, and listing from a batch that is not there, 403 for a workspace that is
// not the key's. No program should depend on these.
//
// # Concurrency
//
// A [Service] is safe for concurrent use.
//
// # Versions
//
// The fake takes the versions and betas of the API that the contract lists, and refuses parameters that the call's
// version does not take. [AllowBetas] adds betas that are newer.
package batchtest
