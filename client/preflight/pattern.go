package preflight

import (
	"bytes"
	"regexp"
	"regexp/syntax"
)

// A pattern is a regular expression. Most in the contract require a prefix followed by a number of characters from a
// set. Those are matched without package regexp, which would take a tenth of the time of a whole check.
type pattern struct {
	*regexp.Regexp
	set      *[256]bool // nil if the expression is of another form
	prefix   []byte
	min, max int  // length of what follows the prefix; max is -1 without a limit
	ends     bool // only the last character must be in the set
	begins   bool // only the prefix counts
	blank    bool // matches white space, or the empty text
}

func newPattern(text string) *pattern {
	p := &pattern{Regexp: regexp.MustCompile(text)}
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat {
		return p
	}
	parts := re.Sub
	begins := parts[0].Op == syntax.OpBeginText
	if begins {
		parts = parts[1:]
	}
	ends := len(parts) > 0 && parts[len(parts)-1].Op == syntax.OpEndText
	if ends {
		parts = parts[:len(parts)-1]
	}
	if begins && len(parts) > 0 && parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0 {
		p.prefix, parts = []byte(string(parts[0].Rune)), parts[1:]
	}
	switch {
	case begins && !ends && len(parts) == 0:
		p.begins = true
	case !begins && ends && len(parts) == 1:
		p.set = asciiSet(parts[0])
		p.ends = p.set != nil
	case begins && ends && len(parts) == 1:
		p.repeated(parts[0])
	}
	p.blank = text == `^\s*$` || text == `^\s+$`
	return p
}

// repeated compiles a repeated set.
func (p *pattern) repeated(repeat *syntax.Regexp) {
	switch repeat.Op {
	case syntax.OpStar:
		p.max = -1
	case syntax.OpPlus:
		p.min, p.max = 1, -1
	case syntax.OpRepeat:
		p.min, p.max = repeat.Min, repeat.Max
	default:
		return
	}
	p.set = asciiSet(repeat.Sub[0])
}

// asciiSet returns the characters of a set, or nil if class is not a set or contains others.
func asciiSet(class *syntax.Regexp) *[256]bool {
	if n := len(class.Rune); class.Op != syntax.OpCharClass || n == 0 || class.Rune[n-1] > 127 {
		return nil
	}
	set := new([256]bool)
	for i := 0; i < len(class.Rune); i += 2 {
		for c := class.Rune[i]; c <= class.Rune[i+1]; c++ {
			set[c] = true
		}
	}
	return set
}

// matches reports whether the pattern matches s.
func (p *pattern) matches(s []byte) bool {
	switch {
	case p.begins:
		return bytes.HasPrefix(s, p.prefix)
	case p.set == nil:
		return p.Match(s)
	case p.ends:
		return len(s) > 0 && p.set[s[len(s)-1]]
	}
	rest, ok := bytes.CutPrefix(s, p.prefix)
	return ok && len(rest) >= p.min && (p.max < 0 || len(rest) <= p.max) && all(rest, p.set)
}

// never reports whether a string, whose escapes are not decoded, cannot match. It may return false for one that cannot
// match, but true is always right.
func (p *pattern) never(quoted []byte) bool {
	switch {
	case p.ends:
		const longest = len(`\u0020`)
		n := len(quoted)
		return n > 0 && !p.set[quoted[n-1]] && bytes.IndexByte(quoted[max(0, n-longest):], '\\') < 0
	case p.set != nil && len(p.prefix) == 0:
		for _, c := range quoted {
			if c == '\\' {
				return false
			}
			if !p.set[c] {
				return true
			}
		}
	}
	return false
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
