// Package client sends batches of Messages requests to the Message Batches API and gets every result back: nothing
// lost, nothing paid twice, no key where it does not belong.
//
//	c, err := client.New() // ANTHROPIC_API_KEY
//	if err != nil {
//		return err
//	}
//	batch, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{{
//		CustomID: "greeting-1",
//		Params: client.Params{
//			Model:     gen.ModelClaudeOpus5,
//			MaxTokens: 1024,
//			Messages:  []client.InputMessage{client.UserText("Hello, world")},
//		},
//	}}})
//	if err != nil {
//		return err
//	}
//	if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
//		return err
//	}
//	for item, err := range c.Results(ctx, batch.ID) {
//		if err != nil {
//			log.Print(err) // a line that is odd; or the end, with results missing
//		}
//		switch {
//		case item == nil:
//		case item.Err() != nil: // errored, expired or canceled
//			log.Print(item.Err())
//		default:
//			fmt.Println(item.CustomID, item.Text())
//		}
//	}
//
// The types of requests and answers are those of package gen; this package has short names for the ones that
// callers hold.
//
// # Errors
//
// An answer that is not the contract's success is an [*APIError], whatever its body. errors.As finds the contract's
// variant in it, such as a *gen.BetaRateLimitError, and errors.Is its kind, such as [ErrRateLimited]; the error of an
// item is taken apart the same way. Create has an error of its own, [*UncertainError], and so have Wait,
// [*WaitError], and Results, [*LineError] and [*IncompleteError]. What is wrong with the input is found before
// anything is sent.
//
// # Retries
//
// Get, List, Cancel, Delete and the opening of Results do no harm when they are made twice. They are repeated after lost
// connections, time-outs, 408, 409, 429 and 5xx, and after a 200 whose body is cut or not the API's; not after other
// answers, which would be the same again, nor after a spend limit, which no waiting lifts; and as x-should-retry says if
// the answer has it. The waits grow and are random; retry-after is honoured up to [Retry.MaxRetryAfter]. A call that
// would have to wait longer, or beyond its context's deadline, fails at once with the answer it got.
//
// Create is repeated only if the service cannot have taken the batch: its body was not sent to the end, or the API
// itself answered 429 with retry-after, 503 or 529. After other failures of a body that was sent whole (a lost
// connection, a time-out, the end of the context, other 5xx, 408, 409, an answer that is not the API's) nobody knows,
// and a second batch would be billed like the first: that is an [*UncertainError], whose Candidates are the batches that
// may be it. No redirect is followed, and net/http is given no means to send the body again by itself.
//
// Wait goes on polling through all failures that may pass, whatever x-should-retry says: they say nothing about the
// batch. Results asks again for a stream that was cut, and passes over what it has given; only what the batch's counts
// promise makes it complete.
//
// An attempt fails, as [ErrTimeout], if the whole answer has not come within a minute; for Create within ten minutes after
// the last byte was sent; for a stream of results if a read takes two minutes.
//
// # Beta headers
//
// [WithBetas] switches betas on, for all calls or for one. There are no betas for single requests of a batch: those of
// Create hold for all of them.
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
package client
