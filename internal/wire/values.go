package wire

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// DecodeString reads a string.
func DecodeString[T ~string](d *Decoder, x *T) {
	if d.next() != '"' {
		if v := d.Value(); !d.bad && v[0] != 'n' {
			d.expected("a string", v.Kind())
		} else if !d.bad {
			*x = ""
		}
		return
	}
	if text, ok := d.text(); ok && d.Spend(len(text)) {
		*x = T(d.interned.get(text))
	}
}

// DecodeInt reads an integer, which may be written as 1.0 or 1e3.
func DecodeInt[T ~int64](d *Decoder, x *T) {
	v, _ := d.value()
	if d.bad {
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
				d.report("expected a whole number of 64 bits")
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
	v, _ := d.value()
	if d.bad {
		return
	}
	switch v.Kind() {
	case 'n':
		*x = 0
	case '0':
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			d.report("expected a number of 64 bits")
			return
		}
		*x = T(f)
	default:
		d.expected("a number", v.Kind())
	}
}

// DecodeBool reads a boolean.
func DecodeBool[T ~bool](d *Decoder, x *T) {
	v, _ := d.value()
	if d.bad {
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
	v := d.Value()
	if d.bad {
		return
	}
	if v[0] != '"' {
		d.expected("a string", v.Kind())
		return
	}
	t, err := time.Parse(time.RFC3339, string(unquote(v)))
	if err != nil {
		d.report("expected a time of RFC 3339")
		return
	}
	*x = t
}

// DecodeRaw keeps a value unchanged, except invalid UTF-8, which could not be written again. Null becomes nil.
func DecodeRaw(d *Decoder, x *jsontext.Value) {
	v, valid := d.value()
	switch {
	case d.bad || v[0] == 'n':
		*x = nil
	case !valid:
		var err error
		if *x, err = jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			d.fail()
		}
		d.Spend(cap(*x))
	case d.Spend(len(v) + 8):
		*x = bytes.Clone(v)
	}
}

// DecodePointer reads a value that may be null. A scalar that does not fit becomes nil too.
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
	x := New[T](d)
	decode(d, x)
	return x
}

// DecodeSlice reads a list. Null becomes nil, an empty list does not.
func DecodeSlice[S ~[]T, T any](d *Decoder, x *S, decode Func[T]) {
	*x = nil
	if !d.enter('[') {
		return
	}
	s := S{}
	for d.Next() {
		if len(s) == cap(s) {
			s = slices.Grow(s, 1)
			d.Spend((cap(s) - len(s)) * size[T]())
		}
		s = s[:len(s)+1]
		decode(d, &s[len(s)-1])
		if d.bad {
			s = s[:len(s)-1]
			break
		}
	}
	*x = s
}

// DecodeMap reads an object whose names are data. Null becomes nil, an empty object does not.
func DecodeMap[T any](d *Decoder, x *map[string]T, decode Func[T]) {
	*x = nil
	if !d.enter('{') {
		return
	}
	*x = make(map[string]T)
	for name := d.Name(); name != nil; name = d.Name() {
		if !d.Spend(len(name)) || !spendEntry[T](d, len(*x)) {
			return
		}
		key := string(name)
		var v T
		decode(d, &v)
		(*x)[key] = v
	}
}

// An interner makes equal short strings share one copy: roles, models and ids repeat throughout a results file.
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
