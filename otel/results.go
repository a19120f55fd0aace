package batchotel

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// A tally holds the totals of the results of one call.
type tally struct {
	outcomes map[string]int64
	tokens   bulk.Tokens
}

type tallyKey struct{}

func withTally(ctx context.Context) context.Context {
	return context.WithValue(ctx, tallyKey{}, &tally{outcomes: make(map[string]int64)})
}

func tallyOf(ctx context.Context) *tally {
	t, _ := ctx.Value(tallyKey{}).(*tally)
	return t
}

func (t *tally) attributes() []attribute.KeyValue {
	if len(t.outcomes) == 0 {
		return nil
	}
	var a []attribute.KeyValue
	for outcome, n := range t.outcomes {
		a = append(a, attribute.Int64("messagebatches.results."+outcome, n))
	}
	return append(a,
		semconv.GenAIUsageInputTokens(int(input(t.tokens))), semconv.GenAIUsageOutputTokens(int(t.tokens.Output)),
		semconv.GenAIUsageCacheReadInputTokens(int(t.tokens.CacheRead)),
		semconv.GenAIUsageCacheCreationInputTokens(int(t.tokens.CacheWrite5m+t.tokens.CacheWrite1h)))
}

// input returns all input tokens, including cache tokens.
func input(n bulk.Tokens) int64 { return n.Input + n.CacheWrite5m + n.CacheWrite1h + n.CacheRead }

// result measures one result.
func (o *observer) result(ctx context.Context, item *client.Item) {
	outcome := outcomeOf(item)
	labels := o.labels(ctx, item)
	described := append([]attribute.KeyValue{attribute.String("messagebatches.outcome", outcome)}, labels...)
	if m := item.Message(); m != nil {
		described = append(described, semconv.GenAIResponseModel(bounded(string(m.Model))), attribute.String("messagebatches.stop_reason", bounded(string(m.StopReason))))
	}
	if err := item.Err(); outcome == "errored" {
		described = append(described, errorType(err))
	}
	o.results.Add(ctx, 1, metric.WithAttributes(described...))

	var used bulk.Totals
	if outcome != "damaged" { // a duplicate was counted when it first came
		used.Add(item)
	}
	for model, n := range used.Models {
		o.used(ctx, model, n, labels)
	}
	if o.prices != nil && !used.IsZero() && item.Message() != nil {
		o.priced(ctx, item, &used, labels)
	}
	if t := tallyOf(ctx); t != nil {
		t.outcomes[outcome]++
		n := used.Tokens()
		t.tokens.Input += n.Input
		t.tokens.CacheWrite5m += n.CacheWrite5m
		t.tokens.CacheWrite1h += n.CacheWrite1h
		t.tokens.CacheRead += n.CacheRead
		t.tokens.Output += n.Output
	}
}

// used measures the tokens of one result and one model.
func (o *observer) used(ctx context.Context, model client.Model, n bulk.Tokens, labels []attribute.KeyValue) {
	of := append([]attribute.KeyValue{semconv.GenAIResponseModel(bounded(string(model))), provider}, labels...)
	of = slices.Clip(of)
	for _, kind := range []struct {
		name string
		n    int64
	}{
		{"input", n.Input}, {"cache_write_5m", n.CacheWrite5m}, {"cache_write_1h", n.CacheWrite1h}, {"cache_read", n.CacheRead},
		{"output", n.Output},
	} {
		if kind.n > 0 {
			o.tokens.Add(ctx, kind.n, metric.WithAttributes(append(of, attribute.String("messagebatches.token.kind", kind.name))...))
		}
	}
	of = append(of, semconv.GenAIOperationNameChat)
	of = slices.Clip(of)
	o.tokenUsage.Record(ctx, input(n), metric.WithAttributes(append(of, semconv.GenAITokenTypeInput)...))
	o.tokenUsage.Record(ctx, n.Output, metric.WithAttributes(append(of, semconv.GenAITokenTypeOutput)...))
}

// priced measures the cost of one result. All of it counts for the model of the message, including calls to advisor
// models.
func (o *observer) priced(ctx context.Context, item *client.Item, used *bulk.Totals, labels []attribute.KeyValue) {
	cost, err := used.Cost(*o.prices)
	var unpriced *bulk.PriceError
	if errors.As(err, &unpriced) {
		cost = unpriced.Rest
	}
	if cost > 0 {
		o.cost.Add(ctx, cost.Float64(), metric.WithAttributes(append([]attribute.KeyValue{semconv.GenAIResponseModel(bounded(string(item.Message().Model)))}, labels...)...))
	}
}

// outcomeOf returns the type of a result, or "damaged" for a line without one, and for a duplicate.
func outcomeOf(item *client.Item) string {
	if item.Result == nil || item.Malformed != nil && errors.Is(item.Malformed, client.ErrDuplicateResult) {
		return "damaged"
	}
	switch name := item.Result.Discriminator(); name {
	case "succeeded", "errored", "canceled", "expired":
		return name
	}
	return "other"
}

// bounded bounds the length of a name from the service.
func bounded(s string) string {
	const longest = 100
	if len(s) > longest {
		return s[:longest]
	}
	return s
}
