// Package batchtest is a fake of the Message Batches service. It tests code that uses batches without costs, a network,
// or a day of waiting.
//
//	package greeting_test
//
//	import (
//		"testing"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/client/batchtest"
//	)
//
//	func TestGreeting(t *testing.T) {
//		service := batchtest.New(t, batchtest.WithDuration(0))
//		service.Answer("greeting-1", batchtest.Text("Hello to you"))
//		c := service.Client()
//
//		// The code under test uses c from here on.
//		batch, err := c.Create(t.Context(), []client.Request{{
//			CustomID: "greeting-1",
//			Params: client.Params{
//				Model:     client.ModelClaudeOpus5,
//				MaxTokens: 1024,
//				Messages:  []client.InputMessage{client.UserText("Hello, world")},
//			},
//		}})
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
// The fake speaks HTTP. [Service.Client] returns a client for it, and [Service.HTTPClient] reaches it inside the
// process, without sockets. [Service.Listen] serves it on a socket, and [Service.ListenTLS] also over HTTP/2. The
// command "messagebatches serve" runs it as a process, for clients in any language. [Service.Shutdown] and
// [WithMiddleware] are for such processes.
//
// # Results
//
// A request whose parameters do not fit the contract ends as errored, and the error says why. Every other request
// succeeds: with a call to one of its tools, whose input fits the tool's schema, or with JSON that fits its output
// schema, or with a short text that repeats its last words. Messages longer than max_tokens are truncated.
//
// [Service.Answer] sets the result for one custom id, [ReadAnswers] reads results from a file, and [Service.AnswerAll]
// sets the result of all other requests. Results are made by [Text], [Message], [Truncated], [Refused], [ToolCall],
// [Errored], [Raw], [InTurn] or a function of your own. [WithErrored], [WithExpired], [WithTruncated] and [WithRefused]
// give requests such results at a rate. [Service.Takes] slows down single requests.
//
// Usage counts the whole request: system prompt, tools, messages, images and documents. Prefixes with a cache
// breakpoint are written to a prompt cache and read from it until they expire, see [WithPromptCache]. If the request
// names a model alias, the message names its snapshot.
//
// # Faults
//
// [Service.Inject] makes the next calls fail. The test fails if no call meets an injected fault.
//
//	func TestTrouble(t *testing.T) {
//		service := batchtest.New(t)
//		service.Inject(batchtest.Create, batchtest.DropAfter())       // the first create call
//		service.Inject(batchtest.Results, nil, batchtest.Truncate(7)) // the second results call, after 7 lines
//	}
//
// [WithFaultRate] makes a share of calls meet a fault. [Faults] lists named faults, whose details are drawn at random
// for each call: [Named] returns one of them, [WithRandomFaults] draws any of them at a rate, and [ParseFault] reads
// the notation of the command line, such as create:lost=2%. [WithSeed] makes the random choices repeatable.
// [Service.StopFaults] removes all faults.
//
// A fault acts in one of these places, and the same way over every kind of connection. Over HTTP/2, dropping the
// connection resets the stream.
//
//   - In place of the service, which does nothing: [Status], [Fail], [Redirect], [EdgeForbidden], [EdgeTooLarge],
//     [DropBefore]. [DelayBefore] only waits.
//   - After the service has acted, in place of its response: [DropAfter], [ActThen]. [DelayAfter] holds the response back.
//   - Long before the service acts, whether or not the caller still waits: [ActLate], [DropThenAct].
//   - In the body of the response, by lines: [Truncate], [Drop], [Gateway], [Insert], [Corrupt], [Duplicate], [Lose].
//   - In the body, by bytes: [TruncateBytes], [DropBytes], [Stall], [Slow], [Rewrite].
//   - In a response that is one JSON object: [Malformed], [OtherID].
//   - In the service, for a while: [NotFoundFor] hides a batch from get, [OmitFor] from list.
//   - In the Date header: [OtherClock].
//
// [ThenDrop] drops the connection after any other fault, [Times] repeats one, and your own function can be a [Fault]
// too. [Service.DropConnections] closes the connections of all clients.
//
// [WithGetLag] and [WithListLag] make new batches appear late, [WithDateOffset] and [WithClockSkew] give the service other
// clocks, and [WithLatency] slows down all calls.
//
// # Organizations, limits and other clients
//
// [WithKeys] adds keys of several organizations and workspaces; [Service.AddKey] and [Service.RevokeKey] change them while the
// service runs. [WithQueueLimit] limits the waiting requests of an organization, and [WithCallLimit] its calls per
// minute. [Service.Seed] adds a batch of another client in the workspace. [Service.SeedLike] adds one with the same
// number of requests and the same custom ids as another batch, and [WithColleagues] does so at a rate.
//
// # Time
//
// The service uses the clock of package time, and [Service.Advance] moves it forward. In a testing/synctest bubble a
// whole day takes no time:
//
//	func TestDay(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			service := batchtest.New(t, batchtest.WithDuration(24*time.Hour))
//			service.Takes("question-7", 23*time.Hour)
//			// create a batch, wait for it, read its results
//		})
//	}
//
// # State
//
// Batches are in memory, unless [OpenState] puts them into a directory. There they survive the end of the process, even
// if it is killed at any moment, and memory does not grow with their number: a service with a directory and
// [WithoutHistory] accepts millions of requests. Results are generated each time they are read, and stored only if they
// depend on an answer of the test or on the prompt cache.
//
// # Inspection
//
// [Service.Calls], [Service.Batches] and [Service.Requests] return what arrived: headers, betas, how much of each body,
// and requests both decoded and raw. [Service.Accepted] maps custom ids to batches, and so shows a request that was
// accepted twice. [Service.Stats] counts calls, complete bodies, batches, faults, and the most requests that waited at
// one time. [WithInspector] serves the same over HTTP, to tests in other languages.
//
// # What it simplifies
//
// No model runs: texts and ids are made up, a word counts as one token, and an image as 1,600. Requests finish at
// regular intervals over the batch's duration, in the order in which they were sent, and their results come in another
// order. Requests that expire at a rate do so when their batch ends, however early that is. A canceled batch ends
// within a second, and requests that had not finished by then are canceled. A prompt is cached when its request
// finishes. Batches use the cache one after the other, in the order in which they end, and [OpenState] does not store
// the cache.
//
// Parameters are checked when the batch is created, by package preflight, and the first error is reported. Its warnings
// are not errors here: the fake accepts a beta's parameter without the beta, an unknown model, and most unknown
// parameters. Nothing that a request refers to has to exist: files, skills, containers, user profiles, URLs. There are
// no spend limits and no token limits.
//
// The token endpoint accepts any identity token, rule and organization, and any refresh token, and returns the
// service's key, which does not expire. Clients with a profile or a workload identity authenticate with it.
//
// The fake follows the contract, and has not been compared with the service itself yet: "make live" in the repository runs
// the same script against both and names each difference.
//
// Where the documentation of the service is silent, the fake chooses: 404 for results that do not exist yet or have
// been archived; 400 for canceling an ended batch, for deleting one that has not ended, and for listing from a batch
// that does not exist; 403 for a workspace that the key may not use; and 429 with a retry-after of a minute for a full
// queue. Programs should not depend on these.
//
// # Concurrency
//
// A [Service] is safe for concurrent use.
//
// # Versions
//
// The fake accepts the versions and betas of the API that the contract lists, and refuses parameters that the call's
// version does not accept. [AllowBetas] adds newer betas.
package batchtest
