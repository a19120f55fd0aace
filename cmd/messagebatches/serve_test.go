package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// startServer runs a command that serves until stop is called. Stop returns the exit status and the log. Lines are the lines
// of standard output.
func startServer(t *testing.T, args ...string) (lines *bufio.Scanner, stop func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var log bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, cli.Streams{Out: in, Err: &log}, args)
		in.Close()
	}()
	return bufio.NewScanner(out), func() (int, string) {
		cancel()
		return <-status, log.String()
	}
}

// startServe runs serve on a free port, as startServer does.
func startServe(t *testing.T, args ...string) (url string, stop func() (int, string)) {
	t.Helper()
	lines, stop := startServer(t, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	lines.Scan()
	url = lines.Text()
	lines.Scan()
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`).MatchString(url) || lines.Text() != "ready" {
		status, log := stop()
		t.Fatalf("it prints %q and %q, exit status %d, and logs %s", url, lines.Text(), status, log)
	}
	return url, stop
}

func serveClient(t *testing.T, url, key string) *client.Client {
	t.Helper()
	c, err := client.New(client.WithoutEnvironment(), client.WithBaseURL(url), client.WithAuthToken(key), client.WithRetry(client.Retry{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestServe(t *testing.T) {
	t.Parallel()
	url, stop := startServe(t, "--duration", "0", "--latency", "1ms", "--betas", "new-2030-01-01, newer-2030-02-02")
	c := serveClient(t, url, "any-key")
	batch, err := c.Create(t.Context(), []client.Request{{CustomID: "a", Params: client.Params{
		Model: gen.ModelClaudeOpus5, MaxTokens: 10, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}, client.WithBetas("newer-2030-02-02"))
	if err != nil {
		t.Fatal(err)
	}
	if batch, err = c.Wait(t.Context(), batch.ID); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(batch.ResultsURL, url+"/") {
		t.Errorf("results_url is %s", batch.ResultsURL)
	}
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil || item.Text() != "You said: Hello" {
			t.Errorf("got %+v, %v", item, err)
		}
	}
	if _, err := c.Get(t.Context(), batch.ID, client.WithBetas("newest-2030-03-03")); err == nil {
		t.Error("it accepts any beta")
	}
	status, log := stop()
	if status != cli.OK {
		t.Errorf("exit status %d", status)
	}
	want := regexp.MustCompile(`(?s)^\S+ \S+ POST /v1/messages/batches\?beta=true 200 req_\S+ \S+s
.* GET /v1/messages/batches/msgbatch_\S+/results\?beta=true 200 req_\S+ \S+s
.* GET /v1/messages/batches/msgbatch_\S+ 400 req_\S+ \S+s
$`)
	if !want.MatchString(log) || strings.Contains(log, "any-key") {
		t.Errorf("it logs:\n%s", log)
	}
}

// TestServeLogsDrops drops a connection in place of a response, and another one in the middle of a response.
func TestServeLogsDrops(t *testing.T) {
	t.Parallel()
	url, stop := startServe(t, "--fault", "create:lost=#1", "--fault", "list:broken=#1")
	c := serveClient(t, url, "any")
	if batch, err := c.Create(t.Context(), hellos("a")); err == nil {
		t.Errorf("the first call returned %v", batch)
	}
	if batch, err := c.Create(t.Context(), hellos("b")); err != nil {
		t.Errorf("the second call returned %v, %v", batch, err)
	}
	for batch, err := range c.List(t.Context()) {
		if err == nil {
			t.Errorf("the list has %v", batch)
		}
	}
	_, log := stop()
	want := regexp.MustCompile(`^\S+ \S+ POST \S+ - req_\S+ \S+s, connection dropped
\S+ \S+ POST \S+ 200 req_\S+ \S+s
\S+ \S+ GET \S+ 200 req_\S+ \S+s, connection dropped
$`)
	if !want.MatchString(log) {
		t.Errorf("it logs:\n%s", log)
	}
}

func TestServeWithKey(t *testing.T) {
	t.Parallel()
	url, stop := startServe(t, "--key", "sk-1")
	for key, want := range map[string]error{"sk-1": client.ErrNotFound, "sk-2": client.ErrAuthentication} {
		if _, err := serveClient(t, url, key).Get(t.Context(), "b"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", key, err, want)
		}
	}
	stop()
}

func TestServeCannotServe(t *testing.T) {
	t.Parallel()
	url, stop := startServe(t)
	defer stop()
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"unknown flag":      {[]string{"--port", "1"}, cli.Failed, "--port"},
		"argument":          {[]string{"4010"}, cli.Failed, `unexpected argument "4010"`},
		"fault":             {[]string{"--fault", "lots=1%"}, cli.Failed, `there is no fault named "lots"`},
		"rate":              {[]string{"--errored", "2"}, cli.Failed, `"2" is not a rate`},
		"key":               {[]string{"--key", "sk-1,org=x"}, cli.Failed, "organization=ID"},
		"no answers":        {[]string{"--answers", "nothing.jsonl"}, cli.Failed, "nothing.jsonl"},
		"no directory":      {[]string{"--state", "serve_test.go"}, cli.Failed, "not a directory"},
		"queue":             {[]string{"--queue", "-1"}, cli.Failed, "-1"},
		"negative duration": {[]string{"--duration", "-1s"}, cli.Failed, "negative"},
		"address in use":    {[]string{"--addr", strings.TrimPrefix(url, "http://")}, cli.Failed, "choose another address with --addr"},
	} {
		var out, err bytes.Buffer
		if status := run(t.Context(), cli.Streams{Out: &out, Err: &err}, append([]string{"serve"}, tt.args...)); status != tt.status || !strings.Contains(err.String(), tt.want) || out.Len() > 0 {
			t.Errorf("%s: status %d, %s%s", name, status, &out, &err)
		}
	}
}
