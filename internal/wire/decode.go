package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder reads one value of the contract. Its methods do nothing once the input has turned out not to be
// JSON, so that generated code need not check after each call.
type Decoder struct {
	json     *jsontext.Decoder
	err      error            // the input is not JSON, or could not be read: decoding ends
	misfit   *DecodeError     // the first value that did not fit: decoding goes on
	misfits  int              // how many there were
	base     jsontext.Pointer // where the input of json begins, seen from the whole value
	anyUTF8  bool             // strings may hold invalid UTF-8, which becomes U+FFFD
	interned interner
	scratch  []byte // for strings with escapes
}

// A Func decodes the next value into x.
type Func[T any] func(d *Decoder, x *T)

// Unmarshal decodes b, which must be one JSON value and white space. It puts up with what strict JSON refuses
// and paid results have been seen to hold: duplicate names (the last one wins) and invalid UTF-8 (it becomes
// U+FFFD).
func Unmarshal[T any](b []byte, x *T, decode Func[T]) error {
	p := pool.Get().(*pooled)
	defer p.release()
	err := p.unmarshal(b, false, func(d *Decoder) { decode(d, x) })
	if err == nil || errors.As(err, new(*DecodeError)) {
		return err
	}
	*x = *new(T)
	return p.unmarshal(b, true, func(d *Decoder) { decode(d, x) })
}

// UnmarshalFrom decodes the next value of j, under j's own options.
func UnmarshalFrom[T any](j *jsontext.Decoder, x *T, decode Func[T]) error {
	d := &Decoder{json: j, anyUTF8: true}
	decode(d, x)
	return d.result()
}

// Walk lets visit read b, which must be one JSON value and white space, in strict UTF-8. It returns an error if b is not
// JSON.
func Walk(b []byte, visit func(d *Decoder)) error {
	p := pool.Get().(*pooled)
	defer p.release()
	return p.unmarshal(b, false, visit)
}

type pooled struct {
	Decoder
	input bytes.Buffer
	text  jsontext.Decoder
}

var pool = sync.Pool{New: func() any { return new(pooled) }}

func (p *pooled) unmarshal(b []byte, anyUTF8 bool, decode func(*Decoder)) error {
	p.input = *bytes.NewBuffer(b)
	p.text.Reset(&p.input, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(anyUTF8))
	p.json, p.err, p.misfit, p.base, p.anyUTF8 = &p.text, nil, nil, "", anyUTF8
	decode(&p.Decoder)
	if p.err == nil {
		if _, err := p.text.ReadToken(); err == nil {
			p.err = errors.New("decode JSON: there is more after the value")
		} else if err != io.EOF {
			p.err = err
		}
	}
	return p.result()
}

func (p *pooled) release() {
	p.input = bytes.Buffer{} // the input is the caller's
	if cap(p.scratch) > 1<<20 {
		p.scratch = nil
	}
	p.text.Reset(&p.input)
	pool.Put(p)
}

func (d *Decoder) result() error {
	if d.err != nil {
		return d.err
	}
	if d.misfit != nil {
		return d.misfit
	}
	return nil
}

func (d *Decoder) report(p jsontext.Pointer, reason string) {
	d.misfits++
	if d.misfit == nil {
		d.misfit = &DecodeError{Pointer: d.base + p, Reason: reason}
	}
}

func (d *Decoder) expected(want string, got jsontext.Kind) {
	d.report(d.json.StackPointer(), "expected "+want+", got "+KindName(got))
}

// KindName returns a kind of JSON value in words, with its article.
func KindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	}
	return k.String()
}

// Failed reports whether the input has turned out not to be JSON.
func (d *Decoder) Failed() bool { return d.err != nil }

// Pointer returns the place of what was read last.
func (d *Decoder) Pointer() jsontext.Pointer { return d.base + d.json.StackPointer() }

// Value reads the next value. The bytes are good until the next read.
func (d *Decoder) Value() jsontext.Value { return d.value() }

// List enters a list. It returns false where there is none: nothing is left to read then.
func (d *Decoder) List() bool { return d.enter('[') }

// End leaves a list behind its last element.
func (d *Decoder) End() {
	if d.err == nil {
		_, d.err = d.json.ReadToken()
	}
}

func (d *Decoder) value() jsontext.Value {
	if d.err != nil {
		return nil
	}
	v, err := d.json.ReadValue()
	if err != nil {
		d.err = err
		return nil
	}
	return v
}

// Kind returns the kind of the next value, or 0 after an error.
func (d *Decoder) Kind() jsontext.Kind {
	if d.err != nil {
		return 0
	}
	return d.json.PeekKind()
}

// Skip passes over the next value.
func (d *Decoder) Skip() {
	if d.err == nil {
		d.err = d.json.SkipValue()
	}
}

// enter reads the token that opens an object or a list. It returns false, with the value behind it, where the
// value is null or something else.
func (d *Decoder) enter(open jsontext.Kind) bool {
	switch k := d.Kind(); k {
	case open:
		_, d.err = d.json.ReadToken()
		return d.err == nil
	case 'n':
		d.Skip()
	default:
		d.Skip()
		if d.err == nil {
			d.expected(KindName(open), k)
		}
	}
	return false
}

// Object enters an object. It returns false where there is none: nothing is left to read then.
func (d *Decoder) Object() bool { return d.enter('{') }

// StrictObject is Object for a type with strict properties, which must not be null.
func (d *Decoder) StrictObject() bool {
	null := d.Kind() == 'n'
	if null {
		d.Skip()
		d.expected("an object", 'n')
	}
	return !null && d.enter('{')
}

// Name returns the next name of the object, or nil at its end. The bytes are good until the next read.
func (d *Decoder) Name() []byte {
	if d.Kind() == '}' {
		_, d.err = d.json.ReadToken()
		return nil
	}
	v := d.value()
	if d.err != nil {
		return nil
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	name, _ := jsontext.AppendUnquote([]byte{}, v) // an error means U+FFFD was put in
	return name
}

// Mark sets a bit of seen if the next value is there to see, that is if it is not null.
func (d *Decoder) Mark(seen *uint64, bit int) {
	if d.Kind() != 'n' {
		*seen |= 1 << bit
	}
}

// Require reports a strict property of the object just read if its bit of seen is not set.
func (d *Decoder) Require(seen uint64, bit int, name string) {
	if d.err == nil && seen&(1<<bit) == 0 {
		d.report(d.json.StackPointer().AppendToken(name), "missing")
	}
}

// Constant reads a property that can only have one value.
func (d *Decoder) Constant(want string) {
	v := d.value()
	if d.err != nil || v.Kind() == 'n' {
		return
	}
	if len(v) != len(want)+2 || string(v[1:len(v)-1]) != want {
		if got, err := jsontext.AppendUnquote(nil, v); err != nil || string(got) != want {
			d.report(d.json.StackPointer(), "expected "+strconv.Quote(want))
		}
	}
}

// Extra keeps a property that the contract does not know.
func (d *Decoder) Extra(name []byte, extra *map[string]jsontext.Value) {
	key := string(name)
	var v jsontext.Value
	DecodeRaw(d, &v)
	if d.err == nil {
		if *extra == nil {
			*extra = make(map[string]jsontext.Value)
		}
		(*extra)[key] = v
	}
}

// DecodeString reads a string.
func DecodeString[T ~string](d *Decoder, x *T) {
	v := d.value() // a token would scan the string once more
	if d.err != nil {
		return
	}
	switch {
	case v[0] == 'n':
		*x = ""
	case v[0] != '"':
		d.expected("a string", v.Kind())
	case bytes.IndexByte(v, '\\') < 0 && (!d.anyUTF8 || utf8.Valid(v)):
		*x = T(d.interned.get(v[1 : len(v)-1]))
	default:
		d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], v) // an error means U+FFFD was put in
		*x = T(d.scratch)
	}
}

// DecodeInt reads a whole number, also one written as 1.0 or 1e3.
func DecodeInt[T ~int64](d *Decoder, x *T) {
	v := d.value()
	if d.err != nil {
		return
	}
	switch v.Kind() {
	case 'n':
		*x = 0
	case '0':
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			f, err := strconv.ParseFloat(string(v), 64)
			if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
				d.report(d.json.StackPointer(), "expected a whole number of 64 bits")
				return
			}
			n = int64(f)
		}
		*x = T(n)
	default:
		d.expected("a number", v.Kind())
	}
}

// DecodeFloat reads a number.
func DecodeFloat[T ~float64](d *Decoder, x *T) {
	v := d.value()
	if d.err != nil {
		return
	}
	switch v.Kind() {
	case 'n':
		*x = 0
	case '0':
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			d.report(d.json.StackPointer(), "expected a number of 64 bits")
			return
		}
		*x = T(f)
	default:
		d.expected("a number", v.Kind())
	}
}

// DecodeBool reads a boolean.
func DecodeBool[T ~bool](d *Decoder, x *T) {
	v := d.value()
	if d.err != nil {
		return
	}
	switch v.Kind() {
	case 't':
		*x = true
	case 'f', 'n':
		*x = false
	default:
		d.expected("a boolean", v.Kind())
	}
}

// DecodeTime reads a time of RFC 3339.
func DecodeTime(d *Decoder, x *time.Time) {
	*x = time.Time{}
	if d.Kind() == 'n' {
		d.Skip()
		return
	}
	v := d.value()
	if d.err != nil {
		return
	}
	if v.Kind() != '"' {
		d.expected("a string", v.Kind())
		return
	}
	s, _ := jsontext.AppendUnquote(nil, v)
	t, err := time.Parse(time.RFC3339, string(s))
	if err != nil {
		d.report(d.json.StackPointer(), "expected a time of RFC 3339")
		return
	}
	*x = t
}

// DecodeRaw keeps a value as it stands, but for invalid UTF-8, which could not be written again. Null is nil.
func DecodeRaw(d *Decoder, x *jsontext.Value) {
	v := d.value()
	switch {
	case d.err != nil || v.Kind() == 'n':
		*x = nil
	case d.anyUTF8 && !v.IsValid(jsontext.AllowDuplicateNames(true)):
		*x, d.err = jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	default:
		*x = bytes.Clone(v)
	}
}

// DecodePointer reads a value that may be null. A scalar that does not fit is nil too.
func DecodePointer[T any](d *Decoder, x **T, decode Func[T]) {
	*x = nil
	kind := d.Kind()
	if kind == 'n' {
		d.Skip()
		return
	}
	misfits := d.misfits
	if v := DecodeNew(d, decode); d.misfits == misfits || kind == '{' || kind == '[' {
		*x = v
	}
}

// DecodeNew reads a value into a new T.
func DecodeNew[T any](d *Decoder, decode Func[T]) *T {
	x := new(T)
	decode(d, x)
	return x
}

// DecodeSlice reads a list. Null is nil, an empty list is not.
func DecodeSlice[S ~[]T, T any](d *Decoder, x *S, decode Func[T]) {
	*x = nil
	if !d.enter('[') {
		return
	}
	s := S{}
	for d.Kind() != ']' {
		var zero T
		s = append(s, zero)
		decode(d, &s[len(s)-1])
		if d.err != nil {
			s = s[:len(s)-1]
			break
		}
	}
	*x = s
	d.End()
}

// DecodeMap reads an object whose names are data. Null is nil, an empty object is not.
func DecodeMap[T any](d *Decoder, x *map[string]T, decode Func[T]) {
	*x = nil
	if !d.enter('{') {
		return
	}
	*x = make(map[string]T)
	for name := d.Name(); name != nil; name = d.Name() {
		key := string(name)
		var v T
		decode(d, &v)
		(*x)[key] = v
	}
}

// An interner gives equal short strings one copy: ids, roles and models repeat all over a results file.
type interner [128]string

func (t *interner) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > 24 {
		return string(b)
	}
	h := uint(len(b))*31 + uint(b[0])*7 + uint(b[len(b)/2])*17 + uint(b[len(b)-1])*131
	s := &t[h%uint(len(t))]
	if *s != string(b) {
		*s = string(b)
	}
	return *s
}
