package price

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// Options are the assumptions of an estimate.
type Options struct {
	// Day is the day whose prices apply. The zero time is today.
	Day time.Time

	// OutputShare is the expected part of max_tokens that is used, from 0 to 1. 0 means a quarter.
	OutputShare float64

	// HitRate is the expected rate, from 0 to 1, at which a prefix that an earlier request has written to the prompt cache
	// is found there. 0 means 0.64, the middle of the range of the service in batches.
	HitRate float64
}

// The default assumptions, and those of the best case.
const (
	usualShare   = 0.25
	leastShare   = 0.02
	usualHitRate = 0.64
	bestHitRate  = 0.98
)

// An Estimator adds up the estimated usage of requests. It reads them once and needs little memory: hashes of at most 65,536
// cached prefixes. It is not safe for concurrent use.
type Estimator struct {
	table   *Table
	options Options
	meter   *Meter
	seen    map[uint64]struct{}

	low, expected, high Usage
	requests            map[client.Model]int64
	maxTokens           map[client.Model]int64
	unknown             int64
}

// mostPrefixes limits the memory of an Estimator.
const mostPrefixes = 1 << 16

// NewEstimator returns an Estimator with the prices of a table.
func NewEstimator(t *Table, o Options) *Estimator {
	if o.Day.IsZero() {
		o.Day = time.Now()
	}
	o.OutputShare, o.HitRate = cmp.Or(o.OutputShare, usualShare), cmp.Or(o.HitRate, usualHitRate)
	e := &Estimator{
		table: t, options: o, meter: NewMeter(t, o.Day), seen: make(map[uint64]struct{}),
		requests: make(map[client.Model]int64), maxTokens: make(map[client.Model]int64),
	}
	return e
}

// A LineError reports a line of a file that could not be estimated.
type LineError struct {
	// Number is the number of the line, from 1.
	Number int64

	// Err is the fault of the line.
	Err error
}

// Error includes Number and Err.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Number, e.Err) }

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// Lines adds a JSON Lines file of requests, one {"custom_id", "params"} object per line. It skips blank lines, and lines
// that are not requests. After adding all others, it returns a [*LineError] for the first line that is not a request.
func (e *Estimator) Lines(r io.Reader) error {
	in := bufio.NewReaderSize(r, 256<<10)
	var long []byte
	var first error
	for number := int64(1); ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long[:0], line...)
			for errors.Is(err, bufio.ErrBufferFull) {
				line, err = in.ReadSlice('\n')
				long = append(long, line...)
			}
			line = long
		}
		if err != nil && err != io.EOF {
			return err
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if failure := e.Line(text); failure != nil && first == nil {
				first = &LineError{number, failure}
			}
		}
		if err == io.EOF {
			return first
		}
	}
}

// Line adds a request: a JSON object with params. It does not validate the request beyond that.
func (e *Estimator) Line(line []byte) error {
	m, err := e.meter.Line(line)
	if err == nil {
		e.add(m)
	}
	return err
}

func (e *Estimator) add(m *Measure) {
	e.requests[m.Model]++
	e.maxTokens[m.Model] += m.MaxTokens
	e.unknown += m.Unknown
	read := e.readable(m)
	row, _ := e.meter.models(m.Model)
	for _, s := range []struct {
		usage  *Usage
		of     func(Range) int64
		hits   float64
		output int64
	}{
		{&e.low, func(r Range) int64 { return r.Low }, bestHitRate, share(m.MaxTokens, leastShare)},
		{&e.expected, func(r Range) int64 { return r.Expected }, e.options.HitRate, share(m.MaxTokens, e.options.OutputShare)},
		{&e.high, func(r Range) int64 { return r.High }, 0, m.MaxTokens},
	} {
		tokens := cached(m, read, s.hits, s.of)
		tokens.Output = s.output
		use := ModelUsage{Model: m.Model, InferenceGeo: m.InferenceGeo, Tokens: tokens}
		if row.Above != nil && prompt(tokens) > row.Above.Tokens {
			use.Above = row.Above.Tokens
		}
		s.usage.addModel(use)
		for name, uses := range m.ServerTools {
			s.usage.add(nil, map[string]int64{name: s.of(uses)})
		}
	}
}

// share returns a fraction of max_tokens, rounded up.
func share(maxTokens int64, part float64) int64 {
	n := int64(float64(maxTokens) * part)
	if float64(n) < float64(maxTokens)*part {
		n++
	}
	return min(n, maxTokens)
}

// readable returns how many breakpoints of a request were written by earlier requests, and records those of this one.
func (e *Estimator) readable(m *Measure) (read int) {
	for i, b := range m.Breakpoints {
		if _, ok := e.seen[b.Hash]; ok {
			read = i + 1
		} else if len(e.seen) < mostPrefixes {
			e.seen[b.Hash] = struct{}{}
		}
	}
	return read
}

// cached divides the tokens of a prompt. The part before the first read breakpoints is read from the cache at the rate hits.
func cached(m *Measure, read int, hits float64, of func(Range) int64) (t bulk.Tokens) {
	before := int64(0)
	for i, b := range m.Breakpoints {
		n := of(b.Prefix) - before
		before += n
		found := int64(0)
		if i < read {
			found = int64(float64(n) * hits)
		}
		t.CacheRead += found
		if b.OneHour {
			t.CacheWrite1h += n - found
		} else {
			t.CacheWrite5m += n - found
		}
	}
	t.Input = of(m.Prompt) - before
	return t
}

// An Estimate is the estimated usage and cost of requests: at best, most likely, and at worst.
type Estimate struct {
	// Requests is the number of requests.
	Requests int64 `json:"requests"`

	// Models has the estimate of each model, ordered by name.
	Models []ModelEstimate `json:"models"`

	// Low, Expected and High are the usage of all requests: at best, most likely, and at worst.
	Low      Usage `json:"low"`
	Expected Usage `json:"expected"` // most likely
	High     Usage `json:"high"`     // at worst

	// Cost is the cost of all requests, without usage that has no price.
	Cost Costs `json:"cost"`

	// Unpriced lists models and server tools for which the table lacks a price that is needed. Cost is then too low.
	Unpriced []string `json:"unpriced,omitempty"`

	// Unknown is the number of images and documents that are not in the requests, or whose size cannot be read.
	Unknown int64 `json:"unknown,omitempty"`

	// Dated is the date of the price table.
	Dated string `json:"dated"`

	// Currency is the currency of Cost.
	Currency string `json:"currency"`
}

// A ModelEstimate is the part of an [Estimate] for one model. In its ranges, Low, Expected and High are the numbers of the
// lowest, the expected and the highest cost; CacheRead.Low is thus the largest of the three.
type ModelEstimate struct {
	// Model is the name in the requests.
	Model client.Model `json:"model"`

	// Requests is the number of requests.
	Requests int64 `json:"requests"`

	// MaxTokens is the sum of max_tokens of these requests.
	MaxTokens int64 `json:"max_tokens"`

	// Input is the number of all input tokens, including those read from and written to the cache.
	Input Range `json:"input"`

	// CacheRead is the part of Input that is read from the cache.
	CacheRead Range `json:"cache_read"`

	// CacheWrite is the part of Input that is written to the cache.
	CacheWrite Range `json:"cache_write"`

	// Output is the number of output tokens.
	Output Range `json:"output"`

	// Cost is the cost of these requests, without server tools.
	Cost Costs `json:"cost"`

	// Priced reports whether the table has all prices that are needed.
	Priced bool `json:"priced"`
}

// Costs is a range of costs, in billionths of the currency.
type Costs struct {
	Low      bulk.Money `json:"low"`      // at best
	Expected bulk.Money `json:"expected"` // most likely
	High     bulk.Money `json:"high"`     // at worst
}

// Estimate returns the estimate for all requests that were added.
func (e *Estimator) Estimate() *Estimate {
	x := &Estimate{Unknown: e.unknown, Dated: e.table.Dated, Currency: e.table.Currency}
	for _, s := range []struct{ from, to *Usage }{{&e.low, &x.Low}, {&e.expected, &x.Expected}, {&e.high, &x.High}} {
		s.to.Merge(s.from)
	}
	unpriced := make(map[string]bool)
	x.Cost = e.costs(&x.Low, &x.Expected, &x.High, unpriced)
	for _, name := range slices.Sorted(maps.Keys(e.requests)) {
		low, expected, high := x.Low.of(name), x.Expected.of(name), x.High.of(name)
		m := ModelEstimate{Model: name, Requests: e.requests[name], MaxTokens: e.maxTokens[name]}
		m.Cost = e.costs(low, expected, high, unpriced)
		m.Priced = !unpriced[string(name)]
		l, x2, h := low.Tokens(), expected.Tokens(), high.Tokens()
		m.Input = Range{prompt(l), prompt(x2), prompt(h)}
		m.CacheRead = Range{l.CacheRead, x2.CacheRead, h.CacheRead}
		m.CacheWrite = Range{l.CacheWrite5m + l.CacheWrite1h, x2.CacheWrite5m + x2.CacheWrite1h, h.CacheWrite5m + h.CacheWrite1h}
		m.Output = Range{l.Output, x2.Output, h.Output}
		x.Requests += m.Requests
		x.Models = append(x.Models, m)
	}
	x.Unpriced = slices.Sorted(maps.Keys(unpriced))
	return x
}

// of returns the usage of one model, without server tools.
func (u *Usage) of(name client.Model) *Usage {
	one := new(Usage)
	for _, m := range u.Models {
		if m.Model == name {
			one.addModel(m)
		}
	}
	return one
}

func (e *Estimator) costs(low, expected, high *Usage, unpriced map[string]bool) Costs {
	var all [3]bulk.Money
	for i, u := range []*Usage{low, expected, high} {
		cost, err := u.Cost(e.table, e.options.Day)
		var missing *bulk.PriceError
		if errors.As(err, &missing) {
			cost = missing.Rest
			for name := range missing.Models {
				unpriced[string(name)] = true
			}
			for name := range missing.ServerTools {
				unpriced[name] = true
			}
		}
		all[i] = cost
	}
	return Costs{all[0], all[1], all[2]}
}

// String returns the estimate as text, with a line for each model and one for the total.
func (x *Estimate) String() string {
	var b strings.Builder
	for _, m := range x.Models {
		fmt.Fprintf(&b, "%s: %d requests, %s tokens in, %s out, ", m.Model, m.Requests, m.Input, m.Output)
		if m.Priced {
			fmt.Fprintf(&b, "%s %s\n", m.Cost, x.Currency)
		} else {
			b.WriteString("at an unknown price\n")
		}
	}
	fmt.Fprintf(&b, "total: %d requests, %s %s by prices of %s", x.Requests, x.Cost, x.Currency, x.Dated)
	if len(x.Unpriced) > 0 {
		fmt.Fprintf(&b, ", plus the unknown price of %s", strings.Join(x.Unpriced, ", "))
	}
	if x.Unknown > 0 {
		fmt.Fprintf(&b, "; %d images and documents have unknown sizes", x.Unknown)
	}
	return b.String()
}

// String returns the expected number and the range.
func (r Range) String() string { return fmt.Sprintf("%d (%d to %d)", r.Expected, r.Low, r.High) }

// String returns the expected cost and the range, in cents.
func (c Costs) String() string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", c.Expected.Float64(), c.Low.Float64(), c.High.Float64())
}
