// Command messagebatches helps with batches of the Message Batches API, offline.
//
//	messagebatches validate requests.jsonl   checks requests against the contract before they are sent
//	messagebatches serve                     runs a fake of the service
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: messagebatches COMMAND [flags]

Commands:
  validate   check files of requests, one {"custom_id", "params"} a line
  serve      run a fake of the service, for clients in any language

messagebatches COMMAND -h tells more.
`

// Exit statuses.
const (
	exitOK     = 0
	exitIssues = 1 // something is wrong with the input
	exitFailed = 2 // the command could not do its work
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	color    bool // out is a terminal
}

func main() {
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, color: isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == ""}
	os.Exit(run(s, os.Args[1:]))
}

func run(s streams, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(s.err, usage)
		return exitFailed
	}
	switch args[0] {
	case "validate":
		return validate(s, args[1:])
	case "serve":
		return serve(context.Background(), s, args[1:])
	case "help", "-h", "-help", "--help":
		fmt.Fprint(s.out, usage)
		return exitOK
	}
	fmt.Fprintf(s.err, "messagebatches: there is no command %q\n\n%s", args[0], usage)
	return exitFailed
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
