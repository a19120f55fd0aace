package conformance_test

import (
	"context"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The tests of this file are the rows of the README's table in which the official SDK has more.

// TestDifferenceWholeAPI shows what the SDK has besides batches.
func TestDifferenceWholeAPI(t *testing.T) {
	t.Parallel()
	theirs := reflect.TypeFor[anthropic.Client]()
	for _, service := range []string{"Messages", "Models", "Files", "Skills", "Organization", "Beta"} {
		if _, ok := theirs.FieldByName(service); !ok {
			t.Errorf("SDK: has no %s", service)
		}
	}
	for _, method := range []string{"NewStreaming", "CountTokens"} {
		if _, ok := reflect.TypeFor[*anthropic.BetaMessageService]().MethodByName(method); !ok {
			t.Errorf("SDK: messages have no %s", method)
		}
	}
	var ours []string
	for method := range reflect.TypeFor[*client.Client]().Methods() {
		ours = append(ours, method.Name)
	}
	if want := []string{"Cancel", "Candidates", "Create", "CreateLines", "Delete", "Get", "List", "Raw", "Results", "String", "Wait", "Watermark"}; !slices.Equal(ours, want) {
		t.Errorf("ours: has %v, want %v", ours, want)
	}
}

// TestDifferenceClouds shows the platforms for which the SDK has clients, and the errors of New for their base URLs. Of
// these only Claude Platform on AWS has batches, which both can create there.
func TestDifferenceClouds(t *testing.T) {
	t.Parallel()
	const sdk = "github.com/anthropics/anthropic-sdk-go/v2"
	out, err := exec.Command("go", "list", "-e", "-find", sdk+"/bedrock", sdk+"/vertex", sdk+"/foundry", sdk+"/googlecloud", sdk+"/aws").Output()
	if err != nil || len(strings.Fields(string(out))) != 5 {
		t.Errorf("SDK: has %s, %v", out, err)
	}
	for base, platform := range map[string]string{
		"https://bedrock-runtime.us-east-1.amazonaws.com":   "Amazon Bedrock",
		"https://us-east5-aiplatform.googleapis.com":        "Vertex AI",
		"https://resource.services.ai.azure.com/anthropic":  "Microsoft Foundry",
		"https://aws-external-anthropic.us-west-2.api.aws/": "",
	} {
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key"), client.WithBaseURL(base))
		if (err == nil) != (platform == "") || err != nil && !strings.Contains(err.Error(), platform) {
			t.Errorf("ours: %s: %v", base, err)
		}
	}
}

// spanNames is a tracer that records the names of spans.
type spanNames struct {
	embedded.Tracer
	names []string
}

func (s *spanNames) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	s.names = append(s.names, name)
	return noop.NewTracerProvider().Tracer("").Start(ctx, name, opts...)
}

// providerOf is a tracer provider with one tracer.
type providerOf struct {
	embedded.TracerProvider
	tracer trace.Tracer
}

func (p providerOf) Tracer(string, ...trace.TracerOption) trace.Tracer { return p.tracer }

// TestDifferenceTelemetry traces a create that is refused once, with 429. The SDK itself makes a span for the call;
// ours reports the call and both attempts to hooks, such as those of module otel.
func TestDifferenceTelemetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var spans spanNames
		var reported []string
		sdk := newForeign(t, batchtest.New(t), option.WithMaxRetries(2), option.WithTracerProvider(providerOf{tracer: &spans}))
		service := batchtest.New(t)
		c := service.Client(client.WithHooks(client.Hooks{
			EndAttempt: func(_ context.Context, e client.AttemptEnd) {
				reported = append(reported, fmt.Sprintf("attempt %d: %d", e.Attempt, e.Status))
			},
			EndCall: func(_ context.Context, e client.CallEnd) { reported = append(reported, e.Op) },
		}))
		for _, s := range []*batchtest.Service{sdk.service, service} {
			s.Inject(batchtest.Create, batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "1"))
		}
		if _, err := sdk.New(t.Context(), theirs("a")); err != nil || len(spans.names) != 1 || len(sdk.service.Calls(batchtest.Create)) != 2 {
			t.Errorf("SDK: %v, spans %q, not one", err, spans.names)
		}
		if _, err := c.Create(t.Context(), ours("a")); err != nil || !slices.Equal(reported, []string{"attempt 1: 429", "attempt 2: 200", "create batch"}) {
			t.Errorf("ours: %v, %q", err, reported)
		}
	})
}
