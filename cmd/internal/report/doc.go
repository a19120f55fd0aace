// Package report makes a report about jobs: what they have come to, what failed and why, what they cost, and when. It is
// data that can be written as JSON, and a page of HTML that asks for nothing when it is opened and runs no script.
package report
