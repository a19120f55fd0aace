package preflight

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// inspect checks the next value as a JSON Schema, without consuming it.
func (w *walker) inspect(what *inspection) {
	if w.Kind() != '{' {
		return
	}
	i := &w.inspector
	i.optional, i.unions, i.names, i.required = 0, 0, i.names[:0], i.required[:0]
	back := w.Bookmark()
	w.schema(what, true, false)
	if w.Failed() {
		return
	}
	for _, r := range what.rules {
		if r.MostOptional > 0 && i.optional > 0 {
			w.sayOfSchema(r, saysOptional, i.optional)
		}
		if r.MostUnions > 0 && i.unions > 0 {
			w.sayOfSchema(r, saysUnions, i.unions)
		}
	}
	w.Return(back)
}

// sayOfSchema reports or holds a finding about the value that was read last.
func (w *walker) sayOfSchema(r *schemaRule, says, count int) {
	h := held{schema: r, at: w.place(), which: says, value: float64(count)}
	if !r.near.empty() {
		w.hold(h)
		return
	}
	w.schemaIssue(h)
	w.places = w.places[:h.at.start]
}

// does returns how to read a keyword's value of a kind.
func (l *looked) does(kind jsontext.Kind) keywordKind {
	switch {
	case kind == '{', kind == '"' && l.inObject == types:
		return l.inObject
	case kind == '[':
		return l.inList
	}
	return data
}

// leave counts the optional properties of a schema and forgets its properties, those from index names on.
func (i *inspector) leave(names, needed int) {
	for _, name := range i.names[names:] {
		if !slices.ContainsFunc(i.required[needed:], func(r []byte) bool { return same(r, name) }) {
			i.optional++
		}
	}
	i.names, i.required = i.names[:names], i.required[:needed]
}

// schema checks the next value, a JSON Schema.
func (w *walker) schema(what *inspection, top, property bool) {
	if w.Kind() != '{' {
		w.Skip()
		return
	}
	i := &w.inspector
	names, needed := len(i.names), len(i.required)
	var kinds jsontext.Value // the value of type
	var wanted uint64
	several := false
	w.Object()
	for name := w.Name(); name != nil; name = w.Name() {
		l := what.keywords[string(name)]
		if l == nil {
			w.Skip()
			continue
		}
		for k := range l.seeks {
			w.seek(&l.seeks[k], top, &wanted)
		}
		kind := w.Kind()
		does := l.does(kind)
		several = several || kind == '[' && (l.several || does == types)
		switch does {
		case data:
			w.Skip()
		case subschema:
			w.schema(what, false, false)
		case subschemas:
			w.List()
			for w.Next() {
				w.schema(what, false, false)
			}
		case byName, properties:
			w.schemasByName(what, does == properties)
		case types:
			kinds = w.Value()
		case required:
			w.List()
			for w.Next() {
				i.required = append(i.required, w.Value())
			}
		}
	}
	if w.Failed() {
		return
	}
	if several && property {
		i.unions++
	}
	i.leave(names, needed)
	for _, r := range what.rules {
		if len(r.want) == 0 || r.At == "top" && !top || r.Of != "" && !bytes.Contains(kinds, r.of) {
			continue
		}
		for _, k := range r.want {
			for _, s := range what.keywords[k.name].seeks {
				if s.rule == r && s.want != 0 && wanted&s.want == 0 {
					w.sayOfSchema(r, s.says, 0)
				}
			}
		}
	}
}

// schemasByName checks an object whose values are JSON Schemas.
func (w *walker) schemasByName(what *inspection, ofProperties bool) {
	w.Object()
	for name := w.Name(); name != nil; name = w.Name() {
		if ofProperties {
			i := &w.inspector
			if i.names = append(i.names, name); len(i.names) > maxEntries {
				i.names = i.names[:maxEntries]
			}
			for _, r := range what.rules {
				if r.names != nil && !r.names.matches(name) {
					w.sayOfSchema(r, len(r.says)-1, 0)
				}
			}
		}
		w.schema(what, false, ofProperties)
	}
}

// seek evaluates a rule about a keyword whose value is next.
func (w *walker) seek(s *seek, top bool, wanted *uint64) {
	if s.rule.At == "top" && !top {
		return
	}
	fits := s.values != nil && w.nextIs(s.values)
	switch {
	case s.want != 0 && fits:
		*wanted |= s.want
	case s.want == 0 && !fits:
		w.sayOfSchema(s.rule, s.says, 0)
	}
}

// nextIs reports whether the next value is one of the given ones, without consuming it.
func (w *walker) nextIs(values []literal) bool {
	kind, back := w.Kind(), w.Bookmark()
	v := w.Value()
	if w.Failed() {
		return false
	}
	if kind == '"' {
		v = v[1 : len(v)-1]
	}
	w.escaped = true
	found := slices.ContainsFunc(values, func(l literal) bool { return w.equal(l, v, kind) })
	w.Return(back)
	return found
}

// same reports whether a quoted JSON string equals a name.
func same(quoted, name []byte) bool {
	if len(quoted) == 0 || quoted[0] != '"' {
		return false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return bytes.Equal(quoted[1:len(quoted)-1], name)
	}
	s, _ := jsontext.AppendUnquote(nil, quoted)
	return bytes.Equal(s, name)
}

// schemaIssue reports what a JSON Schema must not have, and checks the limits that all schemas of a request share.
func (w *walker) schemaIssue(h held) {
	r := h.schema
	over := func(count *int, most int64, what string) {
		before := *count
		*count += int(h.value)
		if int64(before) <= most && int64(*count) > most {
			w.report(w.pointer(h.at), JSONSchema, r.severity, "the JSON Schemas of the request have more than %d %s%s", most, what, hint(r.Hint))
		}
	}
	switch h.which {
	case saysOptional:
		over(&w.optional, r.MostOptional, "optional properties")
	case saysUnions:
		over(&w.unions, r.MostUnions, "properties of several types")
	default:
		if !w.muted(JSONSchema, r.severity) {
			w.report(w.pointer(h.at), JSONSchema, r.severity, "%s%s", r.says[h.which], hint(r.Hint))
		}
		if h.more > 0 && !w.checks.disabled[JSONSchema] {
			w.found.count(Tally{JSONSchema, r.severity, h.more})
		}
	}
}
