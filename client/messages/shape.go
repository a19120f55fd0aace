package messages

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A shape is the JSON form of a Go type. Schemas are written from it and texts are checked against it, so that both follow
// the same rules.
type shape struct {
	t      reflect.Type
	kind   string   // type in JSON Schema, "" for any value
	format string   // of a string
	note   string   // description, if the field has none
	enum   []string // nil if all strings are allowed
	fields []field  // of a struct
	elem   *shape   // of an array or a map
	own    bool     // t decodes itself
	err    error    // why there is no schema
}

// A field is a property of a struct.
type field struct {
	name        string
	goName      string
	description string
	optional    bool // omitempty or omitzero
	nullable    bool // a pointer
	shape       *shape
}

// find returns the index of the field that encoding/json decodes a property into, or -1.
func (s *shape) find(name string) int {
	for i := range s.fields {
		if s.fields[i].name == name {
			return i
		}
	}
	return slices.IndexFunc(s.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
}

var shapes sync.Map // by reflect.Type

// shapeOf returns the shape of a type, and whether it may be null.
func shapeOf(t reflect.Type) (s *shape, nullable bool) {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape), nullableType(t)
	}
	s = shaper{}.shape(t)
	shapes.Store(t, s)
	return s, nullableType(t)
}

func nullableType(t reflect.Type) bool { return t.Kind() == reflect.Pointer }

// A shaper holds the shapes that it has begun, because a type may contain itself.
type shaper map[reflect.Type]*shape

func (c shaper) shape(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s := c[t]; s != nil {
		return s
	}
	s := &shape{t: t}
	c[t] = s
	if known, ok := knownShapes()[t]; ok {
		*s = known
		s.t = t
		return s
	}
	p := reflect.PointerTo(t)
	decodesJSON, decodesText := p.Implements(reflect.TypeFor[json.Unmarshaler]()), p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	s.own = decodesJSON || decodesText
	if e, ok := reflect.TypeAssert[interface{ Enum() []string }](reflect.New(t)); ok && (s.own || t.Kind() != reflect.Struct) {
		s.kind, s.enum = "string", slices.Clone(e.Enum())
		s.err = checkEnum(s)
		return s
	}
	switch {
	case decodesJSON:
		s.err = fmt.Errorf("%v has its own JSON form", t)
	case decodesText:
		s.kind = "string"
	default:
		c.builtin(s)
	}
	return s
}

// knownShapes are the shapes of types that decode themselves and whose form is known.
var knownShapes = sync.OnceValue(func() map[reflect.Type]shape {
	return map[reflect.Type]shape{
		reflect.TypeFor[time.Time]():       {kind: "string", format: "date-time", own: true},
		reflect.TypeFor[big.Int]():         {kind: "integer", own: true},
		reflect.TypeFor[json.Number]():     {kind: "number"},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[jsontext.Value]():  {},
	}
})

func checkEnum(s *shape) error {
	switch {
	case s.t.Kind() != reflect.String && !s.own:
		return fmt.Errorf("%v has a method Enum, but is not a string in JSON", s.t)
	case len(s.enum) == 0:
		return fmt.Errorf("method Enum of %v returns no values", s.t)
	}
	for i, v := range s.enum {
		if slices.Contains(s.enum[:i], v) || !utf8.ValidString(v) {
			return fmt.Errorf("method Enum of %v returns a value twice, or one that is not UTF-8", s.t)
		}
	}
	return nil
}

// builtin sets the shape of a type that does not decode itself.
func (c shaper) builtin(s *shape) {
	switch t := s.t; t.Kind() {
	case reflect.Bool:
		s.kind = "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.kind = "integer"
	case reflect.Float32, reflect.Float64:
		s.kind = "number"
	case reflect.String:
		s.kind = "string"
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			s.kind, s.note = "string", "base64"
			return
		}
		s.kind, s.elem = "array", c.shape(t.Elem())
	case reflect.Map:
		s.kind, s.elem = "object", c.shape(t.Elem())
		if k := t.Key(); !names(k) {
			s.err = fmt.Errorf("%v has keys that are not names in JSON", t)
		}
	case reflect.Struct:
		s.kind = "object"
		s.fields, s.err = c.fields(t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			s.err = fmt.Errorf("%v is an interface with methods: encoding/json cannot decode it", t)
		}
	default:
		s.err = fmt.Errorf("%v has no JSON form", t)
	}
}

// names reports whether keys of this type are names in JSON.
func names(key reflect.Type) bool {
	return key.Kind() == reflect.String || reflect.Int <= key.Kind() && key.Kind() <= reflect.Uintptr ||
		reflect.PointerTo(key).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// fields returns the fields of a struct under the rules of encoding/json: those of embedded structs are the struct's own,
// and of several with the same name the outermost one counts, or else the only one with a tag, or else none of them.
func (c shaper) fields(t reflect.Type) ([]field, error) {
	var all []found
	var problem error
	var collect func(t reflect.Type, at []int, within []reflect.Type)
	collect = func(t reflect.Type, at []int, within []reflect.Type) {
		if slices.Contains(within, t) {
			return
		}
		within = append(slices.Clip(within), t)
		for i := range t.NumField() {
			f := t.Field(i)
			tag := f.Tag.Get("json")
			name, options, _ := strings.Cut(tag, ",")
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if tag == "-" || !f.IsExported() && !(f.Anonymous && inner.Kind() == reflect.Struct) {
				continue
			}
			at := append(slices.Clip(at), i)
			if !validName(name) {
				name = ""
			}
			if f.Anonymous && name == "" && inner.Kind() == reflect.Struct {
				if !f.IsExported() && f.Type.Kind() == reflect.Pointer {
					problem = cmp.Or(problem, fmt.Errorf("field %s: encoding/json cannot decode an embedded pointer to an unexported type", f.Name))
				}
				collect(inner, at, within)
				continue
			}
			if !f.IsExported() {
				continue
			}
			list := strings.Split(options, ",")
			x := found{field{cmp.Or(name, f.Name), f.Name, f.Tag.Get("jsonschema"),
				slices.Contains(list, "omitempty") || slices.Contains(list, "omitzero"), nullableType(f.Type), c.shape(f.Type)}, at, name != ""}
			if slices.Contains(list, "string") {
				x.shape = quoted(x.shape)
			}
			if word := keyword(x.description); word != "" {
				problem = cmp.Or(problem, fmt.Errorf("field %s: the jsonschema tag is the description of the field, it cannot begin with a keyword such as %q", f.Name, word))
			}
			all = append(all, x)
		}
	}
	collect(t, nil, nil)
	slices.SortStableFunc(all, func(x, y found) int { return slices.Compare(x.at, y.at) })
	var fields []field
	for i, x := range all {
		hidden := func(y found) bool { return x.hiddenBy(y) }
		if !slices.ContainsFunc(all[:i], hidden) && !slices.ContainsFunc(all[i+1:], hidden) {
			fields = append(fields, x.field)
		}
	}
	return fields, problem
}

// A found is a field that may be hidden by another one with its name.
type found struct {
	field
	at     []int // its index path, through embedded structs
	tagged bool
}

func (x found) hiddenBy(y found) bool {
	return x.name == y.name && (len(y.at) < len(x.at) || len(y.at) == len(x.at) && (y.tagged || !x.tagged))
}

// keyword returns the keyword that a tag of another library begins with, such as minimum=, or "".
func keyword(tag string) string {
	word, _, found := strings.Cut(tag, "=")
	if !found || strings.ContainsAny(word, " \t\n") {
		return ""
	}
	return word + "="
}

// validName reports whether encoding/json accepts the name of a tag.
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// quoted returns the shape of a field with the option string: a number or a boolean within a string.
func quoted(s *shape) *shape {
	if s.own {
		return s
	}
	switch s.t.Kind() {
	case reflect.String:
		return &shape{t: s.t, err: errors.New("a string with the option string is JSON within JSON")}
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.Interface:
		return s // encoding/json ignores the option
	}
	return &shape{t: s.t, kind: "string", note: s.kind + " in quotation marks"}
}
