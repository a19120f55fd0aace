package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/gen"
)

// writeFiles writes files into a new directory.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	ticketTemplate = `{
  "model": "claude-haiku-4-5",
  "max_tokens": 200,
  "system": "Label the ticket.",
  "messages": [{"role": "user", "content": "Subject: {subject}\n\n{text}"}],
  "output_config": {"format": {"type": "json_schema", "schema": {
    "type": "object",
    "properties": {"label": {"enum": ["bug", "wish", "question"]}, "urgent": {"type": "boolean"}},
    "required": ["label", "urgent"],
    "additionalProperties": false
  }}}
}
`
	tickets = "ticket;subject;text\r\n" +
		"T-1;Crash;\"It says \"\"out of memory\"\"\r\nevery Monday\"\r\n" +
		"T-2;=cmd|' /C calc'!A0;Please add a dark mode\r\n" +
		"T-3;Zürich;Where are you?\r\n"
)

// TestTickets labels tickets without any code: a CSV becomes requests, which are run, and the results become a CSV.
func TestTickets(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t, batchtest.WithDuration(0))
	service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		label := "question"
		switch text, _ := json.Marshal(r.Params.Messages); {
		case strings.Contains(string(text), `out of memory\"\nevery`):
			label = "bug"
		case strings.Contains(string(text), "dark mode"):
			label = "wish"
		}
		return batchtest.Text(fmt.Sprintf(`{"label":%q,"urgent":%v}`, label, label == "bug"))(r)
	})
	if _, err := service.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"tickets.csv": "\ufeff" + tickets, "template.json": ticketTemplate})
	for _, call := range []string{
		"convert tickets.csv --template template.json --id ticket -o requests.jsonl",
		"validate requests.jsonl",
		"run requests.jsonl -o results.jsonl -y",
		"convert results.jsonl --join tickets.csv --id ticket --fields label,urgent -o labels.csv",
	} {
		c := exec.Command(os.Args[0], strings.Fields(call)...)
		c.Dir = dir
		c.Env = append(os.Environ(), "MESSAGEBATCHES_TEST_COMMAND=1", "ANTHROPIC_API_KEY="+service.Key(), "ANTHROPIC_AUTH_TOKEN=", "ANTHROPIC_BASE_URL="+service.URL())
		out, err := c.CombinedOutput()
		t.Logf("$ messagebatches %s\n%s", call, out)
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join(dir, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join([]string{row[0], row[1], row[4], row[len(row)-2], row[len(row)-1]}, "|"))
	}
	want := []string{"\ufeffticket|subject|outcome|label|urgent", "T-1|Crash|succeeded|bug|true", "T-2|'=cmd|' /C calc'!A0|succeeded|wish|false", "T-3|Zürich|succeeded|question|false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files  map[string]string
		args   string
		in     string
		out    string // standard output
		err    string // standard error, with DIR for the directory
		status int
		output string // the file out
	}{
		"table/standard output": {
			files: map[string]string{"t.json": `{"a":"{x}"}`}, args: "convert - --template t.json --number", in: "x\n1\n\n2\n",
			out: `{"custom_id":"row-1","params":{"a":"1"}}` + "\n" + `{"custom_id":"row-2","params":{"a":"2"}}` + "\n",
			err: "messagebatches convert: standard input: 2 rows, 2 requests\nmessagebatches convert: the cells of the table are separated by \",\"\n",
		},
		"table/TSV": {
			files: map[string]string{"t.json": `{"a":"{x}"}`, "in.tsv": "x\ty,z\nd,e,f\t1\n"}, args: "convert in.tsv --template t.json --number",
			out: `{"custom_id":"row-1","params":{"a":"d,e,f"}}` + "\n",
			err: "messagebatches convert: DIR/in.tsv: 1 row, 1 request\nmessagebatches convert: the cells of the table are separated by tabs\n",
		},
		"table/refused": {
			files: map[string]string{"t.json": `{"a":"{x}"}`, "in.csv": "k,x\na,1\na,2\nb\n"}, args: "convert in.csv --template t.json --id k -o out", status: cli.Issues,
			err: "messagebatches convert: refused: custom_id: duplicate custom_id: each must be unique: line 3 (\"a\", as in line 2)\n" +
				"messagebatches convert: refused: the row has 1 cell, but the header has 2: line 4\n" +
				"messagebatches convert: DIR/in.csv: 3 rows, 1 request, 2 refused: DIR/out is not written unless you add --partial\n" +
				"messagebatches convert: the cells of the table are separated by \",\"\n",
		},
		"table/refused, as JSON": {
			files: map[string]string{"t.json": `{"a":"{x}"}`, "in.csv": "k,x\na,1\nb\n"}, args: "convert in.csv --template t.json --id k -o out --json", status: cli.Issues,
			out: `{"input":"DIR/in.csv","output":"DIR/out","format":"table","read":2,"written":0,"separator":",","refused":1,"notes":[{"kind":"refused","message":"the row has 1 cell, but the header has 2","count":1,"first":[{"line":3}]}]}` + "\n",
		},
		"table/partial": {
			files: map[string]string{"t.json": `{"a":"{x}"}`, "in.csv": "k,x\na,1\nb\n,\n"}, args: "convert in.csv --template t.json --id k -o out --partial --json", status: cli.Issues,
			out:    `{"input":"DIR/in.csv","output":"DIR/out","format":"table","read":2,"written":1,"blank":1,"separator":",","refused":1,"notes":[{"kind":"refused","message":"the row has 1 cell, but the header has 2","count":1,"first":[{"line":3}]}]}` + "\n",
			output: `{"custom_id":"a","params":{"a":"1"}}` + "\n",
		},
		"openai/notes": {
			files: map[string]string{"in.jsonl": `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","seed":1,"max_tokens":5,"messages":[{"role":"user","content":"q"}]}}`}, args: "convert in.jsonl --model claude-x --notes out",
			out:    `{"custom_id":"a","params":{"max_tokens":5,"messages":[{"role":"user","content":"q"}],"model":"claude-x"}}` + "\n",
			err:    "messagebatches convert: dropped: body.seed: it has no counterpart: results vary: line 1\nmessagebatches convert: DIR/in.jsonl: 1 line, 1 request\n",
			output: `{"line":1,"custom_id":"a","kind":"dropped","place":"body.seed","message":"it has no counterpart: results vary"}` + "\n",
		},
		"json/array": {
			files: map[string]string{"in.json": `[{"custom_id":"a"}]`}, args: "convert in.json -o out", output: `{"custom_id":"a"}` + "\n",
			err: "messagebatches convert: DIR/in.json: 1 element, 1 request in DIR/out\n",
		},
		"results/joined by the wrong IDs": {
			files: map[string]string{"t.csv": "id\na\nb\n", "in.jsonl": `{"custom_id":"row-1","result":{"type":"expired"}}`}, args: "convert in.jsonl --join t.csv --id id -o out", status: cli.Failed,
			err: "messagebatches convert: DIR/in.jsonl: with DIR/t.csv: no row of the table has the custom_id of a result, such as \"row-1\": the requests were probably made with --number, or with another --id\n",
		},
		"results/joined, from a stream": {
			files: map[string]string{"t.csv": "custom_id,x\na,=1\nb,2\n"}, args: "convert - --join t.csv -o out", in: `{"custom_id":"a","result":{"type":"expired"}}` + "\n",
			output: "custom_id,x,outcome,text,stop_reason,error_type,error_message,input_tokens,cache_creation_input_tokens,cache_read_input_tokens,output_tokens\na,'=1,expired,,,,,,,,\nb,2,missing,,,,,,,,\n",
			err: "messagebatches convert: standard input: 1 result, 2 rows in DIR/out\nmessagebatches convert: the cells of the table are separated by \",\"\nmessagebatches convert: 1 expired, 1 missing\n" +
				"messagebatches convert: 1 cell that a spreadsheet would treat as a formula got a leading apostrophe; --formulas writes such cells unchanged\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, tt.files)
			args := strings.Fields(tt.args)
			for i, a := range args {
				if _, ok := tt.files[a]; ok || a == "out" {
					args[i] = filepath.Join(dir, a)
				}
			}
			out, stderr, status := runCommand(tt.in, false, args...)
			if diff := cmp.Diff([]string{tt.out, tt.err}, []string{strings.ReplaceAll(out, dir, "DIR"), strings.ReplaceAll(stderr, dir, "DIR")}); diff != "" || status != tt.status {
				t.Errorf("status %d\n%s", status, diff)
			}
			got, err := os.ReadFile(filepath.Join(dir, "out"))
			if err != nil && (!errors.Is(err, os.ErrNotExist) || tt.output != "") {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.output, string(got)); diff != "" {
				t.Error(diff)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".out.*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestConvertKeepsWhatIsThere checks that convert writes through a link, keeps the mode of a file, does not change it if
// rows are refused, and does not replace a device by a file.
func TestConvertKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"t.json": `{"a":"{x}"}`, "in.csv": "x\n1\n", "bad.csv": "x\n1\n2,3\n", "out": "before"})
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Chmod(in("out"), 0o640), os.Symlink("out", in("link"))); err != nil {
		t.Skip(err) // not every file system has links and modes
	}
	if _, err, status := runCommand("", false, "convert", in("bad.csv"), "--template", in("t.json"), "--number", "-o", in("link")); status != cli.Issues {
		t.Errorf("status %d, %s", status, err)
	}
	if text, err := os.ReadFile(in("out")); err != nil || string(text) != "before" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err, status := runCommand("", false, "convert", in("in.csv"), "--template", in("t.json"), "--number", "-o", in("link")); status != cli.OK {
		t.Errorf("status %d, %s", status, err)
	}
	info, err := os.Stat(in("out"))
	if text, _ := os.ReadFile(in("out")); err != nil || info.Mode().Perm() != 0o640 || string(text) != `{"custom_id":"row-1","params":{"a":"1"}}`+"\n" {
		t.Errorf("%v, %v, %s", err, info, text)
	}
	if to, err := os.Readlink(in("link")); err != nil || to != "out" {
		t.Errorf("%s, %v", to, err)
	}
	if _, err, status := runCommand("", false, "convert", in("in.csv"), "--template", in("t.json"), "--number", "-o", os.DevNull); status != cli.OK {
		t.Errorf("status %d, %s", status, err)
	}
	if _, err, status := runCommand("", false, "convert", in("bad.csv"), "--template", in("t.json"), "--number", "-o", os.DevNull); status != cli.Issues || !strings.Contains(err, "2 rows, 1 request, 1 refused and not in the output") {
		t.Errorf("status %d, %s", status, err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatal(os.DevNull, "is a file now", err)
	}
	if _, err, status := runCommand("", false, "convert", in("in.csv"), "--template", in("t.json"), "--number", "-o", dir); status != cli.Failed || !strings.Contains(err, "is a directory: name a file") {
		t.Errorf("status %d, %s", status, err)
	}
}

func TestConvertFails(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"a.csv": "x\n1\n", "t.json": `{"a":"{x}"}`, "bad.csv": "x\n\"1\n", "r.jsonl": `{"custom_id":"a","params":{}}`})
	for _, tt := range []struct{ call, want string }{
		{"convert", "no file is named: give the file to convert"},
		{"convert a.csv b.csv", `unexpected argument "b.csv"`},
		{"convert none.csv", "there is no file none.csv"},
		{"convert a.csv", "a table needs --template FILE"},
		{"convert a.csv --template none.json", "there is no file none.json"},
		{"convert a.csv --template t.json", "a.csv: no column has the custom IDs"},
		{"convert a.csv --template t.json --number --model m", "--model does not apply to the format table"},
		{"convert a.csv --template t.json --number --separator ab", "--separator must be one character, or tab, not \"ab\""},
		{"convert a.csv --template t.json --number --json", "--json needs -o FILE"},
		{"convert a.csv --template t.json --number -o a.csv", "-o is the input file"},
		{"convert a.csv --template t.json --number -o none/out", "there is no directory none"},
		{"convert bad.csv --template t.json --number -o out", "bad.csv: line 2: a quoted cell"},
		{"convert r.jsonl", "r.jsonl: already one JSON object per line"},
		{"convert a.csv --from excel", "--from must be table, openai, json or results, not \"excel\""},
		{"convert r.jsonl --from openai --max-tokens 0", "--max-tokens must be 1 or more"},
	} {
		c := exec.Command(os.Args[0], strings.Fields(tt.call)...)
		c.Dir, c.Env = dir, append(os.Environ(), "MESSAGEBATCHES_TEST_COMMAND=1")
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != cli.Failed || !strings.HasPrefix(string(out), "messagebatches convert: "+tt.want) {
			t.Errorf("%s: %v\n%s", tt.call, err, out)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 4 {
		t.Errorf("%v, %v", files, err)
	}
}
