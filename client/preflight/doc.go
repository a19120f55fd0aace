// Package preflight checks requests before they are sent. The service checks the parameters of a batch's requests only
// when they run, so that a mistake costs up to a day; here it takes seconds, and no network.
//
//	package main
//
//	import (
//		"fmt"
//		"log"
//		"os"
//
//		"github.com/seed-111a911e/messagebatches/client/preflight"
//	)
//
//	func main() {
//		report, err := preflight.CheckLines(os.Stdin, preflight.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		for _, issue := range report.Issues {
//			fmt.Printf("line %d: %s: %s\n", issue.Line, issue.Severity, issue)
//		}
//		if report.Err() != nil {
//			os.Exit(1)
//		}
//	}
//
// The checks are those that the contract knows: its schemas, to the exact place also inside unions; the rules of a
// batch (ids, number, size, parameters that a batch refuses); parameters that a version of the API refuses; betas that
// a parameter or a tool needs. What the contract leaves open stays open: an unknown model, beta, version or property is
// a warning, unless the property's name is close to a known one; and so is a block of an unknown type in a message of
// the assistant, for the service takes back what it has sent.
//
// [CheckLines] takes a file of JSON lines, [Check] values, [CheckParams] the parameters of one request. A client checks
// what it creates with
//
//	c, err := client.New(client.WithPreflight(func(_ context.Context, requests []client.Request, info client.CallInfo) error {
//		return preflight.Check(requests, preflight.Options{Version: info.Version, Betas: info.Betas}).Err()
//	}))
//	if err != nil {
//		return err
//	}
//	batch, err := c.Create(ctx, client.BatchParams{Requests: requests}) // err may be a *preflight.IssuesError
//	fmt.Println(batch, err)
//
// # Errors
//
// What is wrong is a list of values, each an [Issue] with its line, custom id, pointer and [Rule]. [Report.Err] makes
// an error of those that the service would refuse. Messages say what is wrong and what is allowed. They never hold
// texts of the requests, only the character at which a line stops being JSON; pointers hold property names.
//
// # Beta headers
//
// Betas are those that the create call will have: [Options] name them. A parameter that needs one of them without it is
// a warning, because the service may have made it general meanwhile.
//
// # Concurrency
//
// All functions may be called at the same time, and use all processors themselves.
//
// # Versions
//
// The version of the API is that in [Options], by default 2023-06-01 as in package client. Rules and texts of messages
// follow the contract: a later version of this module may find more.
package preflight
