package bulk

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Prices are list prices: what single calls cost, without the discount of batches. They are the caller's, in one
// currency. Where a price depends on more than the model, such as the place where it ran (usage.inference_geo), results
// are counted in Totals apart, which have Prices of their own.
type Prices struct {
	// Models are the prices of tokens, by the names that answers give models.
	Models map[gen.Model]Price

	// ServerTools are the prices of one use of a server tool, by the names in [Totals.ServerTools]. They are no tokens and
	// have no discount: a price is what it is in a batch. What is free has the price 0.
	ServerTools map[string]float64
}

// Price is what a million tokens of a model cost, by kind. A price of 0 is none: tokens of that kind are in a
// [*PriceError], if there are any.
type Price struct {
	// Input and the others are prices of the tokens of the same name in [Tokens].
	Input, CacheWrite5m, CacheWrite1h, CacheRead, Output float64
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
	batchDivisor = 2             // a batch pays half of the list price of each kind of tokens
)

// A PriceError says what was used and has no price. The cost that comes with it is that of everything else.
type PriceError struct {
	// Models are tokens without a price: all of a model, or those of some kinds.
	Models map[gen.Model]Tokens

	// ServerTools are uses of server tools without a price.
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
		names = append(names, fmt.Sprintf("%s (%s tokens)", model, strings.Join(parts, ", ")))
	}
	for _, tool := range slices.Sorted(maps.Keys(e.ServerTools)) {
		names = append(names, fmt.Sprintf("%d %s", e.ServerTools[tool], tool))
	}
	return "no price for " + strings.Join(names, "; ")
}

// Cost returns what everything cost in batches: half of the list price of each kind of tokens, and the price of server
// tools. It is computed from the numbers of tokens, exactly, with prices rounded to a billionth, and rounded once, in the
// end, to a billionth: however many results there are, nothing is lost on the way.
//
// What has no price is a [*PriceError], together with the cost of the rest. A price that is negative or no number, or a
// cost of more than nine billions, is an error without a cost.
func (t Totals) Cost(p Prices) (Money, error) {
	missing := &PriceError{Models: make(map[gen.Model]Tokens), ServerTools: make(map[string]int64)}
	sum := new(big.Int) // in billionths of the currency / (perTokens * batchDivisor)
	for model, tokens := range t.Models {
		var rest Tokens
		for _, k := range kinds {
			n := *k.n(&tokens)
			rate, err := billionths(k.price(p.Models[model]))
			switch {
			case err != nil:
				return 0, fmt.Errorf("price of %s: %w", model, err)
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
			return 0, fmt.Errorf("price of %s: %w", tool, err)
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
		return cost, missing
	}
	return cost, nil
}

func product(n, rate int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(n), big.NewInt(rate))
}

// billionths returns a price in billionths.
func billionths(price float64) (int64, error) {
	if !(0 <= price && price < math.MaxInt64/unit) {
		return 0, fmt.Errorf("%v is no price", price)
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
