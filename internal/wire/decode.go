package wire

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder decodes one value of the contract from memory. Once it has found that the input is not JSON, its methods do
// nothing, so that generated code need not check after each call.
type Decoder struct {
	in        []byte
	pos       int              // where reading continues
	bad       bool             // decoding has ended: the input is not JSON, or overspent
	left      int              // how many more bytes may be allocated: see Spend
	overspent bool             // decoding has ended because of the budget
	strict    bool             // strings must be valid UTF-8; otherwise invalid bytes become U+FFFD
	request   bool             // the value is a request: an unknown property must not get lost
	stack     []frame          // the objects and lists around pos
	base      jsontext.Pointer // where the input is in a larger value
	misfit    *DecodeError     // the first value that did not fit; decoding continues
	misfits   int              // how many values did not fit
	interned  interner
	scratch   []byte // for strings with escapes
}

// A frame is an object or a list that is being read.
type frame struct {
	read       int // number of properties or elements
	name, rest int // start and end of the last property's name in the input; rest is 0 in a list
}

// A Func decodes the next value into x.
type Func[T any] func(d *Decoder, x *T)

// NewDecoder returns a decoder of b, which must be one JSON value and white space. It tolerates two faults seen in real
// results, which strict JSON refuses: duplicate names (the last one wins) and invalid UTF-8 (it becomes U+FFFD).
func NewDecoder(b []byte) *Decoder {
	d := pool.Get().(*Decoder)
	d.begin(b)
	return d
}

func (d *Decoder) begin(in []byte) { d.in, d.left = in, budgetMin+budgetPerByte*len(in) }

// End returns the error of decoding, if any. The decoder must not be used afterwards.
func (d *Decoder) End() error {
	err := d.result()
	d.reset()
	pool.Put(d)
	return err
}

// reset prepares d for other input.
func (d *Decoder) reset() {
	d.in, d.pos, d.bad, d.strict, d.request, d.stack = nil, 0, false, false, false, d.stack[:0]
	d.overspent = false
	d.base, d.misfit, d.misfits = "", nil, 0
	if cap(d.scratch) > 1<<20 {
		d.scratch = nil
	}
}

var pool = sync.Pool{New: func() any { return new(Decoder) }}

// Unmarshal decodes b into x with a decoder of [NewDecoder].
func Unmarshal[T any](b []byte, x *T, decode Func[T]) error {
	d := NewDecoder(b)
	decode(d, x)
	return d.End()
}

// UnmarshalFrom decodes the next value of j, with the options of j.
func UnmarshalFrom[T any](j *jsontext.Decoder, x *T, decode Func[T]) error {
	v, err := j.ReadValue()
	if err != nil {
		return err
	}
	d := NewDecoder(v)
	d.base = j.StackPointer()
	decode(d, x)
	return d.End()
}

// Walk calls visit to read b, which must be one JSON value and white space, in strict UTF-8. It returns an error if b
// is not JSON, or the fault that visit has reported.
func Walk(b []byte, visit func(d *Decoder)) error {
	d := NewDecoder(b)
	d.strict = true
	visit(d)
	return d.End()
}

func (d *Decoder) result() error {
	if d.overspent {
		return ErrBudget
	}
	if d.bad || space(d.in, d.pos) != len(d.in) {
		return d.syntaxError()
	}
	if d.misfit != nil {
		return d.misfit
	}
	return nil
}

// syntaxError returns why the input is not JSON.
func (d *Decoder) syntaxError() error {
	j := jsontext.NewDecoder(bytes.NewBuffer(d.in), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(!d.strict))
	switch _, err := j.ReadValue(); err {
	case nil:
		return errors.New("unexpected data after the value")
	case io.EOF:
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

// fail ends decoding.
func (d *Decoder) fail() {
	d.bad = true
	d.pos = len(d.in)
}

// report keeps the place and the reason of the first value that does not fit. There may be millions.
func (d *Decoder) report(reason string) {
	if d.first() {
		d.misfit = &DecodeError{Pointer: d.Pointer(), Reason: reason}
	}
}

// first counts a value that does not fit, and reports whether it is the first one.
func (d *Decoder) first() bool {
	d.misfits++
	return d.misfit == nil || d.misfit.Unknown
}

func (d *Decoder) expected(want string, got jsontext.Kind) {
	if d.first() {
		d.misfit = &DecodeError{Pointer: d.Pointer(), Reason: "expected " + want + ", got " + KindName(got)}
	}
}

// KindName returns the name of a kind of JSON value, with its article.
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

// Failed reports whether decoding has ended early, because the input is not JSON or exceeds the budget.
func (d *Decoder) Failed() bool { return d.bad }

// Pointer returns the place of what was read last.
func (d *Decoder) Pointer() jsontext.Pointer { return d.PointerTo(d.stack) }

// A Place is the place of a value in the input. It costs less than its pointer.
type Place []frame

// AppendPlace appends the place of what was read last.
func (d *Decoder) AppendPlace(p Place) Place { return append(p, d.stack...) }

// PointerTo returns the pointer to a place in the input.
func (d *Decoder) PointerTo(place Place) jsontext.Pointer {
	p := d.base
	for _, f := range place {
		switch {
		case f.read == 0:
		case f.rest == 0:
			p = p.AppendToken(strconv.Itoa(f.read - 1))
		default:
			p = p.AppendToken(string(unquote(d.in[f.name:f.rest])))
		}
	}
	return p
}

// next skips white space and returns the next byte, or 0 at the end.
func (d *Decoder) next() byte {
	if d.pos < len(d.in) && d.in[d.pos] > ' ' {
		return d.in[d.pos]
	}
	if d.pos = space(d.in, d.pos); d.pos < len(d.in) {
		return d.in[d.pos]
	}
	return 0
}

// Kind returns the kind of the next value, or 0 if there is none.
func (d *Decoder) Kind() jsontext.Kind {
	switch c := d.next(); c {
	case '{', '[', '"', 't', 'f', 'n':
		return jsontext.Kind(c)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return '0'
	}
	return 0
}

// value reads the next value, and reports whether the strings in it are valid. After an error v is nil.
func (d *Decoder) value() (v jsontext.Value, valid bool) {
	d.next()
	start := d.pos
	end, valid := scanValue(d.in, start, maxDepth-len(d.stack))
	if end < 0 || d.strict && !valid {
		d.fail()
		return nil, false
	}
	d.pos = end
	return d.in[start:end], valid
}

// Value reads the next value. It returns a part of the input.
func (d *Decoder) Value() jsontext.Value {
	v, _ := d.value()
	return v
}

// A Bookmark is the beginning of a value in an object or a list.
type Bookmark struct {
	pos, depth int
	outer      frame
}

// Bookmark returns the beginning of the next value, which must be in an object or a list.
func (d *Decoder) Bookmark() Bookmark {
	depth := len(d.stack)
	return Bookmark{d.pos, depth, d.stack[depth-1]}
}

// Return goes back to a bookmark in an object or a list that has not been left. After an error it does nothing.
func (d *Decoder) Return(b Bookmark) {
	if !d.bad {
		d.pos, d.stack = b.pos, d.stack[:b.depth]
		d.stack[b.depth-1] = b.outer
	}
}

// Skip skips the next value.
func (d *Decoder) Skip() { d.value() }

// enter enters an object or a list. If the value is null or something else, it skips the value and returns false.
func (d *Decoder) enter(open jsontext.Kind) bool {
	switch k := d.Kind(); k {
	case open:
		if len(d.stack) == maxDepth {
			d.fail()
			return false
		}
		d.pos++
		d.stack = append(d.stack, frame{})
		return true
	case 'n':
		d.Skip()
	default:
		d.Skip()
		if !d.bad {
			d.expected(KindName(open), k)
		}
	}
	return false
}

// another moves to the next property or element. At the end it leaves the object or list and returns false.
func (d *Decoder) another(closing byte) bool {
	f := &d.stack[len(d.stack)-1]
	c := d.next()
	switch {
	case c == closing:
		d.pos++
		d.stack = d.stack[:len(d.stack)-1]
		return false
	case f.read > 0 && c == ',':
		d.pos++
	case f.read > 0 || d.bad:
		d.fail()
		return false
	}
	f.read++
	return true
}

// Object enters an object. If the next value is not an object, it skips the value and returns false.
func (d *Decoder) Object() bool { return d.enter('{') }

// RequestObject is Object for a type that keeps properties that the contract does not know. In nested objects, which do
// not keep them, such properties are reported.
func (d *Decoder) RequestObject() bool {
	d.request = true
	return d.Object()
}

// StrictObject is Object for a type with strict properties, which must not be null.
func (d *Decoder) StrictObject() bool {
	null := d.Kind() == 'n'
	if null {
		d.Skip()
		d.expected("an object", 'n')
	}
	return !null && d.enter('{')
}

// Name reads the next name of the object, or returns nil at its end. The bytes are valid until the next string is read.
func (d *Decoder) Name() []byte {
	if !d.another('}') {
		return nil
	}
	d.next()
	start := d.pos
	if end := scanShort(d.in, start); end > 0 && d.in[end+1] == ':' { // most names; saves a twentieth of the time for short lines
		f := &d.stack[len(d.stack)-1]
		f.name, f.rest = start, end+1
		d.pos = end + 2
		return d.in[start+1 : end]
	}
	name, ok := d.text()
	if !ok {
		return nil
	}
	f := &d.stack[len(d.stack)-1]
	f.name, f.rest = start, d.pos
	if d.next() != ':' {
		d.fail()
		return nil
	}
	d.pos++
	return name
}

// text reads the next string. The bytes are valid until the next string is read.
func (d *Decoder) text() (text []byte, ok bool) {
	if end := scanShort(d.in, d.pos); end > 0 {
		text, d.pos = d.in[d.pos+1:end], end+1
		return text, true
	}
	text, scratch, end, valid := scanText(d.scratch, d.in, d.pos)
	d.scratch = scratch
	if end < 0 || d.strict && !valid {
		d.fail()
		return nil, false
	}
	d.pos = end
	return text, true
}

// List enters a list. If the next value is not a list, it skips the value and returns false.
func (d *Decoder) List() bool { return d.enter('[') }

// Next moves to the next element of the list. At the end it leaves the list and returns false.
func (d *Decoder) Next() bool { return d.another(']') }

// Mark sets a bit of seen if the next value is not null.
func (d *Decoder) Mark(seen *uint64, bit int) {
	if d.Kind() != 'n' {
		*seen |= 1 << bit
	}
}

// Require reports a strict property of the object just read if its bit of seen is not set.
func (d *Decoder) Require(seen uint64, bit int, name string) {
	if d.bad || seen&(1<<bit) != 0 {
		return
	}
	if d.first() {
		d.misfit = &DecodeError{Pointer: d.Pointer().AppendToken(name), Reason: "missing"}
	}
}

// Constant reads a property that can only have one value.
func (d *Decoder) Constant(want string) {
	v := d.Value()
	if d.bad || v[0] == 'n' {
		return
	}
	if v[0] != '"' || string(unquote(v)) != want {
		d.report("expected " + strconv.Quote(want))
	}
}

// Unknown skips a property that the contract does not know.
func (d *Decoder) Unknown() {
	if d.request && d.misfit == nil {
		d.misfit = &DecodeError{Pointer: d.Pointer(), Reason: "unknown property, which cannot be kept here", Unknown: true}
	}
	d.Skip()
}

// Extra keeps a property that the contract does not know.
func (d *Decoder) Extra(name []byte, extra *map[string]jsontext.Value) {
	if !d.Spend(len(name)) {
		return
	}
	key := string(name)
	var v jsontext.Value
	DecodeRaw(d, &v)
	if d.bad || !spendEntry[jsontext.Value](d, len(*extra)) {
		return
	}
	if *extra == nil {
		*extra = make(map[string]jsontext.Value)
	}
	(*extra)[key] = v
}
