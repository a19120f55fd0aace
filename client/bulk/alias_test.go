package bulk_test

import (
	"errors"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// TestCostOfSnapshots prices models by the names in responses, with prices by alias.
func TestCostOfSnapshots(t *testing.T) {
	t.Parallel()
	prices := bulk.Prices{Models: map[client.Model]bulk.Price{
		"claude-haiku-4-5": {Input: 1}, "claude-opus-4-1": {Input: 15}, "claude-opus-4-1-20250805": {Input: 30}, "free": {},
	}}
	for model, want := range map[client.Model]string{
		"claude-haiku-4-5":           "0.50",
		"claude-haiku-4-5-20251001":  "0.50",
		"claude-opus-4-1-20250805":   "15.00", // its own
		"claude-opus-4-1-20260101":   "7.50",
		"claude-haiku-4-5-2025100":   "",
		"claude-haiku-4-5-202510011": "",
		"claude-haiku-4-5-20251301":  "", // no such month
		"claude-haiku-4-5-latest":    "",
		"claude-haiku-4-520251001":   "",
		"claude-haiku-4-5x-20251001": "",
		"claude-haiku-4-20251001":    "",
		"free-20251001":              "",
		"-20251001":                  "",
	} {
		got, err := bulk.Totals{Models: map[client.Model]bulk.Tokens{model: {Input: 1e6}}}.Cost(prices)
		var missing *bulk.PriceError
		switch {
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%s: got %s, %v, want %s", model, got, err, want)
		case want == "" && (!errors.As(err, &missing) || missing.Models[model].Input != 1e6):
			t.Errorf("%s: got %s, %v", model, got, err)
		}
	}
}
