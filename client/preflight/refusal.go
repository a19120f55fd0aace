package preflight

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// refuse evaluates refusals of the value that was read last.
func (w *walker) refuse(refusals []*refusal, v []byte, kind jsontext.Kind) {
	if w.Failed() {
		return
	}
	var at span // of the value, once needed
	for _, r := range refusals {
		which, holds := w.holds(r, v, kind)
		if !holds {
			continue
		}
		if !r.near.empty() || r.late() || r.Position == "last" || r.Position == "not-last" || r.Position == "end" {
			if at.end == 0 || at.end > len(w.places) {
				at = w.place()
			}
			if r.Models != "" && w.registers[w.contract.model].hit && !w.fact(r.Models) {
				continue // a shortcut: usually the model is known
			}
			w.hold(held{refusal: r, at: at, which: which, value: number64(v, r), message: w.message.number, far: r.near.empty()})
			continue
		}
		now := w.place()
		w.say(r, now, which)
		w.places = w.places[:now.start]
	}
}

// number64 returns the number that a refusal compares later.
func number64(v []byte, r *refusal) float64 {
	if r.Above == "" && r.AtLeast == "" {
		return 0
	}
	f, _ := strconv.ParseFloat(string(v), 64)
	return f
}

// holds reports whether the conditions of a refusal that can be checked at once are met, and which of its values the
// value equals.
func (w *walker) holds(r *refusal, v []byte, kind jsontext.Kind) (which int, holds bool) {
	which = -1
	switch {
	case r.Role != "" && r.Role != w.role,
		r.Position == "first" && w.message.number != 1,
		r.Versions != nil && !slices.Contains(r.Versions, w.checks.version),
		r.text >= 0 && (!w.registers[r.text].hit || w.message.other || w.unknown > w.message.unknown),
		r.Unless != nil && r.far.unless == nil && w.checks.hasBeta(r.Unless.Betas):
		return which, false
	}
	if !r.ofValue() {
		return which, true
	}
	is := func(l literal) bool { return w.equal(l, v, kind) }
	if r.values != nil {
		if which = slices.IndexFunc(r.values, is); which < 0 {
			return which, false
		}
	}
	if slices.ContainsFunc(r.except, is) {
		return which, false
	}
	if (r.AtLeast != "" || r.Above != "" || r.Below != nil) && (kind != '0' || v == nil) {
		return which, false
	}
	if r.Below != nil {
		if f, err := strconv.ParseFloat(string(v), 64); err != nil || f >= *r.Below {
			return which, false
		}
	}
	if r.matching != nil && (kind != '"' || v == nil || !w.matches(r.matching, v)) {
		return which, false
	}
	if r.notMatching != nil && (kind != '"' || v == nil || w.matches(r.notMatching, v)) {
		return which, false
	}
	return which, true
}

// settle evaluates, at the end of an object, what was held since its beginning.
func (w *walker) settle(from int) {
	if w.Failed() {
		return
	}
	for n := len(w.held); n > from; n-- { // usually none holds
		h := &w.held[n-1]
		if h.far || h.at.end != len(w.places) || w.met(h.near(), h.value) {
			break
		}
		w.places, w.held = w.places[:h.at.start], w.held[:n-1]
	}
	kept := w.held[:from]
	for _, h := range w.held[from:] {
		if h.far {
			kept = append(kept, h)
			continue
		}
		if !w.met(h.near(), h.value) {
			continue
		}
		switch {
		case h.schema != nil:
			w.schemaIssue(h)
		case h.refusal.late() || h.refusal.Position != "" && h.refusal.Position != "first":
			h.far = true
			kept = append(kept, h)
		default:
			w.sayHeld(h)
		}
	}
	w.held = kept
}

// judge evaluates the remaining refusals at the end of the request.
func (w *walker) judge() {
	for _, h := range w.held {
		r := h.refusal
		switch {
		case (r.Position == "last" || r.Position == "end") && h.message != w.message.number,
			r.Position == "not-last" && h.message == w.message.number,
			!w.met(&r.far, h.value),
			r.far.missed != nil && w.unknown > 0, // what is missing may be something that the contract does not know
			w.excepted(r),
			r.Models != "" && !w.fact(r.Models),
			r.Above != "" && !w.exceeds(r.Above, h.value):
			continue
		}
		w.sayHeld(h)
	}
	w.held = w.held[:0]
}

// excepted reports whether the exception of a refusal holds.
func (w *walker) excepted(r *refusal) bool {
	if r.Unless == nil || r.Unless.Betas != nil && !w.checks.hasBeta(r.Unless.Betas) {
		return false
	}
	for _, i := range r.far.unless {
		if !w.registers[i].hit {
			return false
		}
	}
	return true
}
