package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/sqlite"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestRun sends requests without a terminal: only data goes to standard output, and a line per change to standard error.
func TestRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 30, "--duration", "300ms")
	out, err, status := p.run("run requests.jsonl -o results.jsonl -y --batch-requests 10")
	if status != cli.OK || !strings.HasPrefix(out, "results.jsonl: 30 requests in ") || !strings.HasSuffix(out, " batches, 30 answered\n") {
		t.Fatalf("status %d\n%s%s", status, out, err)
	}
	for _, want := range []string{"Checking requests.jsonl\n30 requests, ", "Estimate: $", "  planned: 30 requests", "  accepted batch 1: ", "  collected batch 1: ", "30 of 30 requests settled; "} {
		if !strings.Contains(err, want) {
			t.Errorf("%q is missing in\n%s", want, err)
		}
	}
	if strings.ContainsAny(out+err, "\x1b\r") {
		t.Errorf("lines are redrawn in a pipe: %q", err)
	}
	if n := len(readLines(t, p.path("results.jsonl"))); n != 30 {
		t.Errorf("%d results", n)
	}
	again, err, status := p.run("run requests.jsonl -o results.jsonl -q")
	if status != cli.OK || again != out || err != "" {
		t.Errorf("again: status %d\n%s%s", status, again, err)
	}
	p.want("verify requests.jsonl", cli.OK, "requests.job: verified: 30 requests, each with exactly one result\n")
	if err := os.WriteFile(p.path("results.jsonl"), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.want("verify requests.job", cli.Issues, "requests.job: output: its SHA-256 is ")
	if v := jsonLines(t, p.want("verify requests.job --json", cli.Issues)); len(v) != 1 || v[0]["verified"] != false {
		t.Errorf("got %v", v)
	}
}

// TestRunBeforeItBegins runs a job whose program died when it had described the job, and had not yet stored it.
func TestRunBeforeItBegins(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 3, "--duration", "10ms")
	dir := p.path("requests.job")
	j, err := jobs.Open(t.Context(), dir, jobs.Options{})
	if err == nil {
		err = errors.Join(j.Close(), os.Remove(filepath.Join(dir, "job.db")), os.Remove(filepath.Join(dir, "lock")))
	}
	if err != nil {
		t.Fatal(err)
	}
	empty, err := sqlite.Open(t.Context(), filepath.Join(dir, "job.db"))
	if err == nil {
		err = empty.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	out, stderr, status := p.run("run requests.jsonl -o results.jsonl -y")
	if status != cli.OK || !strings.HasSuffix(out, ", 3 answered\n") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}

func readLines(t *testing.T, name string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

// TestRunJSON expects a line for each event and change, and the report at the end.
func TestRunJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 12, "--duration", "100ms", "--errored", "100%")
	out, err, status := p.run("run requests.jsonl -y --json --rounds 1")
	if status != cli.Issues || err != "" {
		t.Errorf("status %d, %s", status, err)
	}
	lines := jsonLines(t, out)
	types := make(map[string]int)
	for _, l := range lines {
		types[l["type"].(string)]++
	}
	if last := lines[len(lines)-1]; types["estimate"] != 1 || types["event"] < 4 || types["status"] < 1 || types["report"] != 1 || last["type"] != "report" || last["failed"] != 12.0 {
		t.Errorf("got %v\n%s", types, out)
	}
}

// TestRunAsks cannot ask for confirmation, because processes of tests have no terminal.
func TestRunAsks(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "100ms")
	p.want("run requests.jsonl", cli.Failed, "cannot ask for confirmation without a terminal: add --budget USD or -y to send, or --dry-run to see the cost first")
	p.want("run requests.jsonl --dry-run", cli.OK, "Estimate: $")
	if _, err := os.Stat(p.path("requests.job")); err == nil {
		t.Error("a job was started")
	}
	out := p.want("run requests.jsonl --dry-run --json --set max_tokens=1", cli.OK)
	if v := jsonLines(t, out); len(v) != 1 || v[0]["requests"] != 5.0 || v[0]["estimate"] == nil {
		t.Errorf("got %v", v)
	}
	if _, err := os.Stat(p.path("requests.job")); err == nil {
		t.Error("a dry run leaves files")
	}
	p.want("run requests.jsonl --budget 5", cli.OK, "5 answered")
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 3)
	text := strings.Replace(string(must(os.ReadFile(p.path("requests.jsonl")))), "max_tokens", "max_tokns", 1)
	if err := os.WriteFile(p.path("wrong.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path("twice.jsonl"), []byte(text[strings.Index(text, "\n")+1:]+text[strings.Index(text, "\n")+1:]), 0o600); err != nil {
		t.Fatal(err)
	}
	p.want("run wrong.jsonl -y", cli.Issues, "the requests have 2 errors:", "line 1: /params/max_tokns: there is no such property: did you mean \"max_tokens\"?", "Nothing was sent. messagebatches validate --split lists all errors.")
	p.want("run twice.jsonl -y", cli.Issues, "line 3: ", "Nothing was sent.")
	p.want("run none.jsonl -y", cli.Failed, "messagebatches run: there is no file none.jsonl\n")
	p.want("status none.jsonl", cli.Failed, "messagebatches status: there is no job none.job: messagebatches run starts one\n")
	p.env = append(p.env, "ANTHROPIC_API_KEY=")
	p.want("run requests.jsonl -y", cli.Failed, "there is no API key: set ANTHROPIC_API_KEY, or name a file that holds it with --key-file")
	p.want("run requests.jsonl -y --key-file none.txt", cli.Failed, "there is no file none.txt")
	if err := os.WriteFile(p.path("key.txt"), []byte("sk-test-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.want("run requests.jsonl -y --key-file key.txt", cli.OK, "3 answered")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRunSet changes parameters of all requests, and continues only with the same ones.
func TestRunSet(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4, "--duration", "100ms")
	p.want("run requests.jsonl -y --set max_tokens=7 --set model=claude-haiku-4-5 --set stop_sequences=[\"x\"]", cli.OK, "  claude-haiku-4-5: 4 requests, ", "4 answered")
	for _, line := range readLines(t, p.path("requests.job/requests.jsonl")) {
		var r struct {
			CustomID string `json:"custom_id"`
			Params   struct {
				Model         string
				MaxTokens     int      `json:"max_tokens"`
				StopSequences []string `json:"stop_sequences"`
				Messages      []any
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.CustomID == "" || r.Params.Model != "claude-haiku-4-5" || r.Params.MaxTokens != 7 || len(r.Params.StopSequences) != 1 || len(r.Params.Messages) != 1 {
			t.Errorf("%v, %s", err, line)
		}
	}
	p.want("run requests.jsonl -y --set max_tokens=7 --set model=claude-haiku-4-5 --set stop_sequences=[\"x\"]", cli.OK, "4 answered")
	p.want("run requests.jsonl -y", cli.Failed, "was started with --set")
	p.want("run requests.jsonl -y --set max_tokens=8", cli.Failed, "a different --set: start another job")
	p.want("run requests.jsonl -y --set max_tokens", cli.Failed, `--set: "max_tokens" is not NAME=VALUE`)
	p.want("verify requests.job", cli.OK)
}

// TestRunSample checks that a sample is sent only once, whatever the answer to the question after it.
func TestRunSample(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 9, "--duration", "100ms")
	p.want("run requests.jsonl -y --sample 3", cli.OK, "Sending a sample of 3 requests", "  row 6: You said", "Sample: 3 of 3 requests answered, for $", "All 9 requests would cost about $", "9 answered")
	lines := jsonLines(t, p.want("run requests.jsonl -y --sample 3 --json --job other.job -o other.jsonl", cli.OK))
	var events []string
	for _, l := range lines {
		if l["type"] == "sample" || l["kind"] == "accepted" {
			events = append(events, l["type"].(string))
		}
	}
	if got := strings.Join(events, " "); got != "event sample event" {
		t.Errorf("got %s", got)
	}
}

// TestRunSampleLater asks for a sample after a run with a wrong key, which has sent nothing, and after one that has.
func TestRunSampleLater(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 9, "--duration", "100ms", "--key", "right")
	p.want("run requests.jsonl -y", cli.Person)
	p.env = append(p.env, "ANTHROPIC_API_KEY=right")
	p.want("run requests.jsonl -y --sample 3", cli.OK, "Sending a sample of 3 requests", "Sample: 3 of 3 requests answered, for $", "9 answered")
	p.want("run requests.jsonl -y --sample 3", cli.OK, "--sample is ignored: the job has already sent requests", "9 answered")
}

// TestRunDetach sends and exits; the same command without --detach collects.
func TestRunDetach(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "1s")
	p.want("run requests.jsonl -o results.jsonl -y --detach --batch-requests 10", cli.OK, "All requests were sent. Still running: 20 requests.\nThe service keeps results until ",
		". To continue, run the same command:\n  messagebatches run requests.jsonl -o results.jsonl -y --batch-requests 10\n")
	p.want("status requests.jsonl", cli.OK, "requests.job: job ", ", unattended\n0 of 20 requests settled\n", "20 in progress\noldest batch sent ")
	if v := jsonLines(t, p.want("job ls --json", cli.OK)); len(v) != 1 || v[0]["dir"] != "requests.job" {
		t.Errorf("got %v", v)
	}
	p.want("job results requests.jsonl", cli.Failed, "requests.job is not done: messagebatches run continues it")
	p.want("verify requests.jsonl", cli.Failed, "messagebatches verify: requests.job is not done\nTo continue it, use messagebatches run.")
	p.want("run requests.jsonl -o results.jsonl", cli.OK, "Continuing job ", "20 answered")
}

// TestRunCancel cancels a job that no program runs; the next run writes the results.
func TestRunCancel(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "1h")
	p.want("cancel requests.jsonl", cli.Failed, "there is no job requests.job")
	p.want("run requests.jsonl -y --detach", cli.OK)
	p.want("cancel requests.jsonl", cli.Failed, "cannot ask for confirmation without a terminal: add -y to cancel")
	p.want("job resume requests.jsonl", cli.Failed, "requests.job is not paused, but unattended")
	p.want("job pause requests.jsonl", cli.OK, "The job is paused; messagebatches job resume lifts the pause.")
	p.want("status requests.jsonl", cli.OK, ", paused\n")
	p.want("job resume requests.jsonl", cli.OK, "run the same command as before to continue it")
	p.want("cancel -y requests.jsonl", cli.OK, "The job is canceled: run the same command as before once more")
	p.want("run requests.jsonl", cli.Issues, "requests.results.jsonl: 20 requests in 1 batch, ", " failed")
	p.want("cancel -y requests.jsonl", cli.Failed, "there is nothing to cancel")
	p.want("job pause requests.jsonl", cli.Failed, "there is nothing to pause")
}

// TestJob reads a finished job.
func TestJob(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "100ms", "--errored", "30%", "--seed", "3")
	p.want("run requests.jsonl -y --rounds 1 --errors failed.jsonl --label team=x", cli.Issues)
	failed := readLines(t, p.path("failed.jsonl"))
	if got := p.want("job results --failed requests.jsonl", cli.OK); got != strings.Join(failed, "") || len(failed) == 0 {
		t.Errorf("got %s", got)
	}
	if got := p.want("job results requests.jsonl", cli.OK); got != string(must(os.ReadFile(p.path("requests.results.jsonl")))) {
		t.Errorf("got %s", got)
	}
	events := p.want("job events requests.jsonl", cli.OK, "  planned: ", "  done: ")
	if got := p.want("job watch requests.jsonl", cli.OK); got != events {
		t.Errorf("got %s", got)
	}
	if v := jsonLines(t, p.want("job events --json --after 1 requests.jsonl", cli.OK)); len(v) < 3 || v[0]["id"] != 2.0 {
		t.Errorf("got %v", v)
	}
	p.want("job ls", cli.OK, "JOB ", "requests.job  done ")
	p.want("job ls nowhere", cli.Failed, "there is no directory nowhere")
	p.want("job costs requests.jsonl requests.job", cli.OK, "requests.job: job ", ", team=x\n", "  claude-opus-5  ", "\nCost: $", "; it was estimated at $", "\nteam=x  ")
	if v := jsonLines(t, p.want("job costs --json requests.jsonl", cli.OK)); len(v) != 1 || v[0]["actual"].(float64) <= 0 {
		t.Errorf("got %v", v)
	}
	if v := jsonLines(t, p.want("verify --online --json requests.jsonl", cli.OK)); len(v) != 1 || v[0]["online"].(map[string]any)["ours"] != 1.0 {
		t.Errorf("got %v", v)
	}
	p.want("verify --online requests.jsonl", cli.OK, "; the job has 1 of 1 batch on the server, and nothing was paid for twice")
	p.want("job retry requests.jsonl --kinds expired", cli.Issues, "Nothing to resend: no results are of these kinds.")
	p.want("job retry requests.jsonl --kinds typo", cli.Failed, `there is no kind "typo"`)
	p.want("job retry requests.jsonl", cli.OK, " will be resent: run the same command as before.")
	p.want("run requests.jsonl --rounds 1 --errors failed.jsonl", cli.OK, "20 of 20 requests settled", "20 answered")
	for _, name := range []string{"job.db", "job.db-wal", "job.db-shm"} {
		_ = os.Remove(p.path("requests.job/" + name))
	}
	p.want("run requests.jsonl -y", cli.Failed, "the database of the job is lost", "To repair it, run messagebatches job rebuild.")
	p.want("job rebuild requests.jsonl", cli.OK, "is ready: run the same command as before to continue it")
	p.want("job rebuild --take-over requests.jsonl", cli.Failed, "cannot ask for confirmation without a terminal: add -y to take the job over")
	p.want("run requests.jsonl", cli.OK)
	p.want("job prune requests.jsonl", cli.Failed, "cannot ask for confirmation without a terminal: add -y to delete")
	p.want("job prune -y requests.jsonl --older-than 1h", cli.OK, "0 files deleted.")
	p.want("job prune -y --service requests.jsonl", cli.Failed, "its batches are unknown")
	_ = os.RemoveAll(p.path("requests.job"))
	_ = os.Remove(p.path("requests.results.jsonl"))
	p.want("run requests.jsonl -y --rounds 1", cli.Issues)
	p.want("job prune -y --service requests.jsonl", cli.OK, " deleted.")
	p.want("batch ls", cli.OK)
}

// TestJobCostsBeforeResults shows the estimate of the batches on the server, and none of batches with results.
func TestJobCostsBeforeResults(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2, "--duration", "1h")
	p.want("run requests.jsonl -y --detach", cli.OK)
	if out := p.want("job costs requests.jsonl", cli.OK, "\nCost: $0 by prices of ", ".\nStill to come: about $0.0"); strings.Contains(out, "it was estimated") {
		t.Errorf("got %s", out)
	}
}

// TestJobCopied copies the directory of a job: each command that would change the copy says how to take it over.
func TestJobCopied(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2, "--duration", "1h")
	p.want("run requests.jsonl -y --detach", cli.OK)
	if err := os.CopyFS(p.path("copy.job"), os.DirFS(p.path("requests.job"))); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"run requests.jsonl -o other.jsonl --job copy.job", "job pause copy.job", "cancel -y copy.job", "job rebuild copy.job"} {
		p.want(call, cli.Failed, "the directory of the job was copied or restored: the job may be running where it was before\nIf it will never run there again, use messagebatches job rebuild --take-over.\n")
	}
	p.want("job rebuild --take-over -y copy.job", cli.OK, "is ready: run the same command as before to continue it")
	p.want("job pause copy.job", cli.OK)
}

// TestBatch calls the service without a job.
func TestBatch(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 6, "--duration", "100ms")
	p.want("run requests.jsonl -y --batch-requests 3", cli.OK)
	p.want("batch ls", cli.OK, "BATCH ", "  ended   ", " succeeded\n")
	list := jsonLines(t, p.want("batch ls --json --max 1", cli.OK))
	if len(list) != 1 || list[0]["type"] != "message_batch" {
		t.Fatalf("got %v", list)
	}
	id := list[0]["id"].(string)
	for _, v := range jsonLines(t, p.want("batch results "+id, cli.OK)) {
		if v["custom_id"] == "" || v["result"] == nil {
			t.Errorf("got %v", v)
		}
	}
	p.want("batch results", cli.Failed, "no batch is named: give its ID, such as msgbatch_01abc (messagebatches batch ls lists them)")
	p.want("batch results msgbatch_none", cli.Failed, "not_found_error")
	p.want("batch cancel msgbatch_none", cli.Failed, "msgbatch_none")
	q := newPlace(t, 6, "--duration", "1h")
	q.want("run requests.jsonl -y --detach", cli.OK)
	id = jsonLines(t, q.want("batch ls --json", cli.OK))[0]["id"].(string)
	q.want("batch cancel "+id, cli.OK, id+": canceling\n")
}

// TestRunPauses uses a budget that is too low for anything, and continues with a higher one.
func TestRunPauses(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "100ms")
	p.want("run requests.jsonl -y --budget 0.000001", cli.Person, "budget", "To continue, run the same command with a higher --budget.")
	p.want("status requests.jsonl", cli.OK, ", paused\npaused: ")
	p.want("run requests.jsonl --budget 5", cli.OK, "which is paused: ", "20 answered", "Cost: $")
	q := newPlace(t, 3, "--key", "sk-other")
	q.want("run requests.jsonl -y", cli.Person, "authentication_error", "Check the key with messagebatches doctor, then run the same command to continue.")
	p.want("run requests.jsonl --batch-requests 7", cli.Failed, "messagebatches run: the job was started with a different --batch-requests: 100000, not 7\nOmit the flag, or start another job in another directory with --job.")
	p.want("run requests.jsonl --rounds 7", cli.Failed, "a different --rounds: 3, not 7\n")
	p.want("run requests.jsonl --rounds 3", cli.OK, "20 answered") // the default
	p.want("run requests.jsonl --order done", cli.Failed, "a different --order: input, not done\n")
	p.want("run requests.jsonl --label a=b --label c=d", cli.Failed, "a different --label: none, not a=b,c=d\n")
}

// TestRunAccept resends truncated requests with more tokens, but not once the job is done.
func TestRunAccept(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "100ms", "--truncated", "100%")
	p.want("run requests.jsonl -y --accept complete --more-tokens 20 --rounds 2", cli.OK, "20 answered, 20 of these not accepted, 20 resent")
	const note = "--accept has no effect"
	p.want("run requests.jsonl --accept complete --more-tokens 20 --rounds 2", cli.OK, note+": the job is done\n", "20 answered")
	if _, err, _ := p.run("run requests.jsonl --rounds 2"); strings.Contains(err, note) {
		t.Errorf("without the flag: %s", err)
	}
	q := newPlace(t, 20, "--duration", "100ms")
	q.want("run requests.jsonl -y --budget 0.000001", cli.Person)
	if _, err, status := q.run("run requests.jsonl --budget 5 --accept complete"); status != cli.OK || strings.Contains(err, note) {
		t.Errorf("before the job is done: status %d, %s", status, err)
	}
}
