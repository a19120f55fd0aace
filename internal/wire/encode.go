package wire

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// An Encoder appends one value of the contract to a byte slice. After an error, the whole value is dropped.
type Encoder struct {
	out   []byte
	start int // where the value begins in out
	err   error
}

// NewEncoder returns an encoder that appends to b.
func NewEncoder(b []byte) *Encoder { return &Encoder{out: b, start: len(b)} }

// End returns the extended slice. After an error it returns the original slice.
func (e *Encoder) End() ([]byte, error) {
	if e.err != nil {
		return e.out[:e.start], e.err
	}
	return e.out, nil
}

// Append appends the JSON of x to b. On error it returns b unchanged.
func Append[T any](b []byte, x *T, encode func(*Encoder, *T)) ([]byte, error) {
	e := NewEncoder(b)
	encode(e, x)
	return e.End()
}

// MarshalTo writes x to j, with the options of j.
func MarshalTo[T any](j *jsontext.Encoder, x *T, encode func(*Encoder, *T)) error {
	b, err := Append(nil, x, encode)
	if err != nil {
		return err
	}
	return j.WriteValue(b)
}

// fail keeps the first error and finds its place: the output so far is the beginning of a JSON value, which ends at the
// place of the error.
func (e *Encoder) fail(err error) {
	if e.err != nil {
		return
	}
	at := jsontext.NewDecoder(bytes.NewReader(e.out[e.start:]), jsontext.AllowDuplicateNames(true))
	for {
		if _, err := at.ReadToken(); err != nil {
			break
		}
	}
	p := at.StackPointer()
	if n := len(e.out); n > e.start && (e.out[n-1] == '[' || e.out[n-1] == ',') {
		kind, count := at.StackIndex(at.StackDepth())
		if kind == '[' {
			if count > 0 {
				p = p.Parent()
			}
			p = p.AppendToken(strconv.FormatInt(count, 10))
		}
	}
	e.err = &EncodeError{Pointer: p, Err: err}
}

// Methods that the generated code calls for most properties are not inlined: the copies would be more than a twentieth of a
// small program.

// Object opens an object.
//
//go:noinline
func (e *Encoder) Object() { e.out = append(e.out, '{') }

// EndObject closes an object.
//
//go:noinline
func (e *Encoder) EndObject() { e.out = append(e.out, '}') }

// Name begins a property. Its argument is the name as written, with quotes and colon.
//
//go:noinline
func (e *Encoder) Name(quoted string) {
	if e.out[len(e.out)-1] != '{' {
		e.out = append(e.out, ',')
	}
	e.out = append(e.out, quoted...)
}

// Null writes null.
func (e *Encoder) Null() { e.out = append(e.out, "null"...) }

// Extra writes properties that the contract does not know, in the order of their names.
func (e *Encoder) Extra(extra map[string]jsontext.Value) {
	encodeEntries(e, extra, EncodeRaw)
}

// dataName begins a property whose name is data. It returns false after an error.
func (e *Encoder) dataName(name string) bool {
	quoted, err := appendQuoted(nil, name)
	if err != nil {
		e.fail(err)
	}
	e.Name(string(quoted) + ":")
	return e.err == nil
}

// EncodeString writes a string. Invalid UTF-8 is an error.
func EncodeString[T ~string](e *Encoder, x *T) {
	if e.err != nil {
		return
	}
	out, err := appendQuoted(e.out, string(*x))
	if err != nil {
		e.fail(err)
		return
	}
	e.out = out
}

// EncodeInt writes an integer.
func EncodeInt[T ~int64](e *Encoder, x *T) { e.out = strconv.AppendInt(e.out, int64(*x), 10) }

// EncodeFloat writes a number. NaN and the infinities are errors.
func EncodeFloat[T ~float64](e *Encoder, x *T) {
	f := float64(*x)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.fail(errors.New("JSON has no NaN and no infinity"))
		return
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	e.out = strconv.AppendFloat(e.out, f, format, -1, 64)
}

// EncodeBool writes a boolean.
func EncodeBool[T ~bool](e *Encoder, x *T) { e.out = strconv.AppendBool(e.out, bool(*x)) }

// EncodeTime writes a time of RFC 3339.
func EncodeTime(e *Encoder, x *time.Time) {
	s := x.Format(time.RFC3339Nano)
	EncodeString(e, &s)
}

// EncodeRaw writes existing JSON without the white space between its tokens. An empty value becomes null.
func EncodeRaw(e *Encoder, x *jsontext.Value) {
	if e.err != nil {
		return
	}
	if len(*x) == 0 {
		e.Null()
		return
	}
	out, err := jsontext.AppendFormat(e.out, *x, jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		e.fail(err)
		return
	}
	e.out = out
}

// EncodeSlice writes a list.
func EncodeSlice[S ~[]T, T any](e *Encoder, x *S, encode func(*Encoder, *T)) {
	e.out = append(e.out, '[')
	for i := range *x {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if encode(e, &(*x)[i]); e.err != nil {
			return
		}
	}
	e.out = append(e.out, ']')
}

// EncodeMap writes an object whose names are data, in sorted order.
func EncodeMap[T any](e *Encoder, x *map[string]T, encode func(*Encoder, *T)) {
	e.Object()
	encodeEntries(e, *x, encode)
	e.EndObject()
}

func encodeEntries[T any](e *Encoder, entries map[string]T, encode func(*Encoder, *T)) {
	if len(entries) == 0 {
		return // sorting an empty map would allocate
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if !e.dataName(name) {
			return
		}
		v := entries[name]
		encode(e, &v)
	}
}

// Constant writes JSON that is known to be valid.
//
//go:noinline
func (e *Encoder) Constant(json string) { e.out = append(e.out, json...) }
