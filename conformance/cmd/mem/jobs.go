package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/conformance/internal/loopback"
	"github.com/seed-111a911e/messagebatches/gen"
)

// The batches: a create body of 250 MB, and results of 1 GB in lines of 10 kB, the most lines that a batch may have.
const (
	requests    = 62_500
	requestText = 3_500
	resultLines = 100_000
	resultText  = 9_600
)

// serve starts a server that reads create bodies and makes up results.
func serve() (url string) {
	text := strings.Repeat("x", resultText)
	return loopback.Serve(func(url string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				panic(err)
			}
			if !strings.HasSuffix(r.URL.Path, "/results") {
				loopback.WriteBatch(w, url, resultLines)
				return
			}
			w.Header().Set("content-type", "application/x-jsonl")
			for i := range resultLines {
				fmt.Fprintf(w, `{"custom_id":"request-%d","result":{"type":"succeeded","message":{"id":"msg_%d","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":36}}}}`+"\n", i, i, text)
			}
		}
	})
}

func newSDK(url string) anthropic.Client {
	return anthropic.NewClient(option.WithAPIKey("key"), option.WithBaseURL(url), option.WithMaxRetries(0))
}

// text returns a text that no other request shares memory with.
func text(i int) string {
	return fmt.Sprintf("%d ", i) + strings.Repeat("The quick brown fox said \"no\".\n", requestText/31)
}

// settle releases memory that setup no longer needs.
func settle() {
	runtime.GC()
	debug.FreeOSMemory()
}

func params() (p []client.Request) {
	for i := range requests {
		p = append(p, client.Request{CustomID: fmt.Sprintf("request-%d", i), Params: client.Params{
			Model: gen.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text(i))},
		}})
	}
	return p
}

func createOurs(url string) func(context.Context) error {
	c, p := loopback.Client(url), params()
	settle()
	return func(ctx context.Context) error {
		_, err := c.Create(ctx, p)
		runtime.KeepAlive(p)
		return err
	}
}

func createTheirs(url string) func(context.Context) error {
	c := newSDK(url)
	var p anthropic.BetaMessageBatchNewParams
	for i := range requests {
		p.Requests = append(p.Requests, anthropic.BetaMessageBatchNewParamsRequest{CustomID: fmt.Sprintf("request-%d", i), Params: anthropic.BetaMessageBatchNewParamsRequestParams{
			Model: "claude-opus-5", MaxTokens: 1024, Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock(text(i)))},
		}})
	}
	settle()
	return func(ctx context.Context) error {
		_, err := c.Beta.Messages.Batches.New(ctx, p)
		runtime.KeepAlive(p)
		return err
	}
}

// createJSONOurs sends a file.
func createJSONOurs(url string) func(context.Context) error {
	c := loopback.Client(url)
	f, err := os.CreateTemp("", "mem-*.jsonl")
	if err != nil {
		panic(err)
	}
	os.Remove(f.Name()) // the file is removed when it is closed
	p := params()
	var line []byte
	for i := range p {
		if line, err = p[i].AppendJSON(line[:0]); err == nil {
			_, err = f.Write(append(line, '\n'))
		}
		if err != nil {
			panic(err)
		}
	}
	settle()
	return func(ctx context.Context) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := c.CreateLines(ctx, f)
		return err
	}
}

func resultsOurs(url string) func(context.Context) error {
	c := loopback.Client(url)
	return func(ctx context.Context) error {
		n := 0
		for item, err := range c.Results(ctx, "msgbatch_1") {
			if err != nil {
				return err
			}
			if len(item.Text()) == resultText {
				n++
			}
		}
		return whole(n)
	}
}

func resultsTheirs(url string) func(context.Context) error {
	c := newSDK(url)
	return func(ctx context.Context) error {
		n := 0
		stream := c.Beta.Messages.Batches.ResultsStreaming(ctx, "msgbatch_1", anthropic.BetaMessageBatchResultsParams{})
		for stream.Next() {
			if m := stream.Current().Result.AsSucceeded().Message; len(m.Content) == 1 && len(m.Content[0].Text) == resultText {
				n++
			}
		}
		return errors.Join(stream.Err(), whole(n))
	}
}

func whole(n int) error {
	if n != resultLines {
		return fmt.Errorf("%d results of %d", n, resultLines)
	}
	return nil
}
