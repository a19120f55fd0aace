package preflight

import (
	"slices"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// maxCalls bounds how many calls of a turn are kept. With more calls the rule reports nothing.
const maxCalls = 1000

// turn begins a turn, if the message begins one.
func (p *pair) turn(w *walker, x *across) {
	if p.role == w.message.role {
		return
	}
	p.endTurn(w, x, w.message.unknown)
	p.role = w.message.role
}

// endTurn ends a turn: the calls of the previous turn must have their results. Now is how many values were unknown by
// then.
func (p *pair) endTurn(w *walker, x *across, now int) {
	unknown := now > p.unknown
	for _, c := range p.open {
		if !c.resolved && !unknown && !w.Failed() && !w.muted(x.rule, x.severity) {
			w.report(w.pointer(c.at).AppendToken(x.Calls.ID), x.rule, x.severity, "a %q needs a %q with its ID at the beginning of the next message", x.Calls.Type, x.Results.Type)
		}
	}
	p.open, p.calls = p.calls, p.open[:0]
	p.other, p.full, p.unsure, p.unknown = false, false, unknown || p.full, now
}

// block handles a block of a message.
func (p *pair) block(w *walker, i *item) {
	x := i.rule
	if !x.roles[w.message.role] {
		return
	}
	p.turn(w, x)
	if !i.call && !i.result {
		p.other = true
		return
	}
	id := w.registers[i.by].value
	switch {
	case id == nil && i.call:
		p.full = true // a call without an ID cannot be matched
	case id == nil:
	case i.call && len(p.calls) == maxCalls:
		p.full = true
	case i.call:
		p.calls = append(p.calls, call{id: id, at: w.place()})
	default:
		p.result(w, x, id)
	}
}

// result handles a result.
func (p *pair) result(w *walker, x *across, id []byte) {
	say := func(format string, args ...any) {
		if w.muted(x.rule, x.severity) {
			return
		}
		w.report(w.Pointer().AppendToken(x.Results.ID), x.rule, x.severity, format, args...)
	}
	k := slices.IndexFunc(p.open, func(c call) bool { return !c.resolved && string(c.id) == string(id) })
	switch {
	case k >= 0:
		p.open[k].resolved = true
		if p.other {
			say("a %q must come before the other content of the message", x.Results.Type)
		}
	case slices.ContainsFunc(p.open, func(c call) bool { return string(c.id) == string(id) }):
		say("there is another %q with this ID", x.Results.Type)
	case !p.unsure:
		say("no %q in the previous message has this ID", x.Calls.Type)
	}
}

// end ends the request.
func (p *pair) end(w *walker, x *across) {
	p.endTurn(w, x, w.unknown)
	p.endTurn(w, x, w.unknown)
	*p = pair{calls: p.calls[:0], open: p.open[:0]}
}

// message handles the end of a message.
func (r *row) message(w *walker, x *across) {
	unsure := w.unknown > w.message.unknown || w.message.role == ""
	switch {
	case r.is:
		r.is = false
	default:
		if r.at.end > 0 {
			r.judge(w, x, unsure || isAt(x.Before, w.message))
		}
		r.before, r.unsure, r.any = w.message, unsure, true
	}
}

// one handles a message that the rule concerns.
func (r *row) one(w *walker, x *across) {
	r.is = true
	if r.any && r.at.end == 0 { // the first message is refused by another rule
		r.at, r.after = w.place(), r.unsure || isAt(x.After, r.before)
	}
}

func (r *row) judge(w *walker, x *across, before bool) {
	if !r.after || !before {
		w.sayAcross(x, r.at, "%s", placedWords(x, !r.after))
	}
	r.at = span{}
}

func (r *row) end(w *walker, x *across) {
	if r.at.end > 0 {
		r.judge(w, x, slices.ContainsFunc(x.Before, func(p schema.Place) bool { return p.End }))
	}
	*r = row{}
}

// isAt reports whether a message is at one of the places.
func isAt(places []schema.Place, m message) bool {
	return slices.ContainsFunc(places, func(p schema.Place) bool {
		return p.Role == m.role && (p.EndsIn == nil || slices.Contains(p.EndsIn, m.last))
	})
}
