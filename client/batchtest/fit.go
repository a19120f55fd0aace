package batchtest

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// fit returns a value that fits a JSON Schema, always the same for a seed. It returns false if it finds none.
func fit(schema []byte, seed uint64) (jsontext.Value, bool) {
	root, err := parseShape(schema)
	if err != nil {
		return nil, false
	}
	f := &fitter{root: root, rand: rand.New(rand.NewPCG(seed, 1)), left: mostValues}
	return f.value(nil, root, 0)
}

const (
	fullDepth  = 4       // beyond it, optional properties and elements are omitted
	mostDepth  = 24      // beyond it, a schema counts as endless
	mostValues = 100_000 // how many values are tried
	mostLength = 10_000  // of a text
)

// A fitter makes values.
type fitter struct {
	root *shape
	rand *rand.Rand
	left int // values to try
}

// value appends a value that fits s. It returns false if there is none, or if it would nest too deeply.
func (f *fitter) value(b []byte, s *shape, depth int) ([]byte, bool) {
	s = f.root.resolve(s)
	f.left--
	switch {
	case s == nil || s.never || depth > mostDepth || f.left < 0:
		return b, false
	case s.Const != nil:
		return append(b, s.Const...), true
	case len(s.Enum) > 0:
		return append(b, s.Enum[f.rand.IntN(len(s.Enum))]...), true
	case len(s.AnyOf) > 0:
		return f.oneOf(b, s, s.AnyOf, depth)
	case len(s.OneOf) > 0:
		return f.oneOf(b, s, s.OneOf, depth)
	}
	switch s.kind() {
	case "object":
		return f.object(b, s, depth)
	case "array":
		return f.array(b, s, depth)
	case "integer", "number":
		return f.number(b, s)
	case "boolean":
		return strconv.AppendBool(b, f.rand.IntN(2) == 0), true
	case "null":
		return append(b, "null"...), true
	default:
		return f.string(b, s)
	}
}

// oneOf appends a value that fits s and one of the branches: a drawn branch, or else the next one that has a value.
func (f *fitter) oneOf(b []byte, s *shape, branches []*shape, depth int) ([]byte, bool) {
	rest := *s
	rest.AnyOf, rest.OneOf = nil, nil
	first := f.rand.IntN(len(branches))
	if depth > fullDepth {
		first = 0
	}
	for i := range branches {
		branch := f.root.resolve(branches[(first+i)%len(branches)])
		if branch == nil {
			continue
		}
		if out, ok := f.value(b, rest.with(branch), depth+1); ok {
			return out, true
		}
	}
	return b, false
}

func (f *fitter) object(b []byte, s *shape, depth int) ([]byte, bool) {
	b = append(b, '{')
	n := int64(0)
	member := func(name string, value *shape) bool {
		start := len(b)
		if n > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, name)
		out, ok := f.value(append(b, ':'), value, depth+1)
		if b = out; !ok {
			b = b[:start]
			return false
		}
		n++
		return true
	}
	for _, p := range s.Properties {
		required := s.requires(p.name)
		if (required || depth < fullDepth) && !member(p.name, p.shape) && required {
			return b, false
		}
	}
	for _, name := range s.Required { // those that are not described
		if s.Properties.find(name) == nil && !member(name, s.additional()) {
			return b, false
		}
	}
	for i := 0; n < max(s.MinProperties, min(1, s.mapped())); i++ {
		if !member("key_"+strconv.Itoa(i), s.additional()) {
			return b, n >= s.MinProperties
		}
	}
	return append(b, '}'), true
}

func (f *fitter) array(b []byte, s *shape, depth int) ([]byte, bool) {
	n := max(s.MinItems, int64(len(s.PrefixItems)))
	if depth < fullDepth && s.Items != nil {
		n = max(n, 1+f.rand.Int64N(2))
	}
	if s.MaxItems != nil {
		n = min(n, *s.MaxItems)
	}
	b = append(b, '[')
	seen := make(map[string]bool)
	for i := int64(0); i < n; i++ {
		start := len(b)
		if i > 0 {
			b = append(b, ',')
		}
		element := s.Items
		if i < int64(len(s.PrefixItems)) {
			element = s.PrefixItems[i]
		} else if element == nil {
			element = new(shape)
		}
		value, ok := f.value(nil, element, depth+1)
		for try := 0; ok && s.UniqueItems && seen[string(value)] && try < 20; try++ {
			value, ok = f.value(nil, element, depth+1)
		}
		if !ok || s.UniqueItems && seen[string(value)] {
			if b = b[:start]; i < s.MinItems {
				return b, false
			}
			break
		}
		seen[string(value)] = true
		b = append(b, value...)
	}
	return append(b, ']'), true
}

// number appends a number within the limits, near 0 if there are none: a multiple of the step if there is one, or else
// one between two.
func (f *fitter) number(b []byte, s *shape) ([]byte, bool) {
	step := 1.0
	if s.MultipleOf != nil {
		step = *s.MultipleOf
	}
	low, high := s.limits(100 * step)
	first, last := math.Ceil(low/step), math.Floor(high/step)
	if s.ExclusiveMinimum != nil && first*step <= *s.ExclusiveMinimum {
		first++
	}
	if s.ExclusiveMaximum != nil && last*step >= *s.ExclusiveMaximum {
		last--
	}
	switch {
	case first <= last:
		v := (first + float64(f.rand.Int64N(int64(min(last-first, 1e6))+1))) * step
		return strconv.AppendFloat(b, v, 'f', -1, 64), true
	case s.kind() == "number" && s.MultipleOf == nil && low < high:
		return strconv.AppendFloat(b, low+(high-low)/2, 'f', -1, 64), true
	}
	return b, false
}

// vocabulary has the words that texts are made of.
const vocabulary = "amber birch cedar delta ember fjord grove haven islet jewel kayak lilac maple north ocean poppy quart river stone tidal"

// word returns a word of the vocabulary; all have 5 letters.
func (f *fitter) word() string {
	i := f.rand.IntN((len(vocabulary)+1)/6) * 6
	return strings.TrimSpace(vocabulary[i : i+5])
}

func (f *fitter) string(b []byte, s *shape) ([]byte, bool) {
	text, ok := "", true
	switch {
	case s.Pattern != "":
		text, ok = match(s.Pattern, f.rand)
	case sample(s.Format) != "":
		text = sample(s.Format)
		if s.Format == "uuid" {
			const hex = "0123456789abcdef"
			id := []byte(text)
			for _, i := range []int{0, 1, 2, 3, 4, 5, 6, 7} {
				id[i] = hex[f.rand.IntN(16)]
			}
			text = string(id)
		}
	default:
		for range 2 + f.rand.IntN(3) {
			text += " " + f.word()
		}
		text = text[1:]
		for n := min(s.MinLength, mostLength); int64(utf8.RuneCountInString(text)) < n; {
			text += " " + f.word()
		}
		if s.MaxLength != nil {
			text = text[:min(int64(len(text)), *s.MaxLength)]
		}
	}
	n := int64(utf8.RuneCountInString(text))
	if !ok || n < s.MinLength || s.MaxLength != nil && n > *s.MaxLength {
		return b, false
	}
	b, _ = jsontext.AppendQuote(b, text)
	return b, true
}

// sample returns a text of the given format, or "" if any text will do.
func sample(format string) string {
	switch format {
	case "date-time":
		return "2026-11-28T12:00:00Z"
	case "date":
		return "2026-11-28"
	case "time":
		return "12:00:00Z"
	case "duration":
		return "PT1H"
	case "email":
		return "amber@example.com"
	case "hostname":
		return "river.example.com"
	case "ipv4":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "uri":
		return "https://example.com/river"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	}
	return ""
}
