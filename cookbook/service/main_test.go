package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

const request = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}}`

// do makes a call to the service.
func do(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// until repeats a call until the response has the wanted status.
func until(t *testing.T, want int, method, url string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		status, text := do(t, method, url, "")
		if status == want {
			return text
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %s: %d %s", method, url, status, text)
		}
	}
}

// A locked is a buffer that is safe for concurrent writers.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestService runs the whole program: a batch, its results, an invalid request, and the traces and metrics.
func TestService(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var telemetry locked
	done := make(chan error, 1)
	go func() { done <- serve(ctx, false, address, &telemetry) }()
	url := "http://" + address + "/batches"
	until(t, http.StatusNotFound, "GET", url+"/msgbatch_none")

	status, text := do(t, "POST", url, request)
	var batch client.Batch
	if err := json.Unmarshal([]byte(text), &batch); status != http.StatusOK || err != nil || batch.ID == "" {
		t.Fatalf("create: %d %s %v", status, text, err)
	}
	if status, text := do(t, "GET", url+"/"+batch.ID, ""); status != http.StatusOK || !strings.Contains(text, batch.ID) {
		t.Errorf("get: %d %s", status, text)
	}
	if text := until(t, http.StatusOK, "GET", url+"/"+batch.ID+"/results"); !strings.Contains(text, `"custom_id":"a"`) {
		t.Errorf("results: %s", text)
	}
	if status, text := do(t, "POST", url, `{"custom_id":"a"}`); status != http.StatusBadRequest {
		t.Errorf("a line without params: %d %s", status, text)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, name := range []string{`"Name":"create_batch"`, `"Name":"POST /v1/messages/batches"`, `"Name":"messagebatches.tokens"`} {
		if !strings.Contains(telemetry.text.String(), name) {
			t.Errorf("%s was not written: %s", name, &telemetry.text)
		}
	}
}
