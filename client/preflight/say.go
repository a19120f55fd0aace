package preflight

import (
	"fmt"
	"strings"
)

func (w *walker) sayAcross(x *across, at span, format string, args ...any) {
	w.report(w.pointer(at), x.rule, x.severity, format+hint(x.Hint), args...)
}

// sayHeld reports a refusal that holds, and those like it.
func (w *walker) sayHeld(h held) {
	w.say(h.refusal, h.at, h.which)
	if h.more > 0 && !w.checks.disabled[h.refusal.rule] {
		w.found.count(Tally{h.refusal.rule, h.refusal.severity, h.more})
	}
}

// say reports that a refusal holds.
func (w *walker) say(r *refusal, at span, which int) {
	if w.muted(r.rule, r.severity) {
		return
	}
	w.report(w.pointer(at), r.rule, r.severity, "%s", w.words(r, which)+hint(r.Hint))
}

// words returns the message of a refusal.
func (w *walker) words(r *refusal, which int) string {
	what := r.what()
	if which >= 0 {
		what = r.values[which].String() + " here"
	}
	if (r.Position == "first" || r.Position == "last") && r.matching == nil {
		what = strings.Replace(what, "a message", "a "+r.Position+" message", 1)
	}
	if r.text >= 0 {
		what += " that is text"
	}
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	switch {
	case r.Batch && r.severity == Warning:
		add("a request inside a batch may not be allowed to have %s: sources disagree", what)
	case r.Batch:
		add("a request inside a batch must not have %s", what)
	case r.Versions != nil:
		add("version %s does not accept %s", w.checks.version, what)
		if which < 0 && r.Role == "" {
			add(", whatever its value")
		}
	case r.Above != "":
		most, _ := w.most(r.Above)
		add("%s accepts at most %v", w.model(), most)
		if beta := w.raised(r.Above); beta != "" {
			add(", or more with the beta %q", beta)
		}
	case r.Models != "":
		add("%s does not accept %s", w.model(), what)
	case r.matching != nil && r.matching.ends:
		add("must not end in white space")
	case r.matching != nil && r.matching.blank:
		add("must contain more than white space")
	case r.matching != nil:
		add("must not match %s", r.matching)
	case r.notMatching != nil && r.notMatching.begins:
		add("must begin with %q", r.notMatching.prefix)
	case r.notMatching != nil:
		add("must match %s", r.notMatching)
	case r.AtLeast != "":
		add("must be less than %s", r.AtLeast)
	case r.Without != nil:
		add("%s needs %s", what, join(r.Without, " or "))
	case r.WhereNot != nil:
		add("%s needs %s", what, words(r.WhereNot, " of ", " or "))
	default:
		add("the service refuses %s", what)
	}
	if r.Below != nil {
		add(" below %v", *r.Below)
	}
	if r.except != nil && r.Versions == nil {
		add(" unless it is %s", either(r.except))
	}
	if r.Position == "not-last" {
		add(", except in a last message")
	}
	if r.Role != "" {
		add(" in messages of the %s", r.Role)
	}
	if r.Beside != nil {
		add(" beside %s", join(r.Beside, " and "))
	}
	if r.Where != nil {
		add(" while %s", words(r.Where, " is ", " and "))
	}
	if r.Models != "" || r.Above != "" {
		add(" (as of %s)", w.contract.asOf)
	}
	return b.String()
}
