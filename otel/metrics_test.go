package batchotel_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	batchotel "github.com/seed-111a911e/messagebatches/otel"
)

var prices = bulk.Prices{Models: map[client.Model]bulk.Price{client.ModelClaudeOpus5: {Input: 5, Output: 25, CacheRead: 0.5, CacheWrite5m: 6.25, CacheWrite1h: 10}}}

// team labels results with the part of the custom ID before the first hyphen.
func team(_ context.Context, item *client.Item) []attribute.KeyValue {
	name, _, _ := strings.Cut(item.CustomID, "-")
	return []attribute.KeyValue{attribute.String("team", name)}
}

func TestMetricsOfResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Second))
		s.Answer("red-2", batchtest.Errored(&client.InvalidRequestError{Message: "No."}))
		id := ended(t, s, "red-1", "red-2", "blue-1")
		s.Inject(batchtest.Results, batchtest.Truncate(1))
		x := newTelemetry(t, batchotel.WithPrices(prices), batchotel.WithLabels(team))
		if n, err := read(t, s.Client(x.hooks), id); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		// The totals according to the results themselves.
		var red, blue bulk.Totals
		for item, err := range s.Client().Results(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(item.CustomID, "red") {
				red.Add(item)
			} else {
				blue.Add(item)
			}
		}
		lines := x.metrics(t)
		want := []string{
			"messagebatches.results{error.type=invalid_request_error,messagebatches.outcome=errored,team=red} 1",
			"messagebatches.results{gen_ai.response.model=claude-opus-5,messagebatches.outcome=succeeded,messagebatches.stop_reason=end_turn,team=blue} 1",
			"messagebatches.results{gen_ai.response.model=claude-opus-5,messagebatches.outcome=succeeded,messagebatches.stop_reason=end_turn,team=red} 1",
		}
		if diff := cmp.Diff(want, begin(lines, "messagebatches.results")); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		for name, totals := range map[string]bulk.Totals{"red": red, "blue": blue} {
			n := totals.Tokens()
			cost, err := totals.Cost(prices)
			if err != nil || n.Input == 0 || n.Output == 0 {
				t.Fatal(n, err)
			}
			for _, line := range []string{
				fmt.Sprintf("messagebatches.tokens{gen_ai.response.model=claude-opus-5,messagebatches.token.kind=input,team=%s} %d", name, n.Input),
				fmt.Sprintf("messagebatches.tokens{gen_ai.response.model=claude-opus-5,messagebatches.token.kind=output,team=%s} %d", name, n.Output),
				fmt.Sprintf("messagebatches.cost{gen_ai.response.model=claude-opus-5,team=%s} %.6g", name, cost.Float64()),
				fmt.Sprintf("gen_ai.client.token.usage{gen_ai.operation.name=chat,gen_ai.response.model=claude-opus-5,gen_ai.token.type=input,team=%s} n=1 sum=%d", name, n.Input),
				fmt.Sprintf("gen_ai.client.token.usage{gen_ai.operation.name=chat,gen_ai.response.model=claude-opus-5,gen_ai.token.type=output,team=%s} n=1 sum=%d", name, n.Output),
			} {
				if !strings.Contains(strings.Join(lines, "\n")+"\n", line+"\n") {
					t.Errorf("there is no %s in\n%s", line, strings.Join(lines, "\n"))
				}
			}
		}
	})
}

func TestMetricsOfCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		x := newTelemetry(t)
		c := s.Client(x.hooks)
		waits := func(batches, requests int) {
			t.Helper()
			want := []string{fmt.Sprintf("messagebatches.batches.waiting{} %d", batches), fmt.Sprintf("messagebatches.requests.waiting{} %d", requests)}
			if diff := cmp.Diff(want, begin(x.metrics(t), "messagebatches.batches.waiting", "messagebatches.requests.waiting")); diff != "" {
				t.Errorf("waiting (-want +got):\n%s", diff)
			}
		}
		waits(0, 0)
		s.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."), nil, nil, batchtest.DropAfter())
		first, err := c.Create(t.Context(), requests("a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		waits(1, 2)
		second, err := c.Create(t.Context(), requests("c"))
		if err != nil {
			t.Fatal(err)
		}
		waits(2, 3)
		if _, err := c.Create(t.Context(), requests("d")); err == nil {
			t.Fatal("the response was not lost")
		}
		if _, err := c.Wait(t.Context(), first.ID, client.WithPollInterval(time.Minute, 0)); err != nil {
			t.Fatal(err)
		}
		waits(1, 1)
		if n, err := read(t, c, second.ID); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		waits(0, 0)
		s.Inject(batchtest.Results, batchtest.Times(2, batchtest.Truncate(1))...)
		if _, err := read(t, c, first.ID); err == nil {
			t.Fatal("the results are complete")
		}
		if _, err := c.Get(t.Context(), "msgbatch_none", client.WithRetry(client.Retry{MaxAttempts: 1})); err == nil {
			t.Fatal("no error")
		}
		want := []string{
			"gen_ai.client.operation.duration{error.type=incomplete,gen_ai.operation.name=get_results} n=1",
			"gen_ai.client.operation.duration{error.type=not_found_error,gen_ai.operation.name=get_batch} n=1",
			"gen_ai.client.operation.duration{error.type=uncertain,gen_ai.operation.name=create_batch} n=1",
			"gen_ai.client.operation.duration{gen_ai.operation.name=create_batch} n=2",
			"gen_ai.client.operation.duration{gen_ai.operation.name=get_results} n=1",
			"gen_ai.client.operation.duration{gen_ai.operation.name=wait_for_batch} n=1",
			"messagebatches.incomplete{} 1",
			"messagebatches.retries{error.type=connection,gen_ai.operation.name=get_results} 1",
			"messagebatches.retries{error.type=overloaded_error,gen_ai.operation.name=create_batch} 1",
			"messagebatches.uncertain{} 1",
		}
		lines := x.metrics(t)
		if diff := cmp.Diff(want, begin(lines, "gen_ai.client.operation.duration", "messagebatches.incomplete", "messagebatches.uncertain", "messagebatches.retries")); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		for _, line := range []string{
			"http.client.request.duration{error.type=529,http.request.method=POST,http.response.status_code=529,url.template=/v1/messages/batches} n=1",
			"http.client.request.duration{error.type=_OTHER,http.request.method=POST,url.template=/v1/messages/batches} n=1",
			"http.client.request.duration{http.request.method=POST,http.response.status_code=200,url.template=/v1/messages/batches} n=2",
			"http.client.request.duration{error.type=404,http.request.method=GET,http.response.status_code=404,url.template=/v1/messages/batches/{message_batch_id}} n=1",
			"http.client.request.duration{http.request.method=GET,http.response.status_code=200,url.template=/v1/messages/batches/{message_batch_id}/results} n=3",
		} {
			if !strings.Contains(strings.Join(lines, "\n")+"\n", line+"\n") {
				t.Errorf("there is no %s in\n%s", line, strings.Join(lines, "\n"))
			}
		}
	})
}

// TestForgottenBatches checks that a batch that is no longer observed does not count as waiting forever.
func TestForgottenBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, x := batchtest.New(t), newTelemetry(t)
		if _, err := s.Client(x.hooks).Create(t.Context(), requests("a")); err != nil {
			t.Fatal(err)
		}
		for _, wait := range []struct {
			time.Duration
			want string
		}{{24 * time.Hour, "messagebatches.requests.waiting{} 1"}, {2 * time.Hour, "messagebatches.requests.waiting{} 0"}} {
			<-time.After(wait.Duration)
			if got := begin(x.metrics(t), "messagebatches.requests.waiting"); len(got) != 1 || got[0] != wait.want {
				t.Errorf("got %v, want %s", got, wait.want)
			}
		}
	})
}
