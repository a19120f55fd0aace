// Package jobs sends any number of requests in batches and returns a result for each of them. A job is stored in a
// directory. It survives crashes and continues when it is run again.
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/jobs"
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
//		job, err := jobs.Open(ctx, "tickets.job", jobs.Options{})
//		if err != nil {
//			return err
//		}
//		defer job.Close()
//		report, err := job.Run(ctx, c, jobs.Lines("requests.jsonl")) // the same call continues an interrupted job
//		if err != nil {
//			return err
//		}
//		fmt.Println(report.Answered, "of", report.Requests, "answered")
//		for item, err := range job.Results(ctx) {
//			if err != nil {
//				return err
//			}
//			fmt.Println(item.CustomID, item.Text())
//		}
//		return nil
//	}
//
// # Guarantees
//
// If a process or a machine dies at any moment, the service still accepts each request at most once per round, the output
// still has exactly one result for each request of the input, and no paid result is lost while the service keeps it: 29 days
// from the creation of its batch.
//
// This assumes that the service accepts or refuses a batch within 30 minutes after its last bytes were sent, that the list of
// batches shows it within 10 more minutes, and that the disk keeps synced data. It was tested against the fake service of
// package batchtest, not against the real one.
//
// There are four exceptions, which the report counts: a process is suspended for longer than its lease after it has released
// the end of a batch and before it has sent the last byte, and then continues on a connection that is still open; the
// service reports that it refused a batch but accepted it; [TakeOver] is called for two copies of a directory; or
// [Options.OnDoubt] is [Resend].
//
// # How it works
//
// The input is divided into batches once. Each request is sent under a custom ID that names the job, the batch, the round
// and the attempt, so that every line of results proves where it belongs; the output has the custom IDs of the input. An
// attempt is stored before anything is sent. Its last 64 KB are sent only after a second write to the store. If the program
// dies before that write, there is no batch. If it dies after it and before the response was stored, the batch may exist.
// The job then looks for it in the list of batches, among those newer than the list showed before the attempt, and its
// results prove that it is the one. The requests are resent only when two lists, 40 and 50 minutes later, show no batch that
// could be it.
//
// Results are stored in files, in the order of the input. [Options.FollowUp] decides which requests that expired or failed
// are resent, in a further round. At the end, the final results are merged into the output.
//
// # Money
//
// Package price estimates the cost of a batch before it is sent; the actual cost is read from its results. [Options.Budget]
// limits the sum. Batches may cost more than estimated, unless [Options.StrictBudget] reserves the worst case. [Costs]
// reports what was paid by day and model, the estimates, and the use of the prompt cache. If many requests share a prefix
// that the cache keeps for an hour, one of them is sent first: see [Options.WithoutPriming].
//
// # Unacceptable answers
//
// [Options.Accept] decides which answers are acceptable: [AcceptSchema] checks them against the schemas of their requests.
// The requests of the others are resent in a further round, at their usual price; [Options.Again] may change a request
// first, as [MoreTokens] does. The best result of all rounds is the final one. Results that were given up stay as they are
// until [Job.Retry] resends their requests.
//
// # Other programs
//
// [Inspect], [Batches], [Events], [Follow] and [List] read the directory of a job, whether or not a program is running it.
// [Pause] and [Cancel] command the program that is running it.
//
// # Errors
//
// No function returns both a value and an error, and the error of an iterator is the last thing it yields. Temporary
// failures are retried until the context ends, also a refused connection, as after a mistake in the base URL:
// [Options.OnEvent] reports such outages. Errors of single requests are in their results.
//
// # Data at rest
//
// [Open] creates the directory with mode 0700 and its files with mode 0600. Prompts are in the input; results are in the
// files under parts and in the output. The database, job.db, holds neither, and no credentials. [Job.Prune] deletes the
// files that only merging needs; [Options.DeleteAfterVerify] deletes the batches on the server.
//
// # Concurrency
//
// A [Job] is safe for concurrent use, except that only one [Job.Run] may be active at a time. Only one program can have a
// directory open.
package jobs
