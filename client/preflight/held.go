package preflight

import (
	"slices"
	"strconv"
)

// maxEntries bounds how many values are recorded for a rule, because a request may be as long as a batch. Beyond it
// rules report nothing.
const maxEntries = 2000

// maxHeld bounds how many refusals are held, because a request may be as long as a batch.
const maxHeld = 4096

func (w *walker) hold(h held) {
	if len(w.held) >= maxHeld {
		for i := len(w.held) - 1; i >= 0; i-- {
			if x := &w.held[i]; x.refusal == h.refusal && x.schema == h.schema && x.which == h.which && (h.refusal == nil || h.refusal.Position == "") {
				x.more++
				if h.at.end == len(w.places) {
					w.places = w.places[:h.at.start]
				}
				return
			}
		}
	}
	w.held = append(w.held, h)
}

// met reports whether the registers meet the conditions of a rule.
func (w *walker) met(c *conditions, value float64) bool {
	for _, i := range c.hit {
		if !w.registers[i].hit {
			return false
		}
	}
	for _, i := range c.missed {
		if w.registers[i].hit {
			return false
		}
	}
	if c.least >= 0 {
		f, err := strconv.ParseFloat(string(w.registers[c.least].value), 64)
		if err != nil || value < f {
			return false
		}
	}
	return true
}

// follows drops refusals held for the last message, or for its end, because another message or block follows.
func (w *walker) follows(positions ...string) {
	from := len(w.held)
	for from > 0 && w.held[from-1].message == w.message.number {
		from--
	}
	kept := w.held[:from]
	for _, h := range w.held[from:] {
		if h.refusal == nil || !slices.Contains(positions, h.refusal.Position) {
			kept = append(kept, h)
		} else if h.at.end == len(w.places) {
			w.places = w.places[:h.at.start]
		}
	}
	w.held = kept
}

// near returns the conditions that can be evaluated at the end of the object.
func (h *held) near() *conditions {
	if h.schema != nil {
		return &h.schema.near
	}
	return &h.refusal.near
}
