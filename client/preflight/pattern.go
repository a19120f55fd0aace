package preflight

import (
	"bytes"
	"regexp"
	"regexp/syntax"
)

// A pattern is a regular expression. Those of the contract say that a text begins with something and goes on with so
// many characters of a set; such a one is not run, which would take a tenth of the time of a whole check.
type pattern struct {
	*regexp.Regexp
	set      *[256]bool // nil if the expression is of another form
	prefix   []byte
	min, max int // length of what follows the prefix; max is -1 without a limit
}

func newPattern(text string) *pattern {
	p := &pattern{Regexp: regexp.MustCompile(text)}
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat {
		return p
	}
	parts := re.Sub
	if n := len(parts); n < 3 || parts[0].Op != syntax.OpBeginText || parts[n-1].Op != syntax.OpEndText {
		return p
	}
	parts = parts[1 : len(parts)-1]
	if parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0 {
		p.prefix, parts = []byte(string(parts[0].Rune)), parts[1:]
	}
	if len(parts) != 1 {
		return p
	}
	switch repeat := parts[0]; repeat.Op {
	case syntax.OpStar:
		p.max = -1
	case syntax.OpPlus:
		p.min, p.max = 1, -1
	case syntax.OpRepeat:
		p.min, p.max = repeat.Min, repeat.Max
	default:
		return p
	}
	class := parts[0].Sub[0]
	if n := len(class.Rune); class.Op != syntax.OpCharClass || n == 0 || class.Rune[n-1] > 127 {
		return p
	}
	p.set = new([256]bool)
	for i := 0; i < len(class.Rune); i += 2 {
		for c := class.Rune[i]; c <= class.Rune[i+1]; c++ {
			p.set[c] = true
		}
	}
	return p
}

// matches reports whether the pattern matches s.
func (p *pattern) matches(s []byte) bool {
	if p.set == nil {
		return p.Match(s)
	}
	rest, ok := bytes.CutPrefix(s, p.prefix)
	return ok && len(rest) >= p.min && (p.max < 0 || len(rest) <= p.max) && all(rest, p.set)
}

// all reports whether s has only characters of a set.
func all(s []byte, set *[256]bool) bool {
	for _, c := range s {
		if !set[c] {
			return false
		}
	}
	return true
}
