package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// commands returns all commands, including hidden ones.
func commands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, child := range c.Commands() {
		all = append(all, commands(child)...)
	}
	return all
}

// TestHelp compares the help of each command with a file. MESSAGEBATCHES_UPDATE=1 writes the files.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, c := range commands(newRoot(new(app))) {
		path := strings.Fields(c.CommandPath())
		got, _, status := runCommand("", false, append(path[1:], "--help")...)
		if status != cli.OK {
			t.Errorf("%v: status %d", path, status)
		}
		name := filepath.Join("testdata", "help", strings.Join(path, "-")+".txt")
		if os.Getenv("MESSAGEBATCHES_UPDATE") != "" {
			if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s differs from the help; run the test with MESSAGEBATCHES_UPDATE=1\n%s", name, diff)
		}
	}
}

// TestHelpIsWhole checks that the help of each command has a text, examples and exit statuses, and fits a terminal.
func TestHelpIsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range commands(newRoot(new(app))) {
		if c.Short == "" || c.Long == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s has no text", c.CommandPath())
		}
		for line := range strings.Lines(c.Long) {
			if strings.HasSuffix(line, " \n") {
				t.Errorf("%s: a line that ends with a space: %s", c.CommandPath(), line)
			}
		}
		help, _, _ := runCommand("", false, append(strings.Fields(c.CommandPath())[1:], "--help")...)
		for line := range strings.Lines(help) {
			if n := len(strings.TrimSuffix(line, "\n")); n > 100 {
				t.Errorf("%s: a line of %d bytes: %s", c.CommandPath(), n, line)
			}
		}
		if c.HasSubCommands() {
			continue
		}
		if c.Example == "" || !c.Hidden && !strings.Contains(c.Long, "Exit status") {
			t.Errorf("%s has no example, or no exit status", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if text := strings.TrimSpace(line); text != "" && !strings.Contains(text, "messagebatches ") && !strings.HasPrefix(text, "export ") {
				t.Errorf("%s: an example is not a command: %s", c.CommandPath(), text)
			}
		}
	}
}

func TestNoCommand(t *testing.T) {
	t.Parallel()
	out, err, status := runCommand("", false)
	if status != cli.Failed || out != "" || !strings.Contains(err, "messagebatches COMMAND") {
		t.Errorf("status %d\n%s%s", status, out, err)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for shell, want := range map[string]string{"bash": "complete -o default", "zsh": "#compdef messagebatches", "fish": "complete -c messagebatches", "powershell": "Register-ArgumentCompleter"} {
		if out, err, status := runCommand("", false, "completion", shell); status != cli.OK || err != "" || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %s\n%.300s", shell, status, err, out)
		}
	}
	for args, want := range map[string]string{"va": "validate\t", "serve --faul": "--fault\t", "run --order ": "input\ndone\n"} {
		if out, _, status := runCommand("", false, append([]string{"__complete"}, strings.Split(args, " ")...)...); status != cli.OK || !strings.HasPrefix(out, want) {
			t.Errorf("%s: status %d, %s", args, status, out)
		}
	}
}

func TestMan(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man1")
	if _, err, status := runCommand("", false, "man", dir); status != cli.OK {
		t.Fatalf("status %d, %s", status, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "messagebatches-run.1"))
	if err != nil || !strings.Contains(string(text), "requests.jsonl") {
		t.Errorf("%v, %s", err, text)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	out, _, status := runCommand("", false, "version", "--json")
	var v version
	if err := json.Unmarshal([]byte(out), &v); err != nil || status != cli.OK || v.Version == "" || !strings.HasPrefix(v.Go, "go") {
		t.Errorf("status %d, %v, %s", status, err, out)
	}
	if out, _, _ = runCommand("", false, "--version"); !strings.HasPrefix(out, "messagebatches ") {
		t.Errorf("got %s", out)
	}
}

// A wrongCall is a command line whose error must say in one line what is wrong and what to do.
type wrongCall struct{ call, want string }

func wrongCalls() []wrongCall {
	return []wrongCall{
		{"chek a.jsonl", `messagebatches: there is no command "chek"`},
		{"valdate a.jsonl", `messagebatches: there is no command "valdate": did you mean "validate"?`},
		{"statsu a.jsonl", `messagebatches: there is no command "statsu": did you mean "status"?`},
		{"--jsn", `messagebatches: there is no flag --jsn: did you mean "--json"?`},
		{"run", "messagebatches run: no requests file is named: give one, such as requests.jsonl"},
		{"run a.jsonl b.jsonl", `messagebatches run: unexpected argument "b.jsonl": this command takes one requests file`},
		{"run a.jsonl --outptu x", `messagebatches run: there is no flag --outptu: did you mean "--output"?`},
		{"run a.jsonl -output x", "messagebatches run: there is no flag -output: did you mean \"--output\"?"},
		{"run a.jsonl -o", "messagebatches run: -o needs a value: -o FILE"},
		{"run a.jsonl -x", "messagebatches run: there is no flag -x"},
		{"run a.jsonl --limit many", `messagebatches run: --limit: "many" is not a whole number`},
		{"run a.jsonl --on-doubt maybe", `messagebatches run: --on-doubt must be wait, resend or ask, not "maybe"`},
		{"status", "messagebatches status: no requests file or job directory is named: give one, such as requests.jsonl or requests.job"},
		{"validate", "messagebatches validate: no requests file is named: give one or more, such as requests.jsonl, or - for standard input"},
		{"validate a.jsonl --max -1", "messagebatches validate: --max must be 1 or more, not -1"},
		{"validate a.jsonl --disable typo", `messagebatches validate: there is no rule "typo": the rules are file, json, type, `},
		{"serve 4010", `messagebatches serve: unexpected argument "4010": this command takes none`},
		{"serve --duration 5", `messagebatches serve: --duration: "5" is not a duration, such as 90s, 5m or 2h`},
		{"serve --fault lots=1%", `messagebatches serve: --fault: fault "lots=1%": there is no fault named "lots"`},
		{"job", `Manages jobs`},
		{"job lst", `messagebatches job: there is no command "lst": did you mean "ls"?`},
		{"job watsh a.job", `messagebatches job: there is no command "watsh": did you mean "watch"?`},
		{"job costs", "messagebatches job costs: no requests file or job directory is named: give one or more, such as requests.jsonl or requests.job"},
		{"job adopt a.job", "messagebatches job adopt: --seq NUMBER and --batch BATCH are required"},
		{"job prune a.job --older-than 30", `messagebatches job prune: --older-than: "30" is not a duration, such as 90s, 5m or 2h`},
		{"batch results", "messagebatches batch results: no batch is named: give its ID, such as msgbatch_01abc (messagebatches batch ls lists them)"},
		{"batch results a b", `messagebatches batch results: unexpected argument "b": this command takes one batch`},
		{"run -", "messagebatches run: requests are read several times: write standard input to a file first"},
		{"run a.jsonl --accept good", `messagebatches run: --accept: there is no rule "good": the rules are complete, untruncated, unrefused, schema`},
		{"run a.jsonl --label team", `messagebatches run: --label: "team" is not NAME=VALUE, such as team=support`},
		{"run a.jsonl --order random", `messagebatches run: --order must be input or done, not "random"`},
		{"run a.jsonl --budget -5", "messagebatches run: --budget must be an amount in USD, such as --budget 25"},
		{"run a.jsonl --more-tokens 9", "messagebatches run: --more-tokens needs --accept, such as --accept complete"},
		{"run a.jsonl --api-key sk-1", "messagebatches run: there is no flag --api-key, because other users can read the command line: set ANTHROPIC_API_KEY"},
		{"run a.jsonl -o -", "messagebatches run: -o must name a file: messagebatches job results writes the finished results to standard output"},
		{"run a.jsonl -o a.jsonl --errors a.jsonl", "messagebatches run: --errors and -o name the same file: choose another one"},
		{"run a.jsonl --store postgres://u:pw@db/b --blobs b", "messagebatches run: --store holds a password, which other users can read on the command line: set PGPASSWORD, or use a pgpass file"},
		{"worker --store postgres://db/b?password=pw --blobs b", "messagebatches worker: --store holds a password"},
		{"serve --port 4010", `messagebatches serve: there is no flag --port`},
	}
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range wrongCalls() {
		if tt.call == "job" { // prints its help
			if _, err, status := runCommand("", false, tt.call); status != cli.Failed || !strings.HasPrefix(err, tt.want) {
				t.Errorf("%s: status %d, %s", tt.call, status, err)
			}
			continue
		}
		out, err, status := runCommand("", false, strings.Fields(tt.call)...)
		first, rest, _ := strings.Cut(err, "\n")
		if status != cli.Failed || out != "" || !strings.HasPrefix(first, tt.want) || !strings.Contains(rest, " --help\" for its arguments, flags and examples.") {
			t.Errorf("%s: status %d\n%s%s", tt.call, status, out, err)
		}
	}
}

// A brokenWriter fails every write.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestOutputLost checks that commands fail if their output cannot be written.
func TestOutputLost(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--help", "version", "contract", "validate -", "completion bash"} {
		var errs strings.Builder
		s := cli.Streams{In: strings.NewReader(newer), Out: brokenWriter{}, Err: &errs}
		if status := run(t.Context(), s, strings.Fields(args)); status != cli.Failed || !strings.Contains(errs.String(), "no space") {
			t.Errorf("%s: status %d, %s", args, status, &errs)
		}
	}
}

// TestFlagsAnywhere puts flags before, between and after files.
func TestFlagsAnywhere(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		"validate --strict - -":      cli.Issues,
		"validate - --strict -":      cli.Issues,
		"validate - - --strict":      cli.Issues,
		"--json validate - --strict": cli.Issues,
		"validate -":                 cli.OK,
		"validate -- --strict":       cli.Failed, // there is no such file
	} {
		if _, err, status := runCommand(newer, false, strings.Fields(args)...); status != want {
			t.Errorf("%s: status %d, %s", args, status, err)
		}
	}
}

// TestCanceled checks that a command ends with its context.
func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	if status := run(ctx, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, []string{"serve", "--addr", "127.0.0.1:0"}); status != cli.OK {
		t.Errorf("status %d, %s", status, &out)
	}
}
