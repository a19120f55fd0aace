package price

import (
	"bytes"
	_ "embed" // the table
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// A Table holds list prices, without the discount of batches, of models and server tools, and where they are from.
type Table struct {
	// Dated is the day on which the prices were looked up, as YYYY-MM-DD.
	Dated string `json:"dated"`

	// Currency is that of all prices, such as USD.
	Currency string `json:"currency"`

	// Sources say where the prices and the facts about models are from.
	Sources []string `json:"sources"`

	// Models are the prices of models.
	Models []Model `json:"models"`

	// ServerTools are the prices of one use of a server tool, by the names in usage.server_tool_use. Batches have no
	// discount on them.
	ServerTools map[string]float64 `json:"server_tools"`

	// InferenceGeo multiplies the prices of tokens of requests that ran in a place, by the values of inference_geo.
	InferenceGeo map[string]float64 `json:"inference_geo"`
}

// Rates are what a million tokens cost, by kind. 0 is an unknown price.
type Rates struct {
	Input        float64 `json:"input"`          // tokens that have nothing to do with the cache
	CacheWrite5m float64 `json:"cache_write_5m"` // tokens written to the cache for 5 minutes
	CacheWrite1h float64 `json:"cache_write_1h"` // tokens written to the cache for an hour
	CacheRead    float64 `json:"cache_read"`     // tokens read from the cache
	Output       float64 `json:"output"`         // tokens of responses
}

// A Model is the price of a model, and what estimates have to know about it.
type Model struct {
	// Name is the model's. The price of an alias, such as claude-haiku-4-5, is also that of its snapshots.
	Name client.Model `json:"model"`

	// From is the day from which on the prices hold, as YYYY-MM-DD: those of the model's latest row that hold count. Empty
	// is always.
	From string `json:"from,omitempty"`

	// Rates are the prices.
	Rates

	// Above are the prices of requests whose prompts have more than so many tokens, nil if they are the same.
	Above *Above `json:"above,omitempty"`

	// CacheMinimum is how many tokens a prefix must have to be cached. 0 is unknown, and counted as 4,096.
	CacheMinimum int64 `json:"cache_minimum,omitempty"`

	// Text is how many times the tokens of models until Claude 4.6 a text has. 0 is as many as with the newer tokenizer.
	Text float64 `json:"text,omitempty"`

	// ImageEdge and ImageTokens are what images are scaled down to: the longer edge in pixels, and the tokens. 0 is 2,576
	// and 4,784.
	ImageEdge   int64 `json:"image_edge,omitempty"`
	ImageTokens int64 `json:"image_tokens,omitempty"`

	// Source says where the prices are from.
	Source string `json:"source,omitempty"`
}

// Above are the prices of long prompts.
type Above struct {
	// Tokens is how many a prompt may have, those in the cache included, until all of its tokens have these prices.
	Tokens int64 `json:"tokens"`

	// Rates are the prices.
	Rates
}

//go:embed table.json
var table []byte

// Default returns the table of this package. It is the caller's to change.
func Default() *Table {
	t, err := Read(bytes.NewReader(table))
	if err != nil {
		panic("price: table.json: " + err.Error())
	}
	return t
}

// Read reads a table in JSON, in the form that the table of this package has. Properties that it does not know, prices
// that are none, and two rows for one model from the same day are errors.
func Read(r io.Reader) (*Table, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	t := new(Table)
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("price table: there is something behind it")
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	return t, nil
}

func (t *Table) check() error {
	if _, err := time.Parse(time.DateOnly, t.Dated); err != nil {
		return fmt.Errorf("dated: %w", err)
	}
	type row struct {
		name client.Model
		from string
	}
	seen := make(map[row]bool)
	for _, m := range t.Models {
		if m.Name == "" {
			return errors.New("a model has no name")
		}
		if m.From != "" {
			if _, err := time.Parse(time.DateOnly, m.From); err != nil {
				return fmt.Errorf("%s: from: %w", m.Name, err)
			}
		}
		if r := (row{m.Name, m.From}); seen[r] {
			return fmt.Errorf("%s has two rows from the same day", m.Name)
		} else {
			seen[r] = true
		}
		all := []float64{m.Input, m.CacheWrite5m, m.CacheWrite1h, m.CacheRead, m.Output, m.Text, float64(m.CacheMinimum), float64(m.ImageEdge), float64(m.ImageTokens)}
		if m.Above != nil {
			all = append(all, float64(m.Above.Tokens), m.Above.Input, m.Above.CacheWrite5m, m.Above.CacheWrite1h, m.Above.CacheRead, m.Above.Output)
		}
		if err := amounts(all...); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	for name, p := range t.ServerTools {
		if err := amounts(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, f := range t.InferenceGeo {
		if err := amounts(f); err != nil || f == 0 {
			return fmt.Errorf("inference_geo %s: %v is no factor", name, f)
		}
	}
	return nil
}

func amounts(all ...float64) error {
	for _, v := range all {
		if !(0 <= v && v <= math.MaxInt32) {
			return fmt.Errorf("%v is not a price", v)
		}
	}
	return nil
}

// Lookup returns the row of a model that holds on a day: its own, or that of its alias. It is false if there is none.
func (t *Table) Lookup(model client.Model, day time.Time) (Model, bool) {
	at := day.UTC().Format(time.DateOnly)
	if m, ok := t.row(model, at); ok {
		return m, true
	}
	name := string(model)
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := time.Parse("20060102", name[i+1:]); err == nil {
			return t.row(client.Model(name[:i]), at)
		}
	}
	return Model{}, false
}

func (t *Table) row(model client.Model, at string) (best Model, ok bool) {
	for _, m := range t.Models {
		if m.Name == model && m.From <= at && (!ok || m.From > best.From) {
			best, ok = m, true
		}
	}
	return best, ok
}

// price returns rates as package bulk has them, times a factor.
func (r Rates) price(factor float64) bulk.Price {
	return bulk.Price{Input: r.Input * factor, CacheWrite5m: r.CacheWrite5m * factor, CacheWrite1h: r.CacheWrite1h * factor, CacheRead: r.CacheRead * factor, Output: r.Output * factor}
}
