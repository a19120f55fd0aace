package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// checkVisible fails if a text contains characters that control a terminal, except line breaks.
func checkVisible(t *testing.T, text string) {
	t.Helper()
	for _, r := range strings.ReplaceAll(text, "\n", "") {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("%q holds %U", text, r)
			return
		}
	}
}

// TestValidateShowsNoControls uses names that forge lines, clear the terminal and reverse text.
func TestValidateShowsNoControls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a\n::error::b\x1b[2J\u202e.jsonl")
	line := `{"custom_id":"a","params":{"model":"m\u009b","max_tokns":1,"x\n::error file=y::z\u001b[2J\u202e\u009b` + strings.Repeat("x", 5000) + `":1,"messages":[]}}`
	if err := os.WriteFile(name, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, status := runCommand("", false, "validate", name, name+"\n::error::missing")
	checkVisible(t, out+errs)
	for _, want := range []string{`a\n::error::b\x1b[2J\u202e.jsonl:1: warning: a /params/x\n::error file=y::z\x1b[2J\u202e\u009bxx`, "xx...: the contract does not know"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	if status != cli.Failed || !strings.Contains(errs, `\n::error::missing: no such file`) || strings.Contains(out+errs, "\n::error") {
		t.Errorf("status %d, %s%s", status, out, errs)
	}
}

func TestServeLogShowsNoControls(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := logged(log.New(&out, "", 0), http.NotFoundHandler())
	r := httptest.NewRequest("GET", "/x", nil)
	r.URL.RawQuery = "a=\u009b2J\u202e\x9b&" + strings.Repeat("y", 5000)
	h.ServeHTTP(httptest.NewRecorder(), r)
	checkVisible(t, out.String())
	if got := out.String(); !strings.HasPrefix(got, `GET /x?a=\u009b2J\u202e`) || len(got) > 600 {
		t.Errorf("it logs %q", got)
	}
}

// TestServeWarns listens on addresses that other machines can reach, and on some that they cannot.
func TestServeWarns(t *testing.T) {
	t.Parallel()
	for address, warned := range map[string]bool{"127.0.0.1:0": false, "localhost:0": false, "0.0.0.0:0": true, ":0": true} {
		ctx, cancel := context.WithCancel(t.Context())
		out, in := io.Pipe()
		var errs bytes.Buffer
		status := make(chan int, 1)
		go func() {
			status <- run(ctx, cli.Streams{Out: in, Err: &errs}, []string{"serve", "--addr", address})
			in.Close()
		}()
		lines := bufio.NewScanner(out)
		lines.Scan()
		url := lines.Text()
		lines.Scan()
		cancel()
		if got := <-status; got != cli.OK || strings.Contains(errs.String(), "warning: other machines can reach "+url) != warned {
			t.Errorf("%s: status %d, %s: %s", address, got, url, &errs)
		}
	}
	for address, here := range map[string]bool{"[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "[::]:1": false, "192.0.2.1:1": false, "example.com:1": false, net.JoinHostPort("%", "1"): false} {
		if got := onlyHere(fmt.Sprintf("http://%s", address)); got != here {
			t.Errorf("%s: got %v", address, got)
		}
	}
}
