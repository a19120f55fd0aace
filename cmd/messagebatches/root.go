package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// An app is one run of the program: its streams, and the flags that all commands have.
type app struct {
	cli.Streams
	json bool // write JSON to standard output
}

const rootLong = `Sends requests to the Message Batches API in as many batches as needed, and returns every result.

The credential is read from the environment, such as ANTHROPIC_API_KEY, or from a file, and never
from the command line.

Standard output holds only data; progress, questions, warnings and errors go to standard error. With
--json each command writes one JSON document or JSON Lines. NO_COLOR turns colors off; TERM=dumb
also turns off progress lines that are redrawn.

Exit status of all commands:
  0  success
  1  finished, but there are errors in the requests or the results
  2  failed: a usage error, a file that cannot be read, or an error of the service
  3  interrupted: run the same command again to continue
  4  action needed, such as a higher budget or a new key: then run the same command again`

// Groups of commands in the help.
const (
	groupNight = "night"
	groupFiles = "files"
	groupOther = "other"
)

// newRoot returns the root command. Each command is built in the file of its name.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:               "messagebatches",
		Short:             "Send requests in batches and get every result",
		Long:              rootLong,
		Args:              noSuchCommand,
		RunE:              needsCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(wrongFlag)
	root.Version = readVersion(debug.ReadBuildInfo()).String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	root.PersistentFlags().BoolVar(&a.json, "json", false, "write JSON to standard output: one document, or one per line")
	root.AddGroup(
		&cobra.Group{ID: groupNight, Title: "Send requests and get their results:"},
		&cobra.Group{ID: groupFiles, Title: "Before and after:"},
		&cobra.Group{ID: groupOther, Title: "More:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupNight, newRun(a), newStatus(a), newCancel(a), newVerify(a), newReport(a), newJob(a), newWorker(a))
	add(groupFiles, newConvert(a), newEstimate(a), newValidate(a), newView(a))
	add(groupOther, newBatch(a), newDoctor(a), newServe(a), newContract(a), newVersion(a), newMan(a))
	return root
}

// run executes the command line args and returns the exit status.
func run(ctx context.Context, s cli.Streams, args []string) int {
	out := &checkedWriter{w: s.Out}
	s.Out = out
	a := &app{Streams: s}
	root := newRoot(a)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	inPlainWords(root)
	root.SetArgs(args)
	c, err := wrongDash(root, args)
	if err == nil {
		c, err = root.ExecuteContextC(ctx)
	}
	if lost := out.failed(); lost != nil && isSilent(err) {
		err = fmt.Errorf("standard output: %w", lost)
	}
	if err != nil {
		complain(s, c, err)
	}
	return cli.Status(err)
}

// complain prints an error, with the name of the command before each of its lines.
func complain(s cli.Streams, c *cobra.Command, err error) {
	if isSilent(err) {
		return
	}
	var lines []string
	for line := range strings.Lines(message(err)) {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
			fmt.Fprintf(s.Err, "%s: %s\n", c.CommandPath(), cli.Visible(line))
		}
	}
	if text := advice(err); text != "" {
		fmt.Fprintln(s.Err, text)
	}
	var exit *cli.ExitError
	if errors.As(err, &exit) && exit.Usage {
		fmt.Fprintf(s.Err, "Run \"%s --help\" for its arguments, flags and examples.\n", c.CommandPath())
	}
}

// inPlainWords rewords the help of the commands that cobra adds.
func inPlainWords(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Short = "Write the completion script for a shell"
		case "help":
			c.Short = "Show help for a command"
		}
	}
}

// isSilent reports whether err is nil or only carries an exit status.
func isSilent(err error) bool {
	var exit *cli.ExitError
	return err == nil || errors.As(err, &exit) && exit.Err == nil
}

// A checkedWriter remembers the first write error, so that a command that loses data does not succeed.
type checkedWriter struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

// Write implements io.Writer.
func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = err
		}
	}
	return n, err
}

func (c *checkedWriter) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// needsCommand prints the help of a command that only groups others.
func needsCommand(c *cobra.Command, _ []string) error {
	c.SetOut(c.ErrOrStderr())
	_ = c.Help()
	return cli.Exit(cli.Failed)
}

// usageTemplate lists flags and commands in the help.
const usageTemplate = `Usage:{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND [flags]{{else}}
  {{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$commands := .Commands}}{{if .Groups}}{{range $group := .Groups}}

{{.Title}}{{range $commands}}{{if and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{else}}

Commands:{{range $commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of all commands:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

Run "{{.CommandPath}} COMMAND --help" to see the details of a command.{{end}}
`
