package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/conformance/internal/loopback"
	"github.com/seed-111a911e/messagebatches/gen"
)

// streamWorkloads use the whole client and a server on loopback that does as little as possible.
func streamWorkloads() []workload {
	return []workload{
		{"create-copy", 0.5, "io.Copy of the body", createCopy},
		{"create-json", 1.8, "decode and Create", createJSON},
		{"results-stream", 0.6, "decoding from memory", resultsStream},
	}
}

// serve starts a server that reads create bodies to their end, counts their bytes in received, and sends results.
func serve(received *int, results []byte, lines int) (url string) {
	return loopback.Serve(func(url string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				n, err := io.Copy(io.Discard, r.Body)
				if err != nil {
					panic(err)
				}
				*received = int(n)
			}
			if strings.HasSuffix(r.URL.Path, "/results") {
				w.Header().Set("content-type", "application/x-jsonl")
				w.Write(results)
				return
			}
			loopback.WriteBatch(w, url, lines)
		}
	})
}

// batchOf returns about size bytes of requests with texts of the given length.
func batchOf(size, text int) (p []client.Request, lines []byte) {
	content := document(text)
	for i := 0; len(lines) < size; i++ {
		r := client.Request{CustomID: fmt.Sprintf("request-%d", i), Params: client.Params{
			Model: gen.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(content)},
		}}
		p = append(p, r)
		var err error
		if lines, err = r.AppendJSON(lines); err != nil {
			panic(err)
		}
		lines = append(lines, '\n')
	}
	return p, lines
}

// createCopy sends a large batch, and copies its body to the same server.
func createCopy() sides {
	var received int
	url := serve(&received, nil, 0)
	c := loopback.Client(url)
	p, _ := batchOf(249_000_000, 20_000)
	body, err := (&gen.BetaCreateMessageBatchParams{Requests: p}).AppendJSON(nil)
	if err != nil {
		panic(err)
	}
	return sides{bytes: len(body), items: len(p),
		ours: func() int {
			if _, err := c.Create(context.Background(), p); err != nil {
				panic(err)
			}
			return received
		},
		other: func() int {
			resp, err := http.Post(url, "application/json", bytes.NewReader(body))
			if err != nil {
				panic(err)
			}
			resp.Body.Close()
			return received
		},
	}
}

// createJSON sends lines, and the same lines after decoding them into requests.
func createJSON() sides {
	var received int
	c := loopback.Client(serve(&received, nil, 0))
	p, lines := batchOf(50_000_000, 500)
	return sides{bytes: len(lines), items: len(p),
		ours: func() int {
			if _, err := c.CreateLines(context.Background(), bytes.NewReader(lines)); err != nil {
				panic(err)
			}
			return received
		},
		other: func() int {
			var p []client.Request
			for line := range bytes.Lines(lines) {
				var r client.Request
				if err := r.UnmarshalJSON(line); err != nil {
					panic(err)
				}
				p = append(p, r)
			}
			if _, err := c.Create(context.Background(), p); err != nil {
				panic(err)
			}
			return received
		},
	}
}

// resultsStream reads results over a connection, and decodes the same lines from memory.
func resultsStream() sides {
	const lines = 20_000
	var data []byte
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 85)
	for i := range lines {
		data = append(data, resultLine("request-"+strconv.Itoa(i), `{"type":"text","text":`+quote(text)+`}`)...)
	}
	c := loopback.Client(serve(new(int), data, lines))
	return sides{bytes: len(data), items: lines,
		ours: func() (sum int) {
			for item, err := range c.Results(context.Background(), "msgbatch_1") {
				if err != nil {
					panic(err)
				}
				sum += len(item.CustomID) + read(item.Message())
			}
			return sum
		},
		other: func() (sum int) {
			for line := range bytes.Lines(data) {
				var item client.Item // it keeps the line, as items of Results do
				if err := item.UnmarshalJSON(line); err != nil {
					panic(err)
				}
				sum += len(item.CustomID) + read(item.Message())
			}
			return sum
		},
	}
}
