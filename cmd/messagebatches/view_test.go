package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const viewed = `{"custom_id":"a","result":{"type":"succeeded","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}}}` + "\n"

// startView runs view with an empty cache, like startServer. First is the first line of standard output.
func startView(t *testing.T, args ...string) (first string, stop func() (int, string)) {
	t.Helper()
	lines, stop := startServer(t, append([]string{"view", "--cache", filepath.Join(t.TempDir(), "cache")}, args...)...)
	lines.Scan()
	first = lines.Text()
	go func() {
		for lines.Scan() { // "ready"
		}
	}()
	return first, stop
}

func TestView(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"results.jsonl": viewed, "other.jsonl": viewed,
		"requests.jsonl": `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}}` + "\n",
	})
	name := func(file string) string { return filepath.Join(dir, file) }
	for _, flags := range [][]string{nil, {"--json"}, {"--addr", "[::1]:0"}} {
		first, stop := startView(t, append(flags, name("results.jsonl"), name("requests.jsonl"), "--compare", name("other.jsonl"))...)
		if strings.HasPrefix(first, "{") {
			var object struct{ URL string }
			if err := json.Unmarshal([]byte(first), &object); err != nil {
				t.Error(err)
			}
			first = object.URL
		}
		if first == "" {
			status, log := stop()
			if len(flags) == 2 { // a machine without IPv6
				continue
			}
			t.Fatalf("%v: exit status %d: %s", flags, status, log)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		base, _, _ := strings.Cut(first, "?token=")
		for path, want := range map[string]string{first: "<!DOCTYPE html>", base + "api/row?row=0": `"Hello"`} {
			if path != first { // the first path has the token
				response, err := browser.Get(first)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
			}
			response, err := browser.Get(path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
				t.Errorf("%v: %s: status %d, %v: %.300s", flags, path, response.StatusCode, err, body)
			}
		}
		if status, log := stop(); status != cli.OK || log != "" {
			t.Errorf("%v: exit status %d: %s", flags, status, log)
		}
	}
	if b, err := os.ReadFile(name("results.jsonl")); err != nil || string(b) != viewed {
		t.Errorf("the file is now %q, %v", b, err)
	}
}

// TestViewForOthers checks the warning that other machines can see the results.
func TestViewForOthers(t *testing.T) {
	t.Parallel()
	first, stop := startView(t, filepath.Join(writeFiles(t, map[string]string{"r": viewed}), "r"), "--addr", "0.0.0.0:0")
	if status, log := stop(); status != cli.OK || !strings.Contains(log, "warning: other machines") || !strings.Contains(first, "?token=") {
		t.Errorf("%s, exit status %d: %s", first, status, log)
	}
}

func TestViewWrong(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"r": viewed})
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no file":      {nil, "no results file is named"},
		"three files":  {[]string{"a", "b", "c"}, "at most one requests file"},
		"no such file": {[]string{filepath.Join(dir, "none")}, "there is no file"},
		"directory":    {[]string{dir}, "not a regular file"},
		"address":      {[]string{filepath.Join(dir, "r"), "--addr", "256.0.0.1:0"}, "choose another address"},
		"prices":       {[]string{filepath.Join(dir, "r"), "--prices", filepath.Join(dir, "r")}, "--prices"},
		"requests":     {[]string{filepath.Join(dir, "r"), filepath.Join(dir, "none")}, "there is no file"},
	} {
		out, log, status := runCommand("", false, append([]string{"view", "--cache", t.TempDir()}, tt.args...)...)
		if status != cli.Failed || out != "" || !strings.Contains(log, tt.want) {
			t.Errorf("%s: exit status %d, %q: %s", name, status, out, log)
		}
	}
}
