package batchotel_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	batchotel "github.com/seed-111a911e/messagebatches/otel"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	for name, tt := range map[string]struct {
		run  func(*testing.T, *batchtest.Service, *client.Client)
		want string
	}{
		"create/retried": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Inject(batchtest.Create, overloaded)
			if _, err := c.Create(t.Context(), requests("a", "b")); err != nil {
				t.Fatal(err)
			}
		}, `
create_batch name=create_batch name=anthropic status=in_progress requests=2 port=80
  * retry type=overloaded_error attempt=1
  POST /v1/messages/batches type=529 status_code=529 template=/v1/messages/batches port=80
  POST /v1/messages/batches status_code=200 resend_count=1 template=/v1/messages/batches port=80
`},
		"create/uncertain": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Inject(batchtest.Create, batchtest.DropAfter())
			if _, err := c.Create(t.Context(), requests("a")); err == nil {
				t.Fatal("the response was not lost")
			}
		}, `
create_batch name=create_batch name=anthropic type=uncertain requests=1 port=80 error
  POST /v1/messages/batches type=_OTHER template=/v1/messages/batches port=80 error
`},
		"create/refused": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Inject(batchtest.Create, batchtest.Fail(403, "permission_error", "No."))
			if _, err := c.Create(t.Context(), requests("a")); err == nil {
				t.Fatal("not refused")
			}
		}, `
create_batch name=create_batch name=anthropic type=permission_error requests=1 port=80 error
  POST /v1/messages/batches type=403 status_code=403 template=/v1/messages/batches port=80
`},
		"wait/poll fails": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			batch, err := s.Client().Create(t.Context(), requests("a"))
			if err != nil {
				t.Fatal(err)
			}
			s.Inject(batchtest.Get, batchtest.Status(502, "<html>"))
			if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(0, 0)); err != nil {
				t.Fatal(err)
			}
		}, `
wait_for_batch name=wait_for_batch name=anthropic status=ended port=80
  * poll failed type=502
  GET /v1/messages/batches/{message_batch_id} type=502 status_code=502 template=/v1/messages/batches/{message_batch_id} port=80
  GET /v1/messages/batches/{message_batch_id} status_code=200 template=/v1/messages/batches/{message_batch_id} port=80
`},
		"results/resumed": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, "a", "b", "c")
			s.Inject(batchtest.Results, batchtest.Truncate(2))
			if n, err := read(t, c, id); n != 3 || err != nil {
				t.Fatal(n, err)
			}
		}, `
get_results name=get_results name=anthropic port=80 succeeded=3
  * stream ended stream=1 resumed=false lines=2 results=2
  * retry type=connection attempt=1
  * stream ended stream=2 resumed=true lines=3 results=1
  GET /v1/messages/batches/{message_batch_id} status_code=200 template=/v1/messages/batches/{message_batch_id} port=80
  GET /v1/messages/batches/{message_batch_id}/results status_code=200 template=/v1/messages/batches/{message_batch_id}/results port=80
  GET /v1/messages/batches/{message_batch_id}/results status_code=200 template=/v1/messages/batches/{message_batch_id}/results port=80
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(time.Second))
				x := newTelemetry(t)
				tt.run(t, s, s.Client(x.hooks))
				got := x.tree("gen_ai.operation.name", "gen_ai.provider.name", "error.type", "messagebatches.batch.status", "messagebatches.requests",
					"http.response.status_code", "http.request.resend_count", "url.template", "server.port", "messagebatches.attempt",
					"messagebatches.stream", "messagebatches.resumed", "messagebatches.lines", "messagebatches.results", "messagebatches.results.succeeded")
				if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); diff != "" {
					t.Errorf("spans (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestSpanOfOneRequest checks all attributes of an HTTP request's span.
func TestSpanOfOneRequest(t *testing.T) {
	t.Parallel()
	s, x := batchtest.New(t), newTelemetry(t)
	batch, err := s.Client(x.hooks).Create(t.Context(), requests("a"))
	if err != nil {
		t.Fatal(err)
	}
	call := s.Calls(batchtest.Create)[0]
	got := make(map[string]string)
	for _, a := range x.spans.Ended()[0].Attributes() {
		got[string(a.Key)] = a.Value.String()
	}
	for name, want := range map[string]string{
		"http.request.method": "POST", "http.response.status_code": "200", "url.template": "/v1/messages/batches",
		"http.response.header.request-id": `["` + call.RequestID + `"]`,
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	for _, name := range []string{"url.full", "server.address", "server.port", "http.request.body.size", "http.response.body.size", "network.protocol.version"} {
		if got[name] == "" || got[name] == "0" {
			t.Errorf("%s is %q", name, got[name])
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("there are other attributes: %v", got)
	}
	if v := x.tree("messagebatches.batch.id"); !strings.Contains(v, "id="+batch.ID) {
		t.Errorf("the span of the call does not name the batch: %s", v)
	}
}

func TestPropagation(t *testing.T) {
	t.Parallel()
	member, err := baggage.NewMember("team", "billing")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		opts    []batchotel.Option
		parent  bool
		baggage string
	}{
		"trace context": {nil, true, ""},
		"baggage":       {[]batchotel.Option{batchotel.WithPropagator(propagation.Baggage{})}, false, "team=billing"},
		"nothing":       {[]batchotel.Option{batchotel.WithPropagator(nil)}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, x := batchtest.New(t), newTelemetry(t, tt.opts...)
			ctx := baggage.ContextWithBaggage(t.Context(), bag)
			if _, err := s.Client(x.hooks).Create(ctx, requests("a")); err != nil {
				t.Fatal(err)
			}
			header := s.Calls(batchtest.Create)[0].Header
			sent := oteltrace.SpanContextFromContext(propagation.TraceContext{}.Extract(t.Context(), propagation.HeaderCarrier(header)))
			if attempt := x.spans.Ended()[0].SpanContext(); tt.parent != sent.IsValid() || tt.parent && sent.SpanID() != attempt.SpanID() {
				t.Errorf("traceparent is %q, the attempt is span %s", header.Get("traceparent"), attempt.SpanID())
			}
			if got := header.Get("baggage"); got != tt.baggage {
				t.Errorf("baggage is %q", got)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]batchotel.Option{
		"tracers": batchotel.WithTracerProvider(nil), "meters": batchotel.WithMeterProvider(nil), "labels": batchotel.WithLabels(nil),
	} {
		if _, err := batchotel.Hooks(o); err == nil {
			t.Errorf("%s: nil is accepted", name)
		}
	}
}
