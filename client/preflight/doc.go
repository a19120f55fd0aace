// Package preflight checks requests before they are sent. The service checks the parameters of a request only when the
// request runs, so that a mistake costs up to a day. This package finds it in seconds, without a network.
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
// All checks come from the contract. For single values: the schemas, with the exact place of an error, also inside
// unions. Between values: cache breakpoints, tool calls and their results, the roles and order of messages, references
// by name, limits of the whole request, JSON Schemas of tools and output formats. For the call: the rules of a batch
// (ids, number, size, parameters that a batch refuses), parameters that a version of the API refuses, and betas that a
// parameter or a tool needs. For the model: what it refuses, as of a date in the message. There are no such checks for
// models that the contract does not list.
//
// An unknown model, beta, version or property is a warning, because it may be newer than the contract. An unknown
// property is an error if its name is close to a known one. A value of an unknown type anywhere in an assistant message
// is also a warning, because the service accepts blocks that it has sent. Where sources are few or disagree, a rule is
// a warning. The rules are data in the contract: the head of openapi.yaml explains the extensions that hold them, and
// RULES.md lists them with their sources.
//
// For a name from another API, such as stop, the issue names the equivalent here. A file that does not have one request
// per line has a single issue, which names its format. The number of issues is bounded: the first of each rule are
// listed, the others counted.
//
// [CheckLines] checks a JSON Lines file, [Check] checks Go values, and [CheckParams] the parameters of one request. A
// client checks the batches that it creates with
//
//	c, err := client.New(client.WithPreflight(preflight.Checker{}))
//	if err != nil {
//		return err
//	}
//	batch, err := c.Create(ctx, requests) // err may be a *preflight.IssuesError
//	fmt.Println(batch, err)
//
// # Errors
//
// A report lists each fault as an [Issue] with its line, custom id, pointer and [Rule]. [Report.Err] returns an error
// with those that the service would refuse. Messages name the fault and what is allowed. They never contain text from
// the requests, except the character at which a line stops being JSON; pointers contain property names.
//
// # Beta headers
//
// [Options] name the betas of the create call. A parameter whose beta is missing is a warning, because it may be
// generally available by now.
//
// # Concurrency
//
// All functions are safe for concurrent use, and use all processors themselves.
//
// # Versions
//
// [Options] name the version of the API, by default 2023-06-01 as in package client. Rules and messages follow the
// contract: a later version of this module may report more.
package preflight
