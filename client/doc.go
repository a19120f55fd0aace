// Package client sends batches of Messages requests to the Message Batches API and returns every result: nothing is lost,
// nothing is paid for twice, and no credential is sent where it does not belong.
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
// for the ones that most programs use, so that they need no other import. [Client.CreateLines] sends requests that are
// already JSON Lines, and [Client.Raw] is the generated client with the same authentication.
//
// Four packages build on this one: client/bulk splits many requests and matches their results, client/messages makes
// requests and continues conversations, client/preflight checks requests before they are sent, and client/batchtest is a
// fake of the service for tests.
//
// # Errors
//
// A call returns a value or an error, never both. The error of an iterator is the last thing it yields. A fault in one
// batch or one line is data on it: see Malformed of [Batch] and [Item]. So a program that returns on the first error, as Go
// programs do, loses neither a batch that it pays for nor a result.
//
// Every response that is not a success is returned as an [*APIError], even if its body is not JSON. errors.As finds the
// contract's type of the error in it, such as a *[RateLimitError], and errors.Is its kind, such as [ErrRateLimited]. The
// error of an item is an [*ItemError], which wraps an APIError if the request errored. Create and CreateLines may also
// return an [*UncertainError], Wait a [*WaitError], and Results an [*IncompleteError]; the error of a damaged result line
// is a [*LineError].
//
// Options, custom IDs and the size of a batch are checked before anything is sent. The parameters of the requests are
// not, and the service does not check them when it accepts a batch: a mistake in them comes back as the result of the
// request, up to a day later. [WithPreflight] checks them first.
//
// Error texts are for people and may change in any version. Each is one line that is safe for logs and terminals: invisible
// characters from the service or a file are escaped, and long texts are truncated. A joined error, such as that of New, has
// one line for each error. Fields are not escaped: print them with %q.
//
// # Creates
//
// Two creates make two batches, and both are billed. So Create and CreateLines resend a batch only if the service cannot
// have accepted it. The first row that matches an attempt decides:
//
//   - the response is a batch: accepted
//   - a redirect: refused
//   - 429 rate_limit_error with retry-after: not accepted, and retried for minutes
//   - 503 api_error or 529 overloaded_error: not accepted, and retried for minutes
//   - the body was not sent whole: not accepted, and retried
//   - the body was not sent whole, and the response will not change: refused
//   - no response: HTTP/2 says that the request was not processed: refused
//   - any other attempt without a response: unknown
//   - timeout_error, api_error or conflict_error with 4xx; 408 or 409: unknown
//   - 413, from any sender: refused
//   - 503 api_error or 529 overloaded_error with x-should-retry: false: refused
//   - any other 4xx error of the API: refused
//   - 401, 402, 403, 404, 405, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431 or 451, from any sender: refused
//   - anything else: unknown
//
// Refused means that there is no batch, and the call fails. Unknown means that the call fails with an [*UncertainError],
// also if the context ended: [Client.Candidates] lists the batches that may be the lost one. [WithRetry] with one attempt
// sends at most one body.
//
// A response is a batch if it has an ID and either the type message_batch or, without a type, a status or counts. It is
// returned even if other parts of it are malformed.
//
// # Retries
//
// Get, List, Cancel, Delete and the request that opens the stream of Results are idempotent. They are retried after lost
// connections, time-outs, 408, 409, 429 and 5xx, and after a 200 whose body is truncated, does not come from the API, or
// describes another batch. They are not retried after other responses, which would not change, or after a spend limit. If
// the response has an x-should-retry header, that decides. A 404 for a batch that this client has seen in the last 5
// minutes is retried too, because such a 404 has been observed to be temporary.
//
// A call is made up to [Retry.MaxAttempts] times, 5 by default. A create that the service refuses temporarily, because it
// is overloaded or limits the rate, is retried for 10 minutes by default; [Retry.MaxElapsed] sets that time for all calls.
//
// The waits grow and are randomized; a retry-after is honored up to [Retry.MaxRetryAfter]. A call that would have to wait
// longer, or beyond MaxElapsed or its context's deadline, fails at once with the response it got.
//
// No call is retried, and Wait ends, if the server's certificate is not trusted, if the server speaks TLS and the base URL
// says http or the reverse, or if a proxy refuses the connection with 403 or 407: in these cases the service has received
// nothing.
//
// Wait keeps polling through all temporary failures, whatever x-should-retry says. Results requests the stream again if it
// was truncated or lacks results, and skips results that it has already yielded; the results are complete only when the
// counts of the batch are reached.
//
// An attempt fails with [ErrTimeout] if the whole response has not arrived within a minute; for a create, within ten
// minutes after the last byte was sent; for a stream of results, if a read takes two minutes.
//
// # Beta headers
//
// [WithBetas] turns on betas, for all calls of a client or for one call; both lists are sent, each beta once. The requests
// of a batch have no betas of their own: those of Create apply to all of them. Any well-formed name is sent. The service
// refuses betas that it does not know, and accepts the parameters of a beta only with that beta.
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
// An empty variable counts as not set. Profiles are in the directory that ANTHROPIC_CONFIG_DIR names, or else in the
// directory anthropic of the user's configuration directory. Fields that a profile omits are filled in from the variables
// of a workload identity. The base URL comes from an option, from ANTHROPIC_BASE_URL or from the profile, in this order;
// tokens are obtained from /v1/oauth/token below the profile's base URL, or else below the client's.
//
// The access tokens of profiles and workload identities are valid for minutes. They are replaced two minutes before they
// expire, while calls continue with the old token; a create starts with a token that has half of its lifetime left, or ten
// minutes if that is less. One refresh serves all calls of a client. After a 401 from the API, a call is retried once with
// a new token. So Wait may take a day, and a program may run for months. If a token cannot be refreshed, calls are retried
// as after a lost connection, and Wait continues; if the token endpoint refuses the identity, they fail at once with
// [ErrAuthentication].
//
// # Platforms
//
// Claude Platform on AWS serves this API. Its base URL is https://aws-external-anthropic.REGION.api.aws, each call needs a
// workspace ([WithWorkspace]), and its API keys go to [WithAuthToken]. The module
// github.com/seed-111a911e/messagebatches/aws signs calls with AWS credentials instead; [WithSigner] is for other
// signatures.
//
// Amazon Bedrock, Google Cloud's Vertex AI and Microsoft Foundry do not have the Message Batches API. New refuses their
// base URLs and names the alternative.
//
// # Network
//
// Calls go through http.DefaultTransport, unless [WithHTTPClient] sets another one. So HTTPS_PROXY names a proxy and
// NO_PROXY the hosts that do not use it. Except on Windows and macOS, SSL_CERT_FILE and SSL_CERT_DIR name the certificate
// authorities to trust. [WithHeader] and ANTHROPIC_CUSTOM_HEADERS add the headers that a gateway needs; they are sent to
// the token endpoint too, if it has the origin of the base URL.
//
// # Secrets
//
// Credentials are sent to the origin of the base URL only: redirects to other origins are not followed, and a batch's
// results_url is not used. Identity tokens and refresh tokens are sent to the token endpoint only. Errors, logs and printed
// clients do not contain credentials: if a response or an error of net/http repeats a credential or the value of an added
// header, it is redacted, unless it is shorter than 8 characters. Results are not searched.
//
// # Tracing, metrics and logs
//
// [WithHooks] reports each call, HTTP request, retry, poll, stream and result, and [WithLogger] writes the same to a log. The
// module github.com/seed-111a911e/messagebatches/otel turns them into OpenTelemetry spans and metrics.
//
// # Proven against the fake
//
// What this documentation says about the service comes from the service's documentation, its official SDKs and public
// reports. The client's behavior is proven against the fake in package client/batchtest, and has not been tried against the
// service yet. With a key, "make live" in the repository does that and lists each difference.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. An iterator and the values it yields must be used by one goroutine at a time.
//
// # Versions
//
// Every call sends anthropic-version, by default 2023-06-01, which accepts every parameter of the contract. [WithVersion]
// chooses another. Under 2026-10-21 the service refuses temperature, top_p and top_k with any value, documents directly in
// assistant messages, and citations in user text; the version that a batch was created with applies to each of its
// requests. Package preflight checks against the version of the call.
//
// Within a version the service may add properties, results, content blocks, stop reasons and errors at any time. They are
// kept: as *[Unknown], as strings without a constant, or in Raw. So a switch over types or values needs a default.
//
// [Version] is the version of this module, which follows semantic versioning. Before 1.0 a minor version may break
// programs; CHANGELOG.md lists the changes.
package client
