// Package client sends batches of Messages requests to the Message Batches API and returns every result: nothing is lost,
// nothing is paid twice, and no key goes where it does not belong.
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/client"
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
//		batch, err := c.Create(ctx, []client.Request{{
//			CustomID: "greeting-1",
//			Params: client.Params{
//				Model: client.ModelClaudeOpus5, MaxTokens: 1024,
//				Messages: []client.InputMessage{client.UserText("Hello, world")},
//			},
//		}})
//		if err != nil {
//			return err // there is no batch, or err is an *UncertainError
//		}
//		if _, err := c.Wait(ctx, batch.ID); err != nil {
//			return err
//		}
//		for item, err := range c.Results(ctx, batch.ID) {
//			if err != nil {
//				return err // always the last: what is missing, and why
//			}
//			if err := item.Err(); err != nil { // errored, expired, canceled, or a damaged line
//				log.Print(err)
//				continue
//			}
//			fmt.Println(item.CustomID, item.Text())
//		}
//		return nil
//	}
//
// The types of requests and responses are generated from the API's contract in package gen. This package has short names
// for those that most programs use, so that they import it alone. [Client.CreateLines] sends requests that are JSON Lines
// already, and [Client.Raw] is the generated client with the same authentication.
//
// Four packages build on this one: client/bulk splits many requests and matches their results, client/messages makes
// requests and continues conversations, client/preflight checks requests before they are sent, and client/batchtest is a
// fake of the service for tests.
//
// # Errors
//
// A value and an error never come together. The error of an iterator is the last thing it yields. What is wrong with one
// batch or one line is data on it: Malformed of [Batch] and [Item]. So a program that returns on the first error, as Go
// programs do, loses neither a batch that it pays for nor a result.
//
// Every response that is not a success is returned as an [*APIError], even if its body is not JSON. errors.As finds the
// contract's variant in it, such as a *[RateLimitError], and errors.Is its kind, such as [ErrRateLimited]. The error of an
// item, an [*ItemError], wraps an APIError too. Create and CreateLines may also return an [*UncertainError], Wait a
// [*WaitError], and Results an [*IncompleteError]; a damaged line of the results has a [*LineError].
//
// Options, custom IDs and the size of a batch are checked before anything is sent. The parameters of the requests are
// not, and the service does not check them when it accepts a batch: a mistake in them comes back as the result of the
// request, up to a day later. [WithPreflight] has them checked first.
//
// The texts of errors are for people and may change in any version. Each is one line that is fit for logs and terminals:
// invisible characters of what the service or a file holds are escaped, and long texts are cut off. A joined error, such as
// that of New, has a line for each. Fields hold what was sent: print them with %q.
//
// # Creates
//
// Two creates are two batches, and both are billed. So Create and CreateLines send a batch again only if the service
// cannot have accepted it. The first row that fits an attempt decides:
//
//   - the response is a batch: accepted
//   - a redirect: refused
//   - 429 rate_limit_error with retry-after: not accepted, and retried for minutes
//   - 503 api_error or 529 overloaded_error: not accepted, and retried for minutes
//   - the body was not sent whole: not accepted, and retried
//   - the body was not sent whole, and the response will not change: refused
//   - no response: HTTP/2 says that the request was not processed: refused
//   - no other response: unknown
//   - timeout_error, api_error or conflict_error with 4xx; 408 or 409: unknown
//   - 413, from anybody: refused
//   - 503 api_error or 529 overloaded_error with x-should-retry: false: refused
//   - any other 4xx error of the API: refused
//   - 401, 402, 403, 404, 405, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431 or 451, from anybody: refused
//   - anything else: unknown
//
// Refused means that there is no batch and the call fails. Unknown is an [*UncertainError], also if the context ended:
// [Client.Candidates] lists the batches that may be the lost one. [WithRetry] with one attempt sends one body at most.
//
// A response is a batch if it has an ID and the type message_batch, or no type but a status or counts. Whatever else is
// wrong with it, it is returned.
//
// # Retries
//
// Get, List, Cancel, Delete and the opening of Results do no harm when they are made twice. They are retried after lost
// connections, time-outs, 408, 409, 429 and 5xx, and after a 200 whose body is cut off, is not the API's, or is about
// another batch. They are not retried after other responses, which would be the same again, nor after a spend limit. An
// x-should-retry header decides if the response has one. A 404 for a batch that this client has seen in the last 5 minutes
// is retried too: it has been seen to pass.
//
// A call is made up to [Retry.MaxAttempts] times, 5 by default. A create that the service refuses for the moment, because it
// is overloaded or limits the rate, is retried for 10 minutes by default; [Retry.MaxElapsed] sets that time for all calls.
//
// The waits grow and are random; a retry-after is honored up to [Retry.MaxRetryAfter]. A call that would have to wait
// longer, or beyond MaxElapsed or its context's deadline, fails at once with the response it got.
//
// No call is retried, and Wait ends, if the server's certificate is not trusted, if the server speaks TLS and the base URL
// says http or the reverse, or if a proxy refuses the connection with 403 or 407: the service has seen nothing then.
//
// Wait keeps polling through all failures that may pass, whatever x-should-retry says. Results requests a stream again
// that was cut off or lacks results, and skips what it has yielded; only the counts of the batch make it complete.
//
// An attempt fails with [ErrTimeout] if the whole response has not arrived within a minute; for a create, within ten
// minutes after the last byte was sent; for a stream of results, if a read takes two minutes.
//
// # Beta headers
//
// [WithBetas] turns on betas, for all calls or for one; those of both are sent, each once. A single request of a batch has
// no betas of its own: those of Create hold for all of them. Any well-formed name is sent. The service refuses betas that it
// does not know, and accepts parameters of a beta only with the beta.
//
// # Credentials
//
// New takes the credential from the first of these places that has one; the official SDKs use the same order:
//
//  1. an option: [WithAPIKey], [WithAuthToken], [WithTokenSource], [WithProfile] or [WithFederation]
//  2. ANTHROPIC_API_KEY
//  3. ANTHROPIC_AUTH_TOKEN
//  4. the profile that ANTHROPIC_PROFILE names
//  5. a workload identity: ANTHROPIC_FEDERATION_RULE_ID, ANTHROPIC_ORGANIZATION_ID and ANTHROPIC_IDENTITY_TOKEN_FILE or
//     ANTHROPIC_IDENTITY_TOKEN, and if needed ANTHROPIC_SERVICE_ACCOUNT_ID and ANTHROPIC_WORKSPACE_ID
//  6. the active profile: the one that the file active_config names, or else "default"
//
// An empty variable counts as not set. Profiles are in the directory that ANTHROPIC_CONFIG_DIR names, or else in anthropic
// in the user's directory of configuration. What a profile leaves out, the variables of a workload identity fill in. The
// base URL is that of an option, of ANTHROPIC_BASE_URL or of the profile, in this order; tokens are obtained from
// /v1/oauth/token of the profile's base URL, or else of the client's.
//
// The access tokens of profiles and workload identities live for minutes. They are replaced two minutes before they expire,
// while calls go on with the old one; a create starts with a token that has half of its life left, up to ten minutes. One
// refresh serves all calls of a client. After a 401 of the API a call is retried once with a new token. So Wait may take a
// day, and a program may run for months. If a token cannot be refreshed, calls are retried as after a lost connection,
// and Wait goes on; if the token endpoint refuses the identity, they fail at once with [ErrAuthentication].
//
// # Platforms
//
// Claude Platform on AWS serves this API. Its base URL is https://aws-external-anthropic.REGION.api.aws, each call needs a
// workspace ([WithWorkspace]), and its API keys go to [WithAuthToken]. The module
// github.com/seed-111a911e/messagebatches/aws signs calls with credentials of AWS instead; [WithSigner] is for other
// signatures.
//
// Amazon Bedrock, Google Cloud's Vertex AI and Microsoft Foundry have no Message Batches. New refuses their base URLs and
// says what they have instead.
//
// # Network
//
// Calls go through http.DefaultTransport, unless [WithHTTPClient] gives another one. So HTTPS_PROXY and NO_PROXY name a
// proxy and the hosts that need none, and on systems other than Windows and macOS SSL_CERT_FILE and SSL_CERT_DIR say where the
// certificate authorities to trust are. [WithHeader] and ANTHROPIC_CUSTOM_HEADERS add the headers that a gateway
// wants; they go to the token endpoint too, if it is behind the same base URL.
//
// # Secrets
//
// Credentials are sent to the origin of the base URL only: redirects to other origins are not followed, and a batch's
// results_url is not used. Identity tokens and refresh tokens are sent to the token endpoint only. Errors, logs and printed clients do not contain a credential; if a response, or an error of
// net/http about it, shows a credential or the value of an added header that it was sent, the error leaves it out. Values of
// less than 8 characters are left in. Results are not searched.
//
// # Tracing, metrics and logs
//
// [WithHooks] reports each call, HTTP request, retry, poll, stream and result, and [WithLogger] writes the same to a log. The
// module github.com/seed-111a911e/messagebatches/otel makes spans and metrics of OpenTelemetry from them.
//
// # Proven against the fake
//
// What is said here about the service comes from its documentation, its official SDKs and public reports. What the client
// does then is proven against the fake of package client/batchtest, and has not been tried against the service yet. "make
// live" in the repository does that, with a key, and names each difference.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Iterators and what they yield belong to one goroutine.
//
// # Versions
//
// Every call sends anthropic-version, by default 2023-06-01, which accepts every parameter of the contract. [WithVersion]
// chooses another. Under 2026-10-21 the service refuses temperature, top_p and top_k whatever their values, documents
// directly in assistant messages, and citations in text of the user; each request of a batch is judged by the version that
// the batch was created with. Package preflight checks for the version of the call.
//
// Within a version the service adds properties, results, content blocks, stop reasons and errors at any time. They are
// kept: as *[Unknown], as strings without a constant, or in Raw. So a switch over types or values needs a default.
//
// [Version] is that of this module, and versions are semantic. Before 1.0 a minor version may break programs, and
// CHANGELOG.md says how.
package client
