package foreign

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// mockCases are the calls that a mock must handle. Results are not among them, because prism does not write JSON Lines.
// Its status for an invalid body is 422 if the contract allows that, as 4XX does.
var mockCases = []mockCase{
	{"retrieve, asked for 400", "GET", "/x", "", 400, 400, "invalid_request_error"},
	{"retrieve, asked for 401", "GET", "/x", "", 401, 401, "authentication_error"},
	{"retrieve, asked for 404", "GET", "/x", "", 404, 404, "not_found_error"},
	{"create, asked for 413", "POST", "", newerRequest, 413, 413, "request_too_large"},
	{"create, asked for 429", "POST", "", newerRequest, 429, 429, "rate_limit_error"},
	{"create, a body that is not a batch", "POST", "", `{"requests": 1}`, 0, 422, "invalid_request_error"},
	{"create, newer model and beta, custom tool", "POST", "", newerRequest, 0, 200, ""},
	{"create without credentials", "POST", "", newerRequest, 0, 401, "authentication_error"},
	{"list, newer beta", "GET", "", "", 0, 200, ""},
}

type mockCase struct {
	name, method, path, body string
	prefer                   int // status to ask for; 0 for the normal one
	status                   int
	errorType                string // empty: no error
}

const newerRequest = `{"requests": [{"custom_id": "a", "params": {"model": "claude-opus-9", "max_tokens": 16,
	"tools": [{"name": "get_weather", "input_schema": {"type": "object"}}], "messages": [{"role": "user", "content": "Hello"}]}}]}`

// prism starts a mock of the contract on loopback and sends it mockCases.
func prism(ctx context.Context, r *Run) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.CommandContext(ctx, r.bin("prism"), "mock", "--host", host, "--port", port, r.Contract)
	cmd.WaitDelay = time.Second
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait() //nolint:errcheck // it is killed
	defer cancel()
	var log strings.Builder
	lines := bufio.NewScanner(output)
	for ready := false; !ready; ready = strings.Contains(lines.Text(), "is listening") {
		if !lines.Scan() {
			return []string{"prism does not start: " + log.String()}, nil
		}
		fmt.Fprintln(&log, lines.Text())
	}
	go io.Copy(io.Discard, output)
	return askMock("http://"+address, mockCases), nil
}

// freeAddress returns an address on loopback whose port was free a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// askMock sends the cases and reports the wrong responses.
func askMock(base string, cases []mockCase) (findings []string) {
	for _, c := range cases {
		if err := c.ask(base); err != nil {
			findings = append(findings, c.name+": "+err.Error())
		}
	}
	return findings
}

func (c mockCase) ask(base string) error {
	req, err := http.NewRequest(c.method, base+"/v1/messages/batches"+c.path+"?beta=true", strings.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header.Set("anthropic-version", "2023-06-01")
	req.Header.Set("anthropic-beta", "output-300k-2026-03-24") // always sent, because prism crashes if a header with a list is absent
	if c.status == http.StatusOK {
		req.Header.Set("anthropic-beta", "newer-2027-01-01")
	}
	req.Header.Set("content-type", "application/json")
	if c.status != http.StatusUnauthorized || c.prefer != 0 {
		req.Header.Set("x-api-key", "key")
	}
	if c.prefer != 0 {
		req.Header.Set("prefer", "code="+strconv.Itoa(c.prefer))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != c.status {
		return fmt.Errorf("status %d, want %d: %s", resp.StatusCode, c.status, body)
	}
	if c.errorType == "" {
		return nil
	}
	var failure struct{ Error struct{ Type string } }
	if err := json.Unmarshal(body, &failure); err != nil {
		return errors.Join(fmt.Errorf("status %d, not the API's error", resp.StatusCode), err)
	}
	if failure.Error.Type != c.errorType {
		return fmt.Errorf("status %d with %q, want %q", resp.StatusCode, failure.Error.Type, c.errorType)
	}
	return nil
}
