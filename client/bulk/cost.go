package bulk

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Prices are list prices, without the discount of batches, in one currency. If a price depends on more than the model, for
// example on where it ran (usage.inference_geo), count those results in separate Totals and price each of them.
type Prices struct {
	// Models are the prices of tokens, by the model names in responses. The price of an alias, such as claude-haiku-4-5,
	// also applies to its snapshots, such as claude-haiku-4-5-20251001, unless they have their own.
	Models map[client.Model]Price

	// ServerTools are the prices of one use of a server tool, by the names in [Totals.ServerTools]. Batches have no
	// discount on them. A free tool has the price 0.
	ServerTools map[string]float64
}

// Price is the price of a million tokens of a model, by kind. 0 means no price: tokens of that kind are reported in a
// [*PriceError].
type Price struct {
	// Input and the others are prices of the tokens of the same name in [Tokens].
	Input, CacheWrite5m, CacheWrite1h, CacheRead, Output float64
}

// of returns the price of a model: its own, or that of its alias.
func (p Prices) of(model client.Model) Price {
	if price, ok := p.Models[model]; ok {
		return price
	}
	if alias, date, ok := cutLast(string(model), "-"); ok && isDate(date) {
		return p.Models[client.Model(alias)]
	}
	return Price{}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// isDate reports whether s has the form YYYYMMDD.
func isDate(s string) bool {
	_, err := time.Parse("20060102", s)
	return err == nil
}

// Money is an amount in billionths of the currency that the prices are in.
type Money int64

// String returns the amount as a decimal number, exactly, with two decimals at least.
func (m Money) String() string {
	sign, n := "", uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	decimals := fmt.Sprintf("%09d", n%unit)
	for len(decimals) > 2 && decimals[len(decimals)-1] == '0' {
		decimals = decimals[:len(decimals)-1]
	}
	return fmt.Sprintf("%s%d.%s", sign, n/unit, decimals)
}

// Float64 returns the amount in the currency itself, for display and charts.
func (m Money) Float64() float64 { return float64(m) / unit }

const (
	unit         = 1_000_000_000 // of Money, in the currency
	perTokens    = 1_000_000     // tokens that a Price is for
	batchDivisor = 2             // batches cost half of the list price for each kind of tokens
)

// A PriceError lists what was used but has no price.
type PriceError struct {
	// Rest is the cost of everything else.
	Rest Money

	// Models are the tokens without a price: all tokens of a model, or those of some kinds.
	Models map[client.Model]Tokens

	// ServerTools are the uses of server tools without a price.
	ServerTools map[string]int64
}

// Error names the models and server tools.
func (e *PriceError) Error() string {
	var names []string
	for _, model := range slices.Sorted(maps.Keys(e.Models)) {
		var parts []string
		tokens := e.Models[model]
		for _, k := range kinds {
			if n := *k.n(&tokens); n != 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, k.name))
			}
		}
		names = append(names, fmt.Sprintf("%s (%s tokens)", foreign.Short(string(model)), strings.Join(parts, ", ")))
	}
	for _, tool := range slices.Sorted(maps.Keys(e.ServerTools)) {
		names = append(names, fmt.Sprintf("%d %s", e.ServerTools[tool], foreign.Short(tool)))
	}
	return "no price for " + strings.Join(names, "; ")
}

// Cost returns what everything cost in batches: half of the list price of all tokens, and the full price of server tools.
// Prices are rounded to a billionth, the sum is exact, and the result is rounded once, to a billionth.
//
// With any error the cost is 0. If something has no price, the error is a [*PriceError], which holds the cost of the rest.
// Negative prices, prices that are not numbers, and a total above nine billion are errors too.
func (t Totals) Cost(p Prices) (Money, error) {
	missing := &PriceError{Models: make(map[client.Model]Tokens), ServerTools: make(map[string]int64)}
	sum := new(big.Int) // in billionths of the currency / (perTokens * batchDivisor)
	for model, tokens := range t.Models {
		price := p.of(model)
		var rest Tokens
		for _, k := range kinds {
			n := *k.n(&tokens)
			rate, err := billionths(k.price(price))
			switch {
			case err != nil:
				return 0, fmt.Errorf("price of %s: %w", foreign.Short(string(model)), err)
			case rate == 0:
				*k.n(&rest) = n
			default:
				sum.Add(sum, product(n, rate))
			}
		}
		if rest != (Tokens{}) {
			missing.Models[model] = rest
		}
	}
	for tool, n := range t.ServerTools {
		price, ok := p.ServerTools[tool]
		rate, err := billionths(price)
		switch {
		case err != nil:
			return 0, fmt.Errorf("price of %s: %w", foreign.Short(tool), err)
		case !ok:
			missing.ServerTools[tool] = n
		default:
			use := product(n, rate)
			sum.Add(sum, use.Mul(use, big.NewInt(perTokens*batchDivisor)))
		}
	}
	sum.Add(sum, big.NewInt(perTokens*batchDivisor/2)) // rounds
	sum.Div(sum, big.NewInt(perTokens*batchDivisor))
	if !sum.IsInt64() {
		return 0, errors.New("the cost is more than Money can hold")
	}
	cost := Money(sum.Int64())
	if len(missing.Models)+len(missing.ServerTools) > 0 {
		missing.Rest = cost
		return 0, missing
	}
	return cost, nil
}

func product(n, rate int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(n), big.NewInt(rate))
}

// billionths returns a price in billionths.
func billionths(price float64) (int64, error) {
	if !(0 <= price && price < math.MaxInt64/unit) {
		return 0, fmt.Errorf("%v is not a price", price)
	}
	return int64(math.Round(price * unit)), nil
}

// kinds are the kinds of tokens that have prices.
var kinds = []struct {
	name  string
	n     func(*Tokens) *int64
	price func(Price) float64
}{
	{"input", func(n *Tokens) *int64 { return &n.Input }, func(p Price) float64 { return p.Input }},
	{"5m cache write", func(n *Tokens) *int64 { return &n.CacheWrite5m }, func(p Price) float64 { return p.CacheWrite5m }},
	{"1h cache write", func(n *Tokens) *int64 { return &n.CacheWrite1h }, func(p Price) float64 { return p.CacheWrite1h }},
	{"cache read", func(n *Tokens) *int64 { return &n.CacheRead }, func(p Price) float64 { return p.CacheRead }},
	{"output", func(n *Tokens) *int64 { return &n.Output }, func(p Price) float64 { return p.Output }},
}
