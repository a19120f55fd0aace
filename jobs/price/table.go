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

// A Table has the list prices of models and server tools, without the discount for batches, and their sources.
type Table struct {
	// Dated is the day on which the prices were looked up, as YYYY-MM-DD.
	Dated string `json:"dated"`

	// Currency is the currency of all prices, such as USD.
	Currency string `json:"currency"`

	// Sources are the sources of the prices and of the facts about models.
	Sources []string `json:"sources"`

	// Models has the prices of models.
	Models []Model `json:"models"`

	// ServerTools has the price of one use of each server tool, by the names in usage.server_tool_use. Batches have no
	// discount on them.
	ServerTools map[string]float64 `json:"server_tools"`

	// InferenceGeo has factors for the prices of tokens, by the values of inference_geo.
	InferenceGeo map[string]float64 `json:"inference_geo"`
}

// Rates are the prices of a million tokens, by kind. 0 is an unknown price.
type Rates struct {
	Input        float64 `json:"input"`          // tokens neither read from nor written to the cache
	CacheWrite5m float64 `json:"cache_write_5m"` // tokens written to the cache for 5 minutes
	CacheWrite1h float64 `json:"cache_write_1h"` // tokens written to the cache for an hour
	CacheRead    float64 `json:"cache_read"`     // tokens read from the cache
	Output       float64 `json:"output"`         // tokens of the model's output
}

// A Model has the prices of a model, and the facts about it that estimates need.
type Model struct {
	// Name is the name of the model. The prices of an alias, such as claude-haiku-4-5, also apply to its snapshots.
	Name client.Model `json:"model"`

	// From is the first day on which the prices apply, as YYYY-MM-DD; empty means always. If several rows of a model apply,
	// the latest one counts.
	From string `json:"from,omitempty"`

	// Rates are the prices of prompts up to Above.Tokens.
	Rates

	// Above has the prices of longer prompts, or is nil if they are the same.
	Above *Above `json:"above,omitempty"`

	// CacheMinimum is the number of tokens that a prefix must have to be cached. 0 is unknown, and counted as 4,096.
	CacheMinimum int64 `json:"cache_minimum,omitempty"`

	// Text is the ratio of the tokens of a text to those with models up to Claude 4.6. 0 means the ratio of the newer
	// tokenizer.
	Text float64 `json:"text,omitempty"`

	// ImageEdge and ImageTokens are the limits to which images are scaled down: the longer edge in pixels, and the number of
	// tokens. 0 means 2,576 and 4,784.
	ImageEdge   int64 `json:"image_edge,omitempty"`
	ImageTokens int64 `json:"image_tokens,omitempty"`

	// Source is the source of the prices.
	Source string `json:"source,omitempty"`
}

// Above has the prices of long prompts.
type Above struct {
	// Tokens is the limit: if a prompt has more tokens, including those read from and written to the cache, these prices
	// apply to all of its tokens.
	Tokens int64 `json:"tokens"`

	// Rates are the prices of longer prompts.
	Rates
}

//go:embed table.json
var table []byte

// Default returns a copy of the table of this package. The caller may modify it.
func Default() *Table {
	t, err := Read(bytes.NewReader(table))
	if err != nil {
		panic("price: table.json: " + err.Error())
	}
	return t
}

// Read reads a table in JSON, in the format of this package's table.json. Unknown properties, invalid prices, and two rows
// of a model with the same From are errors.
func Read(r io.Reader) (*Table, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	t := new(Table)
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("price table: unexpected data after the JSON")
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
			return fmt.Errorf("%s has two rows with the same from", m.Name)
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
			return fmt.Errorf("inference_geo %s: %v is not a valid factor", name, f)
		}
	}
	return nil
}

func amounts(all ...float64) error {
	for _, v := range all {
		if !(0 <= v && v <= math.MaxInt32) {
			return fmt.Errorf("%v is not a valid price", v)
		}
	}
	return nil
}

// Lookup returns the row of a model, or of its alias, that applies on a day. It returns false if there is none.
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

// price converts rates to those of package bulk, multiplied by a factor.
func (r Rates) price(factor float64) bulk.Price {
	return bulk.Price{Input: r.Input * factor, CacheWrite5m: r.CacheWrite5m * factor, CacheWrite1h: r.CacheWrite1h * factor, CacheRead: r.CacheRead * factor, Output: r.Output * factor}
}
