package preflight

import (
	"slices"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// model returns the model of the request, or "" if it is unknown.
func (w *walker) model() string { return string(w.registers[w.contract.model].value) }

// fact reports whether the contract states a fact for the model of the request.
func (w *walker) fact(name string) bool {
	model := w.registers[w.contract.model].value
	return slices.ContainsFunc(w.contract.facts[name], func(f schema.Fact) bool { return lists(f, model) })
}

// most returns the value of a fact: the highest one whose beta the call has. Known is false if the contract has none.
func (w *walker) most(name string) (value float64, known bool) {
	model := w.registers[w.contract.model].value
	for _, f := range w.contract.facts[name] {
		if lists(f, model) && (f.With == "" || w.checks.betas[f.With]) && (!known || *f.Value > value) {
			value, known = *f.Value, true
		}
	}
	return value, known
}

// exceeds reports whether a number is greater than a fact allows.
func (w *walker) exceeds(name string, value float64) bool {
	most, known := w.most(name)
	return known && value > most
}

// raised returns the beta with which the model allows more, or "".
func (w *walker) raised(name string) string {
	model := w.registers[w.contract.model].value
	for _, f := range w.contract.facts[name] {
		if f.With != "" && lists(f, model) && !w.checks.betas[f.With] {
			return f.With
		}
	}
	return ""
}
