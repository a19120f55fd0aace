package preflight

import (
	"github.com/go-json-experiment/json/jsontext"
)

// outside is the state of a walker before it entered a value.
type outside struct{ held, saved int }

// enter begins a value that rules concern.
func (w *walker) enter(r *rules) outside {
	if r.params {
		w.forget()
	}
	o := outside{len(w.held), len(w.saved)}
	for _, i := range r.scope {
		w.saved = append(w.saved, w.registers[i])
		w.registers[i] = found{}
	}
	return o
}

// leave ends the value. V is a scalar that fits, or nil.
func (w *walker) leave(n *node, v []byte, kind jsontext.Kind, fits bool, o outside) {
	if w.Failed() {
		return
	}
	r := n.rules
	if fits {
		if r.refusals != nil {
			w.refuse(r.refusals, v, kind)
		}
		for k := range r.items {
			w.item(&r.items[k], n, v)
		}
		if r.block {
			w.message.last = n.tag
			w.message.other = w.message.other || n.properties["text"] == nil
		}
		if r.content && kind == '"' {
			w.said()
		}
	}
	if r.local {
		w.settle(o.held)
	}
	if r.params {
		w.judge()
	}
	for _, x := range r.across {
		w.close(x)
	}
	for k, i := range r.scope {
		w.registers[i] = w.saved[o.saved+k]
	}
	w.saved = w.saved[:o.saved]
	if fits {
		for _, i := range r.marks {
			w.mark(i, v, kind)
		}
	}
}

// mark records in a register that its path has led to a value.
func (w *walker) mark(i int, v []byte, kind jsontext.Kind) {
	def, r := &w.contract.registers[i], &w.registers[i]
	r.seen = true
	switch {
	case def.text:
		r.hit = r.hit || kind == '"' && len(v) > 0
	case def.values == nil:
		r.hit = true
		if r.value = v; kind == '"' {
			r.value = w.plain(v)
		}
	default:
		for k, l := range def.values {
			if w.equal(l, v, kind) {
				r.hit, r.which = true, k
			}
		}
	}
}

// item applies a rule to a value.
func (w *walker) item(i *item, n *node, v []byte) {
	switch i.rule.Rule {
	case "paired":
		for _, r := range n.rules.refusals {
			if r.Role == w.role && r.Versions == nil && r.Role != "" {
				return // it is refused here anyway
			}
		}
		w.pairs[i.rule.pair].block(w, i)
	case "placed":
		if i.where {
			w.rows[i.rule.row].one(w, i.rule)
		}
	default:
		w.note(i, v)
	}
}

// forget begins a request.
func (w *walker) forget() {
	clear(w.registers)
	w.saved, w.held, w.places, w.message = w.saved[:0], w.held[:0], w.places[:0], message{}
	w.unknown, w.optional, w.unions = 0, 0, 0
	for i := range w.ledgers {
		w.ledgers[i] = ledger{entries: w.ledgers[i].entries[:0], whole: true}
	}
	for i := range w.pairs {
		w.pairs[i] = pair{calls: w.pairs[i].calls[:0], open: w.pairs[i].open[:0]}
	}
	for i := range w.rows {
		w.rows[i] = row{}
	}
}

// beginMessage begins one of the messages.
func (w *walker) beginMessage() {
	w.follows("last", "end")
	w.message = message{number: w.message.number + 1, unknown: w.unknown}
}

// endMessage ends the message.
func (w *walker) endMessage() {
	for _, x := range w.contract.rulesAll {
		switch {
		case x.Rule == "placed":
			w.rows[x.row].message(w, x)
		case x.Rule == "paired" && x.roles[w.message.role]:
			w.pairs[x.pair].turn(w, x)
		}
	}
}

// said handles a message whose content is a string.
func (w *walker) said() {
	for _, x := range w.contract.rulesAll {
		if x.Rule == "paired" && x.roles[w.message.role] {
			p := &w.pairs[x.pair]
			p.turn(w, x)
			p.other = true
		}
	}
}
