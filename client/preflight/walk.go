package preflight

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A walker goes through one request beside the contract's schema.
type walker struct {
	*wire.Decoder
	checks *checks
	found  []Issue
	role   string // who says this, directly in a message

	customID string // of the request, if it is a good one
}

// checks are options, made ready for walking.
type checks struct {
	version  string
	betas    map[string]bool
	disabled map[Rule]bool
}

func (w *walker) report(at jsontext.Pointer, rule Rule, severity Severity, format string, args ...any) {
	if !w.checks.disabled[rule] {
		w.found = append(w.found, Issue{Pointer: at, Rule: rule, Severity: severity, Message: fmt.Sprintf(format, args...)})
	}
}

// value checks the next value. A scalar that fits is returned, a string without its quotes, good until the next read.
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
	if len(n.betas) > 0 {
		defer w.needBeta(n.betas)
	}
	switch {
	case n.form == anything:
		w.Skip()
	case !n.form.fits(kind):
		w.Skip()
		if !w.Failed() {
			w.report(w.Pointer(), Type, Error, "expected %s, got %s", n.expected(), wire.KindName(kind))
		}
	case n.form == object:
		w.object(n)
	case n.form == list:
		w.list(n)
	default:
		v := w.Value()
		if w.Failed() {
			return nil
		}
		switch n.form {
		case text:
			return w.text(n, v)
		case number:
			w.number(n, v)
		}
		return v
	}
	return nil
}

// fits reports whether a value of a kind can be of the form.
func (f form) fits(kind jsontext.Kind) bool {
	switch f {
	case object:
		return kind == '{'
	case list:
		return kind == '['
	case text:
		return kind == '"'
	case number:
		return kind == '0'
	case boolean:
		return kind == 't' || kind == 'f'
	}
	return true
}

// expected says in words what a node takes.
func (n *node) expected() string {
	switch n.form {
	case object:
		return "an object"
	case list:
		return "a list"
	case text:
		return "a string"
	case number:
		if n.integer {
			return "a whole number"
		}
		return "a number"
	case boolean:
		return "true or false"
	case union:
		if len(n.byKind) == 1 {
			return "an object"
		}
		var forms []string
		for _, kind := range []jsontext.Kind{'"', '[', '{', 't', '0'} {
			if m := n.byKind[kind]; m != nil {
				forms = append(forms, m.expected())
			}
		}
		return strings.Join(forms, " or ")
	}
	return "a value"
}

// member returns the member of a union that the next value is, or nil with the value passed over.
func (w *walker) member(n *node, kind jsontext.Kind) *node {
	if kind != '{' || n.tag == "" {
		m := n.byKind[kind]
		if m == nil {
			w.Skip()
			if !w.Failed() {
				w.report(w.Pointer(), Type, Error, "expected %s, got %s", n.expected(), wire.KindName(kind))
			}
		}
		return m
	}
	tag := w.Tag(n.tag)
	if m := n.members[string(tag)]; m != nil && (tag != nil || n.members[""] != nil) {
		return m
	}
	w.Skip()
	if w.Failed() {
		return nil
	}
	at := w.Pointer().AppendToken(n.tag)
	switch {
	case tag == nil:
		w.report(at, Required, Error, "%q is missing or not a string: it must be %s", n.tag, oneOf(n.tags))
	case w.role == "assistant" && n.name == "BetaContentBlockParam" && nearest(string(tag), n.tags) == "":
		// What the model said goes back as it came, also what is newer than the contract.
		w.report(at, Variant, Warning, "the contract does not know such a block: the service takes it if it has sent it")
	default:
		w.report(at, Variant, Error, "%s", choice(string(tag), n.tags))
	}
	return nil
}

func (w *walker) object(n *node) {
	w.Object()
	w.inVersion(n)
	outerRole := w.role
	switch n.name {
	case "BetaAssistantMessageParam":
		w.role = "assistant"
	case "BetaUserMessageParam":
		w.role = "user"
	case "BetaTextBlockParam", "BetaSearchResultBlockParam": // what a version refuses, it refuses inside of these too
	default:
		w.role = "" // what a tool found, say, is not said by anybody
	}
	defer func() { w.role = outerRole }()
	var seen uint64
	var unknown []string
	for name := w.Name(); name != nil; name = w.Name() {
		p := n.properties[string(name)]
		switch {
		case p != nil:
			seen |= p.bit
			w.property(n, p)
		case n.values != nil:
			w.value(n.values)
		case n.free:
			w.Skip()
		default:
			unknown = append(unknown, string(name))
			if n.name == "BetaCreateMessageParams" {
				w.guideOnly(unknown[len(unknown)-1])
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
}

// guideOnly reports parameters that a batch refuses according to the guide, and that the contract has no schema for.
// It reads the value.
func (w *walker) guideOnly(name string) {
	v := w.Value()
	if w.Failed() || v.Kind() == 'n' {
		return // null is like absent
	}
	switch name {
	case "store", "previous_thread_event_id", "cache_hint", "context_hint":
		w.report(w.Pointer(), RefusedByBatch, Error, "a request inside a batch must not have %q", name)
	case "research_preview_2026_02":
		if s, _ := jsontext.AppendUnquote(nil, v); string(s) == "active" {
			w.report(w.Pointer(), RefusedByBatch, Error, `a request inside a batch must not have "active" here`)
		}
	}
}

func (w *walker) unknownProperty(n *node, at jsontext.Pointer, name string, seen uint64) {
	if slices.ContainsFunc(w.found, func(i Issue) bool { return i.Pointer == at && i.Rule == RefusedByBatch }) {
		return
	}
	if near := nearest(name, n.names); near != "" && seen&n.properties[near].bit == 0 {
		w.report(at, UnknownProperty, Error, "there is no such property%s", didYouMean(near))
		return
	}
	w.report(at, UnknownProperty, Warning, "the contract does not know this property: the service may refuse it")
}

func (w *walker) property(n *node, p *property) {
	if !p.special {
		w.value(p.node)
		return
	}
	absent := w.Kind() == 'n' // null is like absent
	v := w.value(p.node)
	if absent || w.Failed() {
		return
	}
	if n == root() && p.name == "custom_id" {
		w.customID = string(v)
		return
	}
	at := w.Pointer()
	if p.betas != nil {
		w.needBeta(p.betas)
	}
	if slices.Contains(p.versions, w.checks.version) {
		w.report(at, RefusedByVersion, Error, "version %s does not take %q, whatever its value", w.checks.version, p.name)
	}
	if p.refused {
		w.report(at, RefusedByBatch, Error, "a request inside a batch must not have %q", p.name)
	}
	for _, refused := range p.values {
		if string(v) == fmt.Sprint(refused) {
			w.report(at, RefusedByBatch, Error, "a request inside a batch must not have %v here", refused)
		}
	}
}

// inVersion reports what a version of the API refuses in certain messages.
func (w *walker) inVersion(n *node) {
	const since = "2026-10-21"
	if w.checks.version != since {
		return
	}
	if n.name == "BetaRequestDocumentBlock" && w.role == "assistant" {
		w.report(w.Pointer(), RefusedByVersion, Error, "version %s does not take documents in messages of the assistant", since)
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
	for ; w.Next(); count++ {
		w.value(n.items)
	}
	switch {
	case w.Failed():
	case count < n.minItems && n.minItems == 1:
		w.report(w.Pointer(), Limit, Error, "must not be empty")
	case count < n.minItems:
		w.report(w.Pointer(), Limit, Error, "needs at least %d elements, has %d", n.minItems, count)
	case n.maxItems >= 0 && count > n.maxItems:
		w.report(w.Pointer(), Limit, Error, "may have %d elements, has %d", n.maxItems, count)
	case count > 0 && n.items.form == union && w.role == "user" && w.checks.version == "2026-10-21" && strings.HasSuffix(string(w.Pointer()), "/citations"):
		w.report(w.Pointer(), RefusedByVersion, Error, "version %s does not take citations in messages of the user", w.checks.version)
	}
}

// text checks a string and returns it without its quotes, or nil if it does not fit.
func (w *walker) text(n *node, v jsontext.Value) []byte {
	s := v[1 : len(v)-1]
	if n.enum == nil && n.known == nil && n.pattern == nil && !n.base64 && n.maxLength < 0 && (n.minLength == 0 || n.minLength == 1 && len(s) > 0) {
		return s // most texts: nothing to check
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
	case n.name == "Model" && len(s) > 0 && !slices.Contains(n.known, string(s)):
		w.report(w.Pointer(), UnknownModel, Warning, "the contract does not know this model%s", didYouMean(nearest(string(s), n.known)))
	}
	if n.minLength > 0 || n.maxLength >= 0 {
		switch length := int64(utf8.RuneCount(s)); {
		case length < n.minLength && n.minLength == 1:
			refuse(Limit, "must not be empty")
		case length < n.minLength:
			refuse(Limit, "needs at least %d characters, has %d", n.minLength, length)
		case n.maxLength >= 0 && length > n.maxLength:
			refuse(Limit, "may have %d characters, has %d", n.maxLength, length)
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

// base64 is what base64 is without its padding, URL-safe or not.
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

func bound(exclusive bool, inclusive, strict string) string {
	if exclusive {
		return strict
	}
	return inclusive
}

// oneOf lists values to choose from.
func oneOf(values []string) string {
	const most = 12
	quoted := make([]string, 0, most)
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, strconv.Quote(v))
	}
	switch n := len(values); {
	case n > most:
		return fmt.Sprintf("one of %s and %d others", strings.Join(quoted, ", "), n-most)
	case n > 1:
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// choice says what a value should have been: the one that was likely meant, or what there is to choose from.
func choice(got string, values []string) string {
	if near := nearest(got, values); near != "" && len(values) > 6 {
		return fmt.Sprintf("is none of %d known values%s", len(values), didYouMean(near))
	}
	return "must be " + oneOf(values) + didYouMean(nearest(got, values))
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", name)
}
