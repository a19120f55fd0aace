package preflight

import (
	"cmp"
	"slices"
)

// note records the value that was read last for a rule.
func (w *walker) note(i *item, v []byte) {
	x := i.rule
	l := &w.ledgers[x.number]
	e := entry{target: i.each, where: i.where && w.allHit(i.whereHit), among: i.among && w.allHit(i.amongHit)}
	switch x.Rule {
	case "count":
		if !e.where {
			return
		}
	case "unique", "refers":
		if v == nil {
			return
		}
		e.key = w.plain(v)
	case "ordered":
		if r := &w.registers[i.by]; r.hit {
			e.rank = r.which
		} else if e.rank = slices.Index(x.Ranks, x.Default); r.seen || e.rank < 0 {
			return // a value that the contract does not know
		}
	case "all-or-none":
		if !e.among {
			return
		}
	}
	l.count++
	if len(l.entries) == maxEntries {
		l.whole = false
		return
	}
	e.at = w.place()
	l.entries = append(l.entries, e)
}

// close evaluates a rule at the end of the value that has it.
func (w *walker) close(x *across) {
	l := &w.ledgers[x.number]
	entries := l.entries
	defer func() { *l = ledger{entries: l.entries[:0], whole: true} }()
	unsure := w.unknown > 0 || !l.whole // what is missing may be something that the contract does not know
	switch x.Rule {
	case "count":
		most, ok := float64(x.Most), true
		if x.MostOf != "" {
			most, ok = w.most(x.MostOf)
		}
		if n := int(most); ok && len(entries) > n {
			w.inOrder(entries)
			w.sayAcross(x, entries[n].at, "at most %d%s are allowed, this is one more", n, x.about())
		}
	case "unique":
		n := newNames(entries)
		for i, e := range entries {
			if first := n.first(e.key); first < i && !w.muted(x.rule, x.severity) {
				w.sayAcross(x, e.at, "the same as %s", cutPointer(w.pointer(entries[first].at)))
			}
		}
	case "ordered":
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.rank != entries[0].rank }) {
			break
		}
		w.inOrder(entries)
		var highest entry
		for _, e := range entries {
			if e.rank < highest.rank {
				w.sayAcross(x, e.at, "%q of %q must not come after %q, which is at %s", x.By, x.Ranks[e.rank], x.Ranks[highest.rank], cutPointer(w.pointer(highest.at)))
				break
			}
			if highest.at.end == 0 || e.rank > highest.rank {
				highest = e
			}
		}
	case "refers":
		w.closeRefers(x, entries, unsure)
	case "first":
		others := false
		for _, e := range entries {
			if e.where && others {
				w.sayAcross(x, e.at, "must come before the others")
			}
			others = others || !e.where
		}
	case "not-all":
		if len(entries) > 0 && !unsure && !slices.ContainsFunc(entries, func(e entry) bool { return !e.where }) {
			w.sayAcross(x, span{entries[0].at.start, entries[0].at.end - 1}, "not all may have %s", words(x.Where, " ", " and "))
		}
	case "all-or-none":
		for _, e := range entries {
			if e.where != entries[0].where && w.unknown == 0 {
				w.sayAcross(x, e.at, "either all or none may have %s, but this one differs from the one at %s", words(x.Where, " ", " and "), cutPointer(w.pointer(entries[0].at)))
				break
			}
		}
	case "paired":
		w.pairs[x.pair].end(w, x)
	case "placed":
		w.rows[x.row].end(w, x)
	}
}

// inOrder sorts entries in the order in which the model reads them, whatever the order of the properties in the
// request: by path, then by place, and values inside an object before those of the object itself.
func (w *walker) inOrder(entries []entry) {
	tokens := make(map[span][]string, len(entries))
	for _, e := range entries {
		tokens[e.at] = slices.Collect(w.pointer(e.at).Tokens())
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.target != b.target {
			return cmp.Compare(a.target, b.target)
		}
		x, y := tokens[a.at], tokens[b.at]
		for i := range min(len(x), len(y)) {
			if x[i] == y[i] {
				continue
			}
			if last := cmp.Compare(len(x)-i, len(y)-i); (len(x)-i == 1 || len(y)-i == 1) && last != 0 {
				return -last
			}
			if len(x[i]) != len(y[i]) && isIndex(x[i]) && isIndex(y[i]) {
				return cmp.Compare(len(x[i]), len(y[i]))
			}
			return cmp.Compare(x[i], y[i])
		}
		return 0
	})
}

// closeRefers looks up what the values refer to.
func (w *walker) closeRefers(x *across, entries []entry, unsure bool) {
	if len(entries) == 0 {
		return
	}
	if x.Unless != nil && w.checks.hasBeta(x.Unless.Betas) {
		return
	}
	for _, r := range x.without {
		if w.registers[r].hit {
			return
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.target, b.target) })
	from := slices.IndexFunc(entries, func(e entry) bool { return e.target >= 0 })
	if from < 0 {
		return
	}
	there := newNames(entries[:from])
	for _, e := range entries[from:] {
		switch n := there.count(e.key); {
		case n == 0 && !unsure:
			w.sayAcross(x, e.at, "nothing at %s has this value", x.To)
		case n > 1 && x.Once:
			w.sayAcross(x, e.at, "%d at %s have this value, and only one may", n, x.To)
		}
	}
}

// names are the keys of entries.
type names struct {
	entries []entry
	index   map[string][2]int // index of the first, and count; nil if there are few
}

func newNames(entries []entry) names {
	n := names{entries: entries}
	if len(entries) > 16 {
		n.index = make(map[string][2]int, len(entries))
		for i, e := range entries {
			x, ok := n.index[string(e.key)]
			if !ok {
				x[0] = i
			}
			x[1]++
			n.index[string(e.key)] = x
		}
	}
	return n
}

// first returns the index of the first entry with a key.
func (n names) first(key []byte) int {
	if n.index != nil {
		return n.index[string(key)][0]
	}
	return slices.IndexFunc(n.entries, func(e entry) bool { return string(e.key) == string(key) })
}

// count returns how many entries have a key.
func (n names) count(key []byte) (count int) {
	if n.index != nil {
		return n.index[string(key)][1]
	}
	for _, e := range n.entries {
		if string(e.key) == string(key) {
			count++
		}
	}
	return count
}

// isIndex reports whether a token of a pointer may be the index of an element.
func isIndex(token string) bool { return token != "" && '0' <= token[0] && token[0] <= '9' }
