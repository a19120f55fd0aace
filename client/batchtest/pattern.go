package batchtest

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
)

// match returns a text that matches a regular expression. It returns false if it finds none: expressions in JSON Schema
// may use syntax that Go lacks.
func match(pattern string, random *rand.Rand) (string, bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	for range 10 {
		var text strings.Builder
		matching(&text, tree, random)
		if ok, err := regexp.MatchString(pattern, text.String()); ok && err == nil {
			return text.String(), true
		}
	}
	return "", false
}

// matching writes a text that matches, ignoring the context.
func matching(text *strings.Builder, e *syntax.Regexp, random *rand.Rand) {
	least, most := 0, -1
	switch e.Op {
	case syntax.OpLiteral:
		text.WriteString(string(e.Rune))
		return
	case syntax.OpCharClass:
		text.WriteRune(oneOfClass(e.Rune, random))
		return
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		text.WriteByte('a' + byte(random.IntN(26)))
		return
	case syntax.OpConcat, syntax.OpCapture:
		for _, part := range e.Sub {
			matching(text, part, random)
		}
		return
	case syntax.OpAlternate:
		matching(text, e.Sub[random.IntN(len(e.Sub))], random)
		return
	case syntax.OpStar:
	case syntax.OpPlus:
		least = 1
	case syntax.OpQuest:
		most = 1
	case syntax.OpRepeat:
		least, most = e.Min, e.Max
	default: // the empty text, and assertions
		return
	}
	if most < 0 {
		most = least + 3
	}
	for range least + random.IntN(most-least+1) {
		matching(text, e.Sub[0], random)
	}
}

// oneOfClass returns a character of a class, preferably a printable one.
func oneOfClass(ranges []rune, random *rand.Rand) rune {
	if len(ranges) == 0 {
		return 0
	}
	for range 20 {
		i := random.IntN(len(ranges)/2) * 2
		c := ranges[i] + rune(random.IntN(int(min(ranges[i+1]-ranges[i], 200))+1))
		if c > ' ' && c < 0x7f {
			return c
		}
	}
	return ranges[0]
}
