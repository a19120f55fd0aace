package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args   []string
		status int
		out    string // what standard output begins with
	}{
		"format/YAML": {nil, cli.OK, messagebatches.OpenAPI()},
		"format/page": {[]string{"--html"}, cli.OK, "<!doctype html>"},
		"usage/help":  {[]string{"-h"}, cli.OK, "Writes the contract"},
		"usage/flag":  {[]string{"--pdf"}, cli.Failed, ""},
		"usage/file":  {[]string{"a"}, cli.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, log bytes.Buffer
			status := run(t.Context(), cli.Streams{Out: &out, Err: &log}, append([]string{"contract"}, tt.args...))
			if status != tt.status || !strings.HasPrefix(out.String(), tt.out) || (out.Len() == 0) == (log.Len() == 0) {
				t.Errorf("status %d, %d bytes, %s", status, out.Len(), log.String())
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestContractNotWritten(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	if status := run(t.Context(), cli.Streams{Out: fullDisk{}, Err: &log}, []string{"contract"}); status != cli.Failed || !strings.Contains(log.String(), "disk full") {
		t.Errorf("status %d, %s", status, log.String())
	}
}

// TestServePage checks that serve shows the contract at the root, and that the fake serves everything else.
func TestServePage(t *testing.T) {
	t.Parallel()
	url, stop := startServe(t)
	defer stop()
	for path, want := range map[string]struct {
		status      int
		contentType string
	}{
		"/":     {200, "text/html; charset=utf-8"},
		"/else": {404, "application/json"},
	} {
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := resp.Header.Get("content-type"); err != nil || resp.StatusCode != want.status || got != want.contentType {
			t.Errorf("%s: %d %s, %v: %.80q", path, resp.StatusCode, got, err, body)
		}
	}
}
