package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// hellos returns requests with the given custom IDs.
func hellos(ids ...string) (all []client.Request) {
	for _, id := range ids {
		all = append(all, client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeHaiku45, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	return all
}

// TestServeFake runs the fake with each flag and checks the effect on a client.
func TestServeFake(t *testing.T) {
	t.Parallel()
	answers := filepath.Join(t.TempDir(), "answers.jsonl")
	if err := os.WriteFile(answers, []byte(`{"custom_id":"a","text":"From a file."}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		key  string
		want string // what outcome returns
	}{
		"no flags":    {nil, "any", "a: You said: Hello; b: You said: Hello"},
		"answers":     {[]string{"--answers", answers}, "any", "a: From a file.; b: You said: Hello"},
		"errored":     {[]string{"--errored", "100%", "--seed", "4"}, "any", "a: timeout_error; b: overloaded_error"},
		"expired":     {[]string{"--expired", "1"}, "any", "a: expired; b: expired"},
		"truncated":   {[]string{"--truncated", "100%"}, "any", "a: You sai (max_tokens); b: You sai (max_tokens)"},
		"refused":     {[]string{"--refused", "100%"}, "any", "a:  (refusal); b:  (refusal)"},
		"fault":       {[]string{"--fault", "create:edge-413=#1"}, "any", "413"},
		"faults":      {[]string{"--fault", "get:500=0%", "--fault", "create:503=100%"}, "any", "503"},
		"queue":       {[]string{"--queue", "1"}, "any", "429"},
		"calls":       {[]string{"--calls", "1"}, "any", "429"},
		"key":         {[]string{"--key", "sk-1", "--key", "sk-2,organization=org_2,workspace=wrkspc_2"}, "sk-2", "a: You said: Hello; b: You said: Hello"},
		"another key": {[]string{"--key", "sk-1", "--key", "sk-2"}, "sk-3", "401"},
		"get-lag":     {[]string{"--get-lag", "1h"}, "any", "404"},
		"clocks":      {[]string{"--date-offset", "-1h", "--clock-skew", "1m", "--list-lag", "1m", "--fault-time", "1ms", "--fault", "get:stalled=1", "--colleagues", "1", "--cache-hits", "0"}, "any", "a: You said: Hello; b: You said: Hello"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, stop := startServe(t, append(tt.args, "--duration", "0")...)
			defer stop()
			if got := outcome(t, serveClient(t, url, tt.key)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// outcome returns the results of a batch, or the status of the first call that fails.
func outcome(t *testing.T, c *client.Client) string {
	t.Helper()
	var apiErr *client.APIError
	batch, err := c.Create(t.Context(), hellos("a", "b"))
	if err == nil {
		batch, err = c.Get(t.Context(), batch.ID)
	}
	if errors.As(err, &apiErr) {
		return fmt.Sprint(apiErr.StatusCode)
	}
	if err != nil {
		return err.Error()
	}
	got := make(map[string]string)
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			return err.Error()
		}
		got[item.CustomID] = item.Text()
		if m := item.Message(); m != nil && m.Err() != nil {
			got[item.CustomID] += fmt.Sprintf(" (%s)", m.StopReason)
		} else if errors.As(item.Err(), &apiErr) {
			got[item.CustomID] = apiErr.Type
		} else if errors.Is(item.Err(), client.ErrExpired) {
			got[item.CustomID] = "expired"
		}
	}
	return fmt.Sprintf("a: %s; b: %s", got["a"], got["b"])
}

// TestServeState restarts the service.
func TestServeState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	url, stop := startServe(t, "--state", dir, "--duration", "0")
	batch, err := serveClient(t, url, "any").Create(t.Context(), hellos("a"))
	if err != nil {
		t.Fatal(err)
	}
	stop()
	url, stop = startServe(t, "--state", dir, "--inspect")
	defer stop()
	for item, err := range serveClient(t, url, "any").Results(t.Context(), batch.ID) {
		if err != nil || item.Text() != "You said: Hello" {
			t.Errorf("got %+v, %v", item, err)
		}
	}
	resp, err := http.Get(url + "/fake/accepted")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); strings.TrimSpace(string(text)) != fmt.Sprintf(`{"a":[%q]}`, batch.ID) {
		t.Errorf("it has accepted %s", text)
	}
}

func TestServeListsFaults(t *testing.T) {
	t.Parallel()
	var out, err bytes.Buffer
	if status := run(t.Context(), cli.Streams{Out: &out, Err: &err}, []string{"serve", "--faults"}); status != cli.OK || err.Len() > 0 {
		t.Errorf("status %d, %s", status, &err)
	}
	for _, f := range batchtest.Faults() {
		if !strings.Contains(out.String(), f.Name+" ") || !strings.Contains(out.String(), f.About) {
			t.Errorf("%s is not listed", f.Name)
		}
	}
}
