// Package jobs sends any number of requests in batches and returns every result, whatever happens meanwhile: a job lives
// in a directory, survives crashes, and continues when it is run again.
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
//		report, err := job.Run(ctx, c, jobs.Lines("requests.jsonl")) // the same call continues a job
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
// # What is promised
//
// Whatever process or machine dies at whatever moment: the service accepts each request at most once a round, each request
// of the input has exactly one result in the output, and nothing that was paid for is lost while the service keeps it, 29
// days from the creation of a batch.
//
// That assumes that the service decides about a batch within 30 minutes after its last bytes were sent, that a list shows a
// batch within 10 minutes after that, and that the disk keeps what was synced. It has been proved with the fake service of
// package batchtest, and not with the real one.
//
// The exceptions are counted in the report: a process that is stopped for longer than its lease between the moment in
// which it lets the end of a batch go and the last byte, and continues on a connection that still lives; a service that
// says that it refused a batch and did not; two copies of a directory that are both told to take over; and
// [Options.OnDoubt] with [Resend].
//
// # How it works
//
// The input is divided into batches once. The custom ID of each request at the service names the job, the batch, the round
// and the attempt, so that any line of results proves whose it is; the output has the custom IDs of the input. Before
// anything is sent, the attempt is stored. Before its last 64 KB are sent, the store lets them go. If the program dies
// before that, there is no batch. If it dies after that and before the response was stored, the batch may exist: it is
// looked for in the list, above what the list showed before the attempt, and its results prove it. The requests are sent
// again only when two lists, 40 and 50 minutes later, show no batch that could be it.
//
// Results are stored in files, in the order of the input. Requests that expired or failed in a way that may pass are sent
// again, in a further round, by [Options.FollowUp]. In the end the final results are merged into the output.
//
// # Money
//
// What a batch costs is reckoned before it is sent, by package price, and read from its results. [Options.Budget] bounds
// the sum. What it does not bound is said there: batches may cost more than they were reckoned at, unless
// [Options.StrictBudget] reckons with the worst. [Costs] has what was paid by day and model, beside what was estimated, and
// what the prompt cache did. If many requests share a prefix that the cache keeps for an hour, one of them is sent first,
// see [Options.WithoutPriming].
//
// # Answers that are no good
//
// [Options.Accept] says which answers are good: [AcceptSchema] checks them against the schemas of their requests. The
// others are asked for again in a further round, which is paid for; [Options.Again] may change the request, such as by
// [MoreTokens]. The best result so far is the final one. Results that were given up stay what they are until [Job.Retry]
// has their requests sent again.
//
// # Looking from elsewhere
//
// [Inspect], [Batches], [Events], [Follow] and [List] read the directory of a job, whether a program is running it or not.
// [Pause] and [Cancel] command the program that does.
//
// # Errors
//
// A value and an error never come together, and the error of an iterator is the last thing that it yields. What fails for
// a while is tried again, for as long as the context lasts. What is wrong with single requests is in their results.
//
// # Data at rest
//
// The directory has mode 0700 and its files 0600. Prompts are in the input, responses in the files under parts and in the
// output. The database, job.db, holds neither, and no credential. [Job.Prune] deletes what only merging needs, and
// [Options.DeleteAfterVerify] the batches at the service.
//
// # Concurrency
//
// A [Job] is safe for concurrent use, but one [Job.Run] at a time. Only one program can have a directory open.
package jobs
