// Command live runs a fixed script against the Message Batches service and writes a record of what the service did, and
// of the differences from the contract and from the fake service. It needs a key in ANTHROPIC_API_KEY, spends less than
// a cent, and asks first.
//
//	make live
//	make live LIVE='-yes -skip-large'
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/conformance/live"
)

const usage = `Usage: live [flags]

Runs a fixed script against the service of ANTHROPIC_BASE_URL, by default the real one, with ANTHROPIC_API_KEY. It deletes
the batches that it creates, also after an interrupt; a second interrupt ends it at once.

Exit status: 0 without differences from the contract, 1 if there are some, a step failed or a batch was left behind, 2 if
nothing was run.

Flags:
`

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // the record says why
	exitNotRun = 2
)

// streams are the command's inputs and outputs.
type streams struct {
	in       io.Reader
	out      io.Writer
	terminal bool // in is one

	client []client.Option // in addition to those of the environment
}

func main() {
	info, err := os.Stdin.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	os.Exit(run(context.Background(), streams{in: os.Stdin, out: os.Stderr, terminal: terminal}, os.Args[1:]))
}

// run runs the command.
func run(ctx context.Context, s streams, args []string) int {
	flags := flag.NewFlagSet("live", flag.ContinueOnError)
	flags.SetOutput(s.out)
	flags.Usage = func() {
		fmt.Fprint(s.out, usage)
		flags.PrintDefaults()
	}
	yes := flags.Bool("yes", false, "do not ask before spending")
	skipLarge := flags.Bool("skip-large", false, "skip the uploads of 256 MB, up to three of them")
	patience := flags.Duration("wait", time.Hour, "longest `time` to wait for a batch to end")
	dir := flags.String("dir", "docs", "`directory` of the record, which is named live-DATE.md")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitNotRun
	}
	err := func() error {
		if flags.NArg() > 0 {
			return fmt.Errorf("unexpected argument %q", flags.Arg(0))
		}
		if *patience <= 0 {
			return errors.New("-wait must be positive")
		}
		c, err := client.New()
		if err != nil {
			return err
		}
		return ask(s, c.Raw().Server, *skipLarge, *yes)
	}()
	if err != nil {
		fmt.Fprintf(s.out, "live: %v\n", err)
		return exitNotRun
	}
	f, err := createRecord(*dir, time.Now().UTC().Format(time.DateOnly))
	if err != nil { // before anything is spent
		fmt.Fprintf(s.out, "live: %v\n", err)
		return exitNotRun
	}
	defer f.Close()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	finished := context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		fmt.Fprintln(s.out, "live: interrupted: deleting what was created; a second interrupt leaves it behind")
	})
	defer finished()
	record, err := live.Run(ctx, live.Options{Client: s.client, SkipLarge: *skipLarge, Patience: *patience, Progress: s.out})
	if err == nil {
		_, err = f.WriteString(record.Markdown())
	}
	if err != nil {
		fmt.Fprintf(s.out, "live: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(s.out, "the record is %s\n", f.Name())
	reasons := record.Failed()
	for _, reason := range reasons {
		fmt.Fprintf(s.out, "live: %s\n", reason)
	}
	if len(reasons) > 0 || ctx.Err() != nil {
		return exitFailed
	}
	return exitOK
}

// ask prints the cost of a run, and returns an error unless the user agrees.
func ask(s streams, base string, skipLarge, yes bool) error {
	cost, requests, day, err := live.Price()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "This sends %d small requests to %s, in up to four batches, and deletes them at the end.\nIt costs at most $%s at list prices of %s.\n", requests, base, cost, day)
	if !skipLarge {
		fmt.Fprintln(s.out, "It also uploads up to three bodies of 256 MB, which cost nothing; -skip-large skips them.")
	}
	if yes {
		return nil
	}
	if !s.terminal {
		return errors.New("standard input is not a terminal: use -yes to run without confirmation")
	}
	fmt.Fprint(s.out, "Continue? [y/N] ")
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return errors.New("nothing was sent")
	}
	return nil
}

// createRecord creates the file of the record. It never overwrites one: a second record on the same day gets a number.
func createRecord(dir, date string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		name := "live-" + date
		if n > 1 {
			name += fmt.Sprintf("-%d", n)
		}
		f, err := os.OpenFile(filepath.Join(dir, name+".md"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}
