package client_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestGatewayLinesAreNotResults ends streams of three results with a line that is not the service's.
func TestGatewayLinesAreNotResults(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"text":             "upstream error",
		"error":            `{"error":{"type":"bad_gateway","message":"Oops."}}`,
		"object":           `{}`,
		"null":             `null`,
		"number":           `502`,
		"page":             `<html>Bad gateway</html>`,
		"other case of id": `{"Custom_ID":"r9","result":{"type":"canceled"}}`,
		"empty id":         `{"custom_id":"","result":{"type":"canceled"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
				batch := create(t, c, 3)
				for n := range 3 { // results before it
					s.Inject(batchtest.Results, batchtest.Gateway(n, line))
					results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
					if len(results) != 3 || len(damaged) > 1 || err != nil {
						t.Errorf("%d lines and it, once: %d results, %d damaged lines, %v", n, len(results), len(damaged), err)
					}
					s.Inject(batchtest.Results, batchtest.Times(2, batchtest.Gateway(n, line))...)
					results, damaged, err = collect(t, c.Results(t.Context(), batch.ID))
					if len(results) != n || n > 0 && (len(damaged) != 1 || !isIncomplete(int64(n), 3)(err)) || err == nil {
						t.Errorf("%d lines and it, always: %d results, %d damaged lines, %v", n, len(results), len(damaged), err)
					}
				}
			})
		})
	}
}

// TestResultsContinueAfterADamagedLine reads results with each kind of damage in each place.
func TestResultsContinueAfterADamagedLine(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(line []byte) []byte{
		"half a line":      func(l []byte) []byte { return append(l[:len(l)/2:len(l)/2], '\n') },
		"text":             func([]byte) []byte { return []byte("garbage\n") },
		"no id":            func(l []byte) []byte { return bytes.Replace(l, []byte(`"custom_id"`), []byte(`"custom"`), 1) },
		"no result":        func(l []byte) []byte { return bytes.Replace(l, []byte(`"result"`), []byte(`"outcome"`), 1) },
		"two lines in one": func(l []byte) []byte { return append(bytes.TrimSpace(l), l...) },
		"an error": func([]byte) []byte {
			return []byte(`{"custom_id":"r0","type":"error","error":{"type":"api_error"}}` + "\n")
		},
		"a malformed field": func(l []byte) []byte {
			return bytes.Replace(l, []byte(`"output_tokens":`), []byte(`"output_tokens":"?","x":`), 1)
		},
		"binary": func([]byte) []byte { return []byte("\x00\xff\xfe\n") },
		"an id that is none": func(l []byte) []byte {
			return bytes.Replace(l, []byte(`"custom_id":`), []byte(`"custom_id":5,"x":`), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
				batch := create(t, c, 5)
				for i := range 5 {
					want, streams := 4, 2
					if name == "a malformed field" {
						want, streams = 5, 1
					}
					s.Inject(batchtest.Results, batchtest.Times(streams, batchtest.Rewrite(func(b []byte) []byte {
						lines := bytes.SplitAfter(b, []byte("\n"))
						lines[i] = damage(lines[i])
						return bytes.Join(lines, nil)
					}))...)
					have := make(map[string]bool)
					damaged := 0
					read := func() error {
						for item, err := range c.Results(t.Context(), batch.ID) {
							if err != nil {
								return err
							}
							if item.Malformed != nil {
								damaged++
							}
							if item.Message() != nil && item.CustomID != "" {
								have[item.CustomID] = true
							}
						}
						return nil
					}
					err := read()
					if len(have) != want || damaged != 1 || want == 4 && !isIncomplete(4, 5)(err) || want == 5 && err != nil {
						t.Errorf("line %d: %d results, %d damaged lines, %v", i, len(have), damaged, err)
					}
				}
			})
		})
	}
}

// TestErrorInPlaceOfOneResult checks that such an error affects only that request.
func TestErrorInPlaceOfOneResult(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 5)
		replace := batchtest.Rewrite(func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			for i, line := range lines {
				if bytes.Contains(line, []byte(`"r2"`)) {
					lines[i] = []byte(`{"custom_id":"r2","type":"error","error":{"type":"overloaded_error","message":"Busy."}}` + "\n")
				}
			}
			return bytes.Join(lines, nil)
		})
		s.Inject(batchtest.Results, replace, replace)
		results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
		if len(results) != 4 || len(damaged) != 1 || damaged[0].CustomID != "r2" || !isIncomplete(4, 5)(err) {
			t.Fatalf("%d results, damaged lines %+v, %v", len(results), damaged, err)
		}
		var lineErr *client.LineError
		if !errors.As(damaged[0].Err(), &lineErr) || lineErr.CustomID != "r2" || !strings.Contains(string(damaged[0].Raw), "Busy.") {
			t.Errorf("got %+v", damaged[0])
		}
		s.Inject(batchtest.Results, replace) // another stream has the result
		if results, damaged, err = collect(t, c.Results(t.Context(), batch.ID)); len(results) != 5 || len(damaged) != 0 || err != nil {
			t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
		}
		s.Inject(batchtest.Results, batchtest.Insert(2, `{"type":"error","error":{"type":"invalid_request_error","message":"?"}}`)) // without a request
		if results, damaged, err = collect(t, c.Results(t.Context(), batch.ID)); len(results) != 5 || len(damaged) != 0 || err != nil {
			t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
		}
	})
}
