package preflight

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// An Entry is a rule of the contract as applied by preflight.
type Entry struct {
	Rule     Rule
	Severity Severity
	Where    string // component, or component/property
	What     string // the entry in the contract
	Hint     string
	Source   string
	Places   int // number of places where requests can break it
}

// Catalog returns the entries of the contract's x-refused, x-across, x-json-schema and x-deprecated.
func Catalog() (all []Entry) {
	c := compiled()
	for _, at := range sortedKeys(c.refused) {
		for _, r := range c.refused[at] {
			s := r.Refusal
			s.Hint, s.Source, s.Severity = "", "", ""
			all = append(all, Entry{r.rule, r.severity, at, entryText(s), r.Hint, r.Source, r.places})
		}
	}
	for _, at := range sortedKeys(c.across) {
		for _, x := range c.across[at] {
			s := x.Across
			s.Hint, s.Source, s.Severity = "", "", ""
			all = append(all, Entry{x.rule, x.severity, at, entryText(s), x.Hint, x.Source, x.places})
		}
	}
	for _, at := range sortedKeys(c.schemas) {
		for _, r := range c.schemas[at] {
			s := r.JSONSchemaRule
			s.Hint, s.Source, s.Severity = "", "", ""
			all = append(all, Entry{JSONSchema, r.severity, at, entryText(s), r.Hint, r.Source, r.places})
		}
	}
	for _, name := range sortedKeys(c.components) {
		deprecated := c.components[name].Deprecated
		for _, value := range sortedKeys(deprecated) {
			d := deprecated[value]
			all = append(all, Entry{Deprecated, Warning, name, quote(value), deprecation(d, "", c.asOf), d.Source, 1})
		}
	}
	slices.SortStableFunc(all, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(slices.Index(Rules(), x.Rule), slices.Index(Rules(), y.Rule)), strings.Compare(x.Where, y.Where))
	})
	return all
}

func entryText[T schema.Refusal | schema.Across | schema.JSONSchemaRule](entry T) string {
	b, err := json.Marshal(entry, json.OmitZeroStructFields(true), json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return string(b)
}
