package convert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A columnText is text with references to columns.
type columnText []textPart

// A textPart is literal text, or the cell of a column.
type textPart struct {
	text   string
	column int // -1 for literal text
}

// columns maps the column names of a table to their numbers.
type columns struct {
	names []string
	index map[string]int // -1 if several columns have the name
}

func newColumns(header []string) *columns {
	c := &columns{header, make(map[string]int)}
	for i, name := range header {
		if _, again := c.index[name]; again {
			i = -1
		}
		c.index[name] = i
	}
	return c
}

// find returns the number of a column.
func (c *columns) find(name string) (int, error) {
	switch i, ok := c.index[name]; {
	case ok && i >= 0:
		return i, nil
	case ok:
		return 0, fmt.Errorf("several columns have the name %q", name)
	}
	var similar string
	for _, other := range c.names {
		if strings.EqualFold(other, name) {
			similar = fmt.Sprintf("; did you mean %q?", other)
		}
	}
	shown := c.names[:min(len(c.names), 20)]
	list := fmt.Sprintf("%q", shown)
	if len(shown) < len(c.names) {
		list += fmt.Sprintf(" and %d more", len(c.names)-len(shown))
	}
	return 0, fmt.Errorf("the table has no column %q%s (it has %s)", name, similar, strings.Trim(list, "[]"))
}

// looksLikeName matches what counts as a column name between braces. Anything else between braces is text, such as an
// example of JSON in a prompt.
const looksLikeName = `^[\pL_][\pL\pN_ .-]{0,63}$`

// A textCompiler compiles texts with {column} in them.
type textCompiler struct {
	columns *columns
	name    *regexp.Regexp
	literal []string // columns that appear in double braces
	notFile []string // places of contents that begin with @ but are not files
}

func newTextCompiler(c *columns) *textCompiler {
	return &textCompiler{columns: c, name: regexp.MustCompile(looksLikeName)}
}

// compile parses a text. {column} is the cell of a column, and {{column}} is the literal text {column}.
func (t *textCompiler) compile(s string) (parts columnText, err error) {
	begin := 0
	add := func(end int, p ...textPart) {
		if end > begin {
			parts = append(parts, textPart{s[begin:end], -1})
		}
		parts = append(parts, p...)
	}
	for i := 0; i < len(s); {
		if s[i] != '{' {
			i++
			continue
		}
		doubled := strings.HasPrefix(s[i:], "{{")
		open, closing := "{", "}"
		if doubled {
			open, closing = "{{", "}}"
		}
		inner, _, closed := strings.Cut(s[i+len(open):], closing)
		_, known := t.columns.index[inner]
		if !closed || strings.ContainsAny(inner, "{}\n") && !known || !known && !t.name.MatchString(inner) {
			i++
			continue
		}
		end := i + len(open) + len(inner) + len(closing)
		if doubled {
			add(i, textPart{"{" + inner + "}", -1})
			if known && !slices.Contains(t.literal, inner) {
				t.literal = append(t.literal, inner)
			}
		} else {
			column, err := t.columns.find(inner)
			if err != nil {
				return nil, fmt.Errorf("%w; for the literal text {%s} write {{%s}}", err, inner, inner)
			}
			add(i, textPart{"", column})
		}
		i, begin = end, end
	}
	add(len(s))
	return parts, nil
}

// fill returns the text for a row.
func (t columnText) fill(row []string) string {
	if len(t) == 1 {
		return t[0].of(row)
	}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.of(row))
	}
	return b.String()
}

func (p textPart) of(row []string) string {
	if p.column < 0 {
		return p.text
	}
	return row[p.column]
}

// fixed reports whether the text is the same for all rows.
func (t columnText) fixed() bool {
	return !slices.ContainsFunc(t, func(p textPart) bool { return p.column >= 0 })
}
