package wire

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

func TestSpend(t *testing.T) {
	t.Parallel()
	type large struct{ _ [64]byte }
	decodeLarge := func(d *Decoder, _ *large) { d.Skip() }
	entries := func(value string) string {
		var b strings.Builder
		for i := range 300_000 {
			b.WriteString(`"` + strconv.Itoa(i) + `":` + value + `,`)
		}
		return `{` + b.String() + `"x":` + value + `}`
	}
	list := `[` + strings.Repeat(`1,`, 1<<20) + `1]`
	for name, tt := range map[string]struct {
		in   string
		read func(d *Decoder)
		want error
	}{
		"list/structs":      {list, func(d *Decoder) { DecodeSlice(d, new([]large), decodeLarge) }, ErrBudget},
		"list/few structs":  {`[1,1]`, func(d *Decoder) { DecodeSlice(d, new([]large), decodeLarge) }, nil},
		"list/pointers":     {list, func(d *Decoder) { DecodeSlice(d, new([]*int64), decodeNumber) }, ErrBudget},
		"list/numbers":      {list, func(d *Decoder) { DecodeSlice(d, new([]int64), DecodeInt[int64]) }, nil},
		"list/raw":          {list, func(d *Decoder) { DecodeSlice(d, new([]jsontext.Value), DecodeRaw) }, ErrBudget},
		"map/structs":       {entries("1"), func(d *Decoder) { DecodeMap(d, new(map[string]large), decodeLarge) }, ErrBudget},
		"map/eight structs": {`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1}`, func(d *Decoder) { DecodeMap(d, new(map[string]large), decodeLarge) }, nil},
		"extra":             {entries("1"), readExtra, ErrBudget},
		"extra/long":        {entries(`"` + strings.Repeat("x", 100) + `"`), readExtra, nil},
		"extra/many maps":   {`[` + strings.Repeat(`{"x":1},`, 1<<18) + `{}]`, readExtras, ErrBudget},
		"string":            {`"` + strings.Repeat(`\n`, 4<<20) + `"`, func(d *Decoder) { DecodeString(d, new(string)) }, nil},
		"string/twice":      {`"` + strings.Repeat(`x`, 4<<20) + `"`, func(d *Decoder) { d.Spend(17 << 20); DecodeString(d, new(string)) }, nil},
		"string/too much":   {`"` + strings.Repeat(`x`, 4<<20) + `"`, func(d *Decoder) { d.Spend(17<<20 + 100); DecodeString(d, new(string)) }, ErrBudget},
		"not JSON before":   {`[1,}`, func(d *Decoder) { DecodeSlice(d, new([]int64), DecodeInt[int64]); d.Spend(1 << 40) }, errSyntax},
		"not JSON behind":   {list + `}`, func(d *Decoder) { DecodeSlice(d, new([]large), decodeLarge) }, ErrBudget},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := NewDecoder([]byte(tt.in))
			tt.read(d)
			if tt.want == ErrBudget && !d.Failed() {
				t.Error("decoding continues")
			}
			limit := budgetMin + budgetPerByte*len(tt.in)
			if used := limit - d.left; tt.want == ErrBudget && used > limit+limit/2 && used < 1<<40 {
				t.Errorf("%d bytes were kept, the budget is %d", used, limit)
			}
			err := d.End()
			if tt.want == errSyntax && err != nil && !errors.Is(err, ErrBudget) {
				return
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

var errSyntax = errors.New("not JSON")

func decodeNumber(d *Decoder, x **int64) { DecodePointer(d, x, DecodeInt) }

func readExtra(d *Decoder) {
	var extra map[string]jsontext.Value
	d.Object()
	for name := d.Name(); name != nil; name = d.Name() {
		d.Extra(name, &extra)
	}
}

func readExtras(d *Decoder) {
	d.List()
	for d.Next() {
		readExtra(d)
	}
}

// TestDecoderIsReused exhausts a budget, and then decodes something else with the same decoder.
func TestDecoderIsReused(t *testing.T) {
	t.Parallel()
	d := new(Decoder)
	d.begin([]byte(`1`))
	d.Spend(budgetMin + 100)
	if err := d.result(); !errors.Is(err, ErrBudget) {
		t.Fatalf("got %v", err)
	}
	d.reset()
	d.begin([]byte(`"x"`))
	var s string
	if DecodeString(d, &s); s != "x" || d.result() != nil {
		t.Errorf("got %q, %v", s, d.result())
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	d := new(Decoder)
	New[[3]byte](d)
	if got := size[jsontext.Value](); d.left != -16 || got != int(unsafe.Sizeof([]byte{})) {
		t.Errorf("used %d, a slice takes %d", -d.left, got)
	}
}
