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
// The checks are those that the contract knows. Within one value: its schemas, to the exact place also inside unions.
// Between values: cache breakpoints, tool calls and their results, the roles and places of messages, names that refer to
// others, limits of the whole request, JSON Schemas of tools and output formats. For the call: the rules of a batch (ids,
// number, size, parameters that a batch refuses), parameters that a version of the API refuses, betas that a parameter
// or a tool needs. For the model: what it refuses, as of a day that the message names; a model that the contract does not
// list is judged by no such fact.
//
// What the contract leaves open stays open: an unknown model, beta, version or property is a warning, unless the
// property's name is close to a known one; and so is a value of an unknown type anywhere in a message of the assistant,
// because the service accepts what it has sent. Where sources are few or disagree, a rule is a warning. The rules are data
// of the contract: the head of openapi.yaml explains the extensions that hold them, and RULES.md lists them with their
// sources.
//
// Of names that other APIs have, such as stop, the issue says what takes their place here. A file that is not one request a
// line has one issue that names what it is. Issues are bounded: the first of each rule are listed, the others counted.
//
// [CheckLines] takes a file of JSON lines, [Check] values, [CheckParams] the parameters of one request. A client checks
// what it creates with
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
