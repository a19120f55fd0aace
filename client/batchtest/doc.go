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
//		c := service.Client()
//
//		// From here on it is the code under test that uses c.
//		batch, err := c.Create(t.Context(), []client.Request{{
//			CustomID: "greeting-1",
//			Params: client.Params{
//				Model:     gen.ModelClaudeOpus5,
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
// It speaks HTTP. [Service.Client] returns a client of it, and [Service.HTTPClient] reaches it inside the process,
// without sockets. [Service.Listen] serves it on a socket, [Service.ListenTLS] also over HTTP/2, and the command
// "messagebatches serve" as a process, for clients in any language. [Service.Shutdown] and [WithMiddleware] are for such
// processes.
//
// # Results
//
// A request whose parameters do not fit the contract is errored with the reason. Every other one succeeds: with a call of one
// of its tools, whose input fits the tool's schema, or with JSON that fits its output schema, or with a short text that
// repeats its last words. What does not fit into max_tokens is truncated.
//
// [Service.Answer] sets the result of one custom id, [ReadAnswers] those of a file, and [Service.AnswerAll] that of all
// others, with [Text], [Message], [Truncated], [Refused], [ToolCall], [Errored], [Raw], [InTurn] or a function of the
// request. [WithErrored], [WithExpired], [WithTruncated] and [WithRefused] do so at a rate. [Service.Takes] makes single
// requests slow.
//
// Usage counts the whole request: system prompt, tools, messages, images and documents. Prefixes with a cache breakpoint
// are written to a prompt cache and read from it while they live, see [WithPromptCache]. The model of a message is the
// snapshot that the request's alias stands for.
//
// # Faults
//
// [Service.Inject] makes calls fail, one after the other. A fault that no call meets fails the test.
//
//	func TestTrouble(t *testing.T) {
//		service := batchtest.New(t)
//		service.Inject(batchtest.Create, batchtest.DropAfter())       // the first create call
//		service.Inject(batchtest.Results, nil, batchtest.Truncate(7)) // the second results call, after 7 lines
//	}
//
// [WithFaultRate] makes a share of calls meet a fault. [Faults] lists faults by name, whose details are drawn for each call:
// [Named] is one of them, [WithRandomFaults] any at a rate, and [ParseFault] reads what the command line takes, such as
// create:lost=2%. [WithSeed] makes a day repeatable. [Service.StopFaults] ends all.
//
// A fault acts in one of these places, and the same way over every connection. Over HTTP/2, a connection that is
// dropped is a stream that is reset.
//
//   - In place of the service, which does nothing: [Status], [Fail], [Redirect], [EdgeForbidden], [EdgeTooLarge],
//     [DropBefore]. [DelayBefore] only waits.
//   - After the service has acted, in place of its response: [DropAfter], [ActThen]. [DelayAfter] holds the response back.
//   - Long before the service acts, whether or not somebody still waits: [ActLate], [DropThenAct].
//   - In the body of the response, by lines: [Truncate], [Drop], [Gateway], [Insert], [Corrupt], [Duplicate], [Lose].
//   - In the body, by bytes: [TruncateBytes], [DropBytes], [Stall], [Slow], [Rewrite].
//   - In a response that is one JSON object: [Malformed], [OtherID].
//   - In the service, for a while: [NotFoundFor] hides a batch from get, [OmitFor] from list.
//   - In the Date header: [OtherClock].
//
// [ThenDrop] drops the connection behind any other fault, [Times] repeats one, and a function of your own is a [Fault]
// too. [Service.DropConnections] closes the connections of all clients.
//
// [WithGetLag] and [WithListLag] make new batches appear late, [WithDateOffset] and [WithClockSkew] give the service other
// clocks, and [WithLatency] makes all calls slow.
//
// # Organizations, limits and other clients
//
// [WithKeys] adds keys of several organizations and workspaces; [Service.AddKey] and [Service.RevokeKey] change them while the
// service runs. [WithQueueLimit] and [WithCallLimit] refuse what an organization has too much of. [Service.Seed] adds a
// batch of another client of the workspace, [Service.SeedLike] one with the same number of requests and the same custom ids
// as another batch, and [WithColleagues] does so at a rate.
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
// # State
//
// Batches are in memory, unless [OpenState] puts them into a directory. There they outlive the process, even if it is
// killed at any moment, and memory does not grow with their number: a service with a directory and [WithoutHistory] takes
// millions of requests. Results are made whenever they are read, and kept only if an answer of the test or the prompt cache
// had a part in them.
//
// # Inspection
//
// [Service.Calls], [Service.Batches] and [Service.Requests] show what arrived: headers, betas, how much of each body,
// and requests decoded and raw. [Service.Accepted] has the batches by custom id, so that a request that was accepted twice
// shows. [Service.Stats] counts calls, bodies that arrived whole, batches, faults, and the most requests that waited at one
// time. [WithInspector] serves the same to tests in other languages.
//
// # What it simplifies
//
// No model is asked: texts and ids are made up, a word counts as a token, and an image as 1,600. Requests finish at
// even distances over the batch's duration, in the order in which they were sent, and their results come in another order.
// Requests that expire by a rate do so when their batch ends, however early that is. A canceled batch ends within a second,
// and requests that had not finished by then are canceled. A prompt is cached when its request finishes, batches are cached
// one after the other, in order of their ends, and [OpenState] does not keep the cache.
//
// Parameters are checked as package preflight checks them, when the batch is created, and the first mistake is reported.
// Its warnings are no errors here: the fake takes a beta's parameter without the beta, an unknown model, and most unknown
// parameters. Nothing that a request refers to has to exist: files, skills, containers, user profiles, URLs. There are no
// spend limits, and no limits of tokens.
//
// The token endpoint takes any identity token, rule and organization, and any refresh token, and returns the service's key,
// which does not expire. Clients with a profile or a workload identity authenticate with it.
//
// The fake follows the contract, and has not been compared with the service itself yet: "make live" in the repository runs
// the same script against both and names each difference.
//
// Where the service is not documented, the fake decides: 404 for results before the end or after the archive, 400 for
// canceling after the end, deleting before it, and listing from a batch that is not there, 403 for a workspace that is
// not the key's, 429 with a retry-after of a minute for a full queue. No program should depend on these.
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
