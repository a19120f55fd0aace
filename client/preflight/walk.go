package preflight

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

func (c *checks) walker() *walker {
	return &walker{checks: c, found: sieve{most: c.most}, contract: compiled(), memory: newMemory()}
}

// value checks the next value. It returns a scalar that fits, a string without its quotes, valid until the next read.
func (w *walker) value(n *node) []byte {
	kind := w.Kind()
	if kind == 'n' {
		w.Skip()
		if !n.nullable {
			w.report(w.Pointer(), Type, Error, "expected %s, got null", n.expected())
		}
		return nil
	}
	if n.form == union {
		n = w.member(n, kind)
		if n == nil {
			return nil
		}
	}
	if n.betas != nil {
		defer w.needBeta(n.betas)
	}
	var o outside
	if n.rules != nil {
		o = w.enter(n.rules)
	}
	v, fits := w.inside(n, kind)
	if n.rules != nil {
		w.leave(n, v, kind, fits, o)
	}
	return v
}

// inside checks a value against a node that is not a union.
func (w *walker) inside(n *node, kind jsontext.Kind) (v []byte, fits bool) {
	switch {
	case n.form == anything:
		w.Skip()
	case !n.form.fits(kind):
		w.Skip()
		if !w.Failed() {
			w.unknown++
			w.report(w.Pointer(), Type, Error, "expected %s, got %s", n.expected(), wire.KindName(kind))
		}
		return nil, false
	case n.form == object:
		w.object(n)
	case n.form == list:
		w.list(n)
	default:
		v := w.Value()
		if w.Failed() {
			return nil, false
		}
		switch n.form {
		case text:
			v = w.text(n, v)
		case number:
			w.number(n, v)
		}
		return v, true
	}
	return nil, true
}

// member returns the member of a union that the next value belongs to. If there is none, it skips the value and returns
// nil.
func (w *walker) member(n *node, kind jsontext.Kind) *node {
	if kind != '{' || n.by == "" {
		m := n.byKind[kind]
		if m == nil {
			w.Skip()
			if !w.Failed() {
				w.unknown++
				w.report(w.Pointer(), Type, Error, "expected %s, got %s%s", n.expected(), wire.KindName(kind), n.kindHint(kind))
			}
		}
		return m
	}
	tag := w.Tag(n.by)
	if m := n.members[string(tag)]; m != nil && (tag != nil || n.members[""] != nil) {
		return m
	}
	w.Skip()
	if w.Failed() {
		return nil
	}
	w.unknown++
	at := w.Pointer().AppendToken(n.by)
	switch {
	case tag == nil:
		w.report(at, Required, Error, "%q is missing or not a string: it must be %s", n.by, oneOf(n.tags))
	case w.echo && nearest(string(tag), n.tags) == "":
		// Programs send back blocks of the service unchanged, including those newer than the contract.
		w.report(at, Variant, Warning, "the contract does not know this %s: the service accepts it only if it has sent it", n.by)
	default:
		w.report(at, Variant, Error, "%s", cmp.Or(n.tagHint(string(tag)), choice(string(tag), n.tags)))
	}
	return nil
}

func (w *walker) object(n *node) {
	w.Object()
	outer, outerEcho := w.role, w.echo
	if n.role != "" {
		w.message.role = n.role
	}
	if !n.sameRole {
		w.role, w.echo = n.role, w.echo || n.echo
	}
	defer func() { w.role, w.echo = outer, outerEcho }()
	var seen uint64
	var unknown []string
	unlisted := 0 // how many more unknown properties there are
	for name := w.Name(); name != nil; name = w.Name() {
		p := n.properties[string(name)]
		switch {
		case p != nil:
			seen |= p.bit
			w.property(p)
		case n.values != nil:
			w.value(n.values)
		case n.free:
			w.Skip()
		case len(unknown) >= w.checks.most:
			unlisted++
			w.Skip()
		default:
			unknown = append(unknown, string(name))
			if other, ok := n.others[string(name)]; ok && other.Batch {
				w.other(unknown[len(unknown)-1], other)
			} else {
				w.Skip()
			}
		}
	}
	if w.Failed() {
		return
	}
	for _, p := range n.required {
		if seen&p.bit == 0 {
			w.report(w.Pointer().AppendToken(p.name), Required, Error, "%q is missing", p.name)
		}
	}
	for _, name := range unknown {
		w.unknownProperty(n, w.Pointer().AppendToken(name), name, seen)
	}
	if unlisted > 0 && !w.checks.disabled[UnknownProperty] {
		w.found.count(Tally{UnknownProperty, Warning, unlisted})
	}
}

// other reports a property that a batch refuses and that the contract has no schema for. It reads the value.
func (w *walker) other(name string, other schema.Other) {
	v := w.Value()
	if w.Failed() || v.Kind() == 'n' {
		return // null means absent
	}
	kind := v.Kind()
	if kind == '"' {
		v, _ = jsontext.AppendUnquote(nil, v)
		w.escaped = false
	}
	if values := literals(other.Values); values == nil || slices.ContainsFunc(values, func(l literal) bool { return w.equal(l, v, kind) }) {
		w.report(w.Pointer(), RefusedByBatch, Error, "a request inside a batch must not have %q", name)
	}
}

func (w *walker) unknownProperty(n *node, at jsontext.Pointer, name string, seen uint64) {
	if slices.ContainsFunc(w.found.issues, func(i Issue) bool { return i.Pointer == at && i.Rule == RefusedByBatch }) {
		return
	}
	if hint := n.nameHint(name); hint != "" {
		w.report(at, UnknownProperty, Error, "there is no such property: %s", hint)
		return
	}
	if near := nearest(name, n.names); near != "" && seen&n.properties[near].bit == 0 {
		proposal := didYouMean(near)
		if n.properties[near].refusedInBatch() {
			proposal = fmt.Sprintf(", and a batch refuses %q", near)
		}
		w.report(at, UnknownProperty, Error, "there is no such property%s", proposal)
		return
	}
	w.report(at, UnknownProperty, Warning, "the contract does not know this property: the service may refuse it")
}

func (w *walker) property(p *property) {
	if !p.special {
		w.value(p.node)
		return
	}
	kind := w.Kind()
	if p.schemas != nil {
		w.inspect(p.schemas)
	}
	v := w.value(p.node)
	if kind == 'n' || w.Failed() { // null means absent
		return
	}
	if p.customID {
		w.customID = string(v)
		return
	}
	if p.betas != nil {
		w.needBeta(p.betas)
	}
	if p.refusals != nil {
		w.refuse(p.refusals, v, kind)
	}
}

func (w *walker) needBeta(betas []string) {
	for _, b := range betas {
		if w.checks.betas[b] {
			return
		}
	}
	if !w.Failed() {
		w.report(w.Pointer(), MissingBeta, Warning, "needs the beta %s", oneOf(betas))
	}
}

func (w *walker) list(n *node) {
	w.List()
	count := int64(0)
	var r rules
	if n.rules != nil {
		r = *n.rules
	}
	for ; w.Next(); count++ {
		if r.messages {
			w.beginMessage()
		} else if r.content {
			w.follows("end")
			w.message.last = ""
		}
		kind := w.Kind()
		v := w.value(n.items)
		if n.refusals != nil && kind != 'n' {
			w.refuse(n.refusals, v, kind)
		}
		if r.messages {
			w.endMessage()
		}
	}
	switch {
	case w.Failed():
	case count < n.minItems && n.minItems == 1:
		w.report(w.Pointer(), Limit, Error, "must not be empty")
	case count < n.minItems:
		w.report(w.Pointer(), Limit, Error, "needs at least %d elements, has %d", n.minItems, count)
	case n.maxItems >= 0 && count > n.maxItems:
		w.report(w.Pointer(), Limit, Error, "may have at most %d elements, has %d", n.maxItems, count)
	}
	w.count = count
}

// text checks a string and returns it without its quotes, or nil if it does not fit.
func (w *walker) text(n *node, v jsontext.Value) []byte {
	s := v[1 : len(v)-1]
	if w.escaped = n.plain && (n.minLength == 0 || len(s) > 0); w.escaped {
		return s // most texts need no check
	}
	if bytes.IndexByte(s, '\\') >= 0 {
		s, _ = jsontext.AppendUnquote([]byte{}, v)
	}
	fits := true
	refuse := func(rule Rule, format string, args ...any) {
		fits = false
		w.report(w.Pointer(), rule, Error, format, args...)
	}
	switch {
	case n.enum != nil && !slices.Contains(n.enum, string(s)):
		refuse(Enum, "%s", choice(string(s), n.enum))
	case n.models && len(s) > 0 && !slices.Contains(n.known, string(s)):
		w.report(w.Pointer(), UnknownModel, Warning, "the contract does not know this model%s", didYouMean(nearest(string(s), n.known)))
	}
	if d, ok := n.deprecated[string(s)]; ok {
		w.report(w.Pointer(), Deprecated, Warning, "%s", deprecation(d, quote(string(s))+" ", w.contract.asOf))
	}
	if betas := n.valueBetas[string(s)]; betas != nil {
		w.needBeta(betas)
	}
	if n.minLength > 0 || n.maxLength >= 0 {
		switch length := int64(utf8.RuneCount(s)); {
		case length < n.minLength && n.minLength == 1:
			refuse(Limit, "must not be empty")
		case length < n.minLength:
			refuse(Limit, "needs at least %d characters, has %d", n.minLength, length)
		case n.maxLength >= 0 && length > n.maxLength:
			refuse(Limit, "may have at most %d characters, has %d", n.maxLength, length)
		}
	}
	if n.pattern != nil && !n.pattern.matches(s) {
		refuse(Pattern, "must match %s", n.pattern)
	}
	if n.base64 && !base64().matches(bytes.TrimRight(s, "=")) {
		refuse(Pattern, "must be base64, without line breaks and without the beginning of a data URL")
	}
	if !fits {
		return nil
	}
	return s
}

// base64 matches base64 without padding, URL-safe or not.
var base64 = sync.OnceValue(func() *pattern { return newPattern(`^[a-zA-Z0-9+/_-]*$`) })

func (w *walker) number(n *node, v jsontext.Value) {
	f, err := strconv.ParseFloat(string(v), 64)
	switch {
	case err != nil:
		w.report(w.Pointer(), Type, Error, "does not fit into 64 bits")
	case n.integer && f != math.Trunc(f):
		w.report(w.Pointer(), Type, Error, "expected a whole number, got a fraction")
	case n.minimum != nil && (f < *n.minimum || n.exclusiveMin && f == *n.minimum):
		w.report(w.Pointer(), Limit, Error, "must be %s %v", bound(n.exclusiveMin, "at least", "more than"), *n.minimum)
	case n.maximum != nil && (f > *n.maximum || n.exclusiveMax && f == *n.maximum):
		w.report(w.Pointer(), Limit, Error, "must be %s %v", bound(n.exclusiveMax, "at most", "less than"), *n.maximum)
	}
}
