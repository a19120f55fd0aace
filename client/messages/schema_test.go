package messages_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

type weather struct {
	City string `json:"city" jsonschema:"name of the city, in the language of the country"`
	Days int    `json:"days,omitempty"`
}

type every struct {
	Z      string              `json:"z"`
	A      *string             `json:"a"`
	List   []weather           `json:"list"`
	Lists  [][]uint8           `json:"lists"`
	Two    [2]bool             `json:"two"`
	Small  uint16              `json:"small"`
	Time   time.Time           `json:"time"`
	Later  *time.Time          `json:"later,omitzero"`
	Big    big.Int             `json:"big"`
	Number json.Number         `json:"number"`
	Raw    json.RawMessage     `json:"raw"`
	Value  jsontext.Value      `json:"value"`
	Addr   netip.Addr          `json:"addr"`
	Bytes  []byte              `json:"bytes"`
	Any    any                 `json:"any"`
	Hidden func()              `json:"-"`
	Inner  struct{ X, Y *int } `json:"inner"`
	weather
	_ chan int
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	tool, err := messages.Tool[weather]("get_weather", "Tells the weather.")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"object","properties":{"city":{"type":"string","description":"name of the city, in the language of the country"},"days":{"type":"integer"}},"required":["city"],"additionalProperties":false}`
	if tool.Name != "get_weather" || tool.Description != "Tells the weather." {
		t.Errorf("got %+v", tool)
	}
	checkSchema(t, want, tool.InputSchema)

	format, err := messages.OutputFormat[*weather]()
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, want, format.Schema)

	format, err = messages.OutputFormat[every]()
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, `{"type":"object","properties":{
		"z":{"type":"string"},
		"a":{"type":["null","string"]},
		"list":{"type":"array","items":`+want+`},
		"lists":{"type":"array","items":{"type":"string","description":"base64"}},
		"two":{"type":"array","items":{"type":"boolean"}},
		"small":{"type":"integer"},
		"time":{"type":"string","format":"date-time"},
		"later":{"type":["null","string"],"format":"date-time"},
		"big":{"type":"integer"},
		"number":{"type":"number"},
		"raw":{},
		"value":{},
		"addr":{"type":"string"},
		"bytes":{"type":"string","description":"base64"},
		"any":{},
		"inner":{"type":"object","properties":{"X":{"type":["null","integer"]},"Y":{"type":["null","integer"]}},"required":["X","Y"],"additionalProperties":false},
		"city":{"type":"string","description":"name of the city, in the language of the country"},
		"days":{"type":"integer"}},
		"required":["z","a","list","lists","two","small","time","big","number","raw","value","addr","bytes","any","inner","city"],
		"additionalProperties":false}`, format.Schema)

	p := params()
	p.Tools = []client.ToolUnion{tool}
	p.OutputConfig = &client.OutputConfig{Format: format}
	checkParams(t, p)
}

// checkSchema compares schemas and the order of their properties, which must be that of the fields.
func checkSchema(t *testing.T, want string, got jsontext.Value) {
	t.Helper()
	if diff := cmp.Diff(value(t, want), value(t, string(got))); diff != "" {
		t.Error(diff)
	}
	last := -1
	for _, name := range []string{`"z":`, `"a":`, `"list":`, `"two":`, `"inner":`, `"days":`} {
		i := strings.LastIndex(string(got), name)
		if i >= 0 && i < last {
			t.Errorf("%s is not where its field is: %s", name, got)
		}
		last = max(i, last)
	}
	if strings.Contains(string(got), "\n") {
		t.Errorf("the schema has line breaks: %s", got)
	}
}

type node struct{ Next *node }

type own struct{}

func (*own) UnmarshalJSON([]byte) error { return nil }

func TestSchemaErrors(t *testing.T) {
	t.Parallel()
	tool := func(f func(string, string) (*client.Tool, error)) func() error {
		return func() error { _, err := f("f", ""); return err }
	}
	format := func(f func() (*client.JSONOutputFormat, error)) func() error {
		return func() error { _, err := f(); return err }
	}
	for name, tt := range map[string]struct {
		make func() error
		want string // empty for no error
	}{
		"tool/list":     {tool(messages.Tool[[]int]), "not an object"},
		"tool/string":   {tool(messages.Tool[string]), "not an object"},
		"tool/any":      {tool(messages.Tool[any]), "not an object"},
		"tool/time":     {tool(messages.Tool[time.Time]), "not an object"},
		"tool/itself":   {tool(messages.Tool[node]), "field Next: messages_test.node contains itself"},
		"tool/func":     {tool(messages.Tool[struct{ F func() }]), "func"},
		"tool/map":      {tool(messages.Tool[map[string]int]), ""},
		"tool/nothing":  {tool(messages.Tool[struct{}]), ""},
		"tool/own form": {tool(messages.Tool[struct{ A []*own }]), "field A: messages_test.own has its own JSON form"},
		"tool/message":  {tool(messages.Tool[client.Params]), "its own JSON form"},
		"tool/tag": {tool(messages.Tool[struct {
			A int `jsonschema:"minimum=1"`
		}]), "cannot begin with a keyword such as \"minimum=\""},
		"tool/channel":     {tool(messages.Tool[struct{ C chan int }]), "field C: chan int has no JSON form"},
		"tool/interface":   {tool(messages.Tool[struct{ E error }]), "field E: error is an interface with methods"},
		"tool/keys":        {tool(messages.Tool[map[float64]int]), "keys that are not names"},
		"tool/number keys": {tool(messages.Tool[map[uint8]int]), ""},
		"tool/text keys":   {tool(messages.Tool[map[netip.Addr]int]), ""},
		"tool/quoted string": {tool(messages.Tool[struct {
			S string `json:",string"`
		}]), "field S: a string with the option string"},
		"tool/embedded": {tool(messages.Tool[struct{ *weather }]), "embedded pointer to an unexported type"},
		"tool/property": {tool(messages.Tool[struct {
			S string `json:"größe"`
		}]), `field S: the name "größe" in JSON must match`},
		"tool/property inside": {tool(messages.Tool[struct {
			L []struct {
				S string `json:"a b"`
			}
		}]), `field L: field S: the name "a b" in JSON must match`},
		"tool/long property": {tool(messages.Tool[longName]), "must match"},
		"tool/dots, dashes": {tool(messages.Tool[struct {
			S string `json:"a.b-c_1"`
		}]), ""},
		"tool/no values":   {tool(messages.Tool[struct{ E noValues }]), "method Enum of messages_test.noValues returns no values"},
		"tool/same values": {tool(messages.Tool[struct{ E sameValues }]), "returns a value twice"},
		"tool/number enum": {tool(messages.Tool[struct{ E numberEnum }]), "has a method Enum, but is not a string"},
		"format/property": {format(messages.OutputFormat[struct {
			S string `json:"größe"`
		}]), ""},
		"format/24 optional": {format(messages.OutputFormat[struct{ A, B optionals }]), ""},
		"format/25 optional": {format(messages.OutputFormat[struct {
			A, B optionals
			C    int `json:",omitempty"`
		}]), "25 optional fields (omitempty, omitzero): structured outputs may have 24"},
		"format/16 pointers": {format(messages.OutputFormat[struct {
			A [1]pointers
			B pointers
		}]), ""},
		"format/17 pointers": {format(messages.OutputFormat[struct {
			A, B pointers
			C    []*int
		}]), "17 pointers, which may be null: structured outputs may have 16"},
		"format/pointers to any": {format(messages.OutputFormat[struct {
			A, B pointers
			C    *any
		}]), ""}, // not a union: it may be anything
		"format/list":        {format(messages.OutputFormat[[]int]), ""},
		"format/map":         {format(messages.OutputFormat[map[string]int]), "maps"},
		"format/map inside":  {format(messages.OutputFormat[struct{ A []struct{ B map[string]any } }]), "maps"},
		"format/map of maps": {format(messages.OutputFormat[map[string]map[string]int]), "maps"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.make()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// longName has a property name of 65 letters.
type longName struct {
	A int `json:"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
}

type (
	optionals struct {
		A, B, C, D, E, F int `json:",omitzero"`
		G, H, I, J, K, L int `json:",omitzero"`
	}
	pointers   struct{ A, B, C, D, E, F, G, H *int }
	noValues   string
	sameValues string
	numberEnum int
)

func (noValues) Enum() []string   { return nil }
func (sameValues) Enum() []string { return []string{"a", "b", "a"} }
func (numberEnum) Enum() []string { return []string{"1"} }

// TestToolNames compares the rule for names with the contract.
func TestToolNames(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(contract.Load().Components.Schemas["BetaTool"].Value.Properties["name"].Value.Pattern)
	for _, name := range []string{"a", "get_weather-2", strings.Repeat("a", 128), "", "get weather", "größe", strings.Repeat("a", 129), "a.b", "a\n"} {
		tool, err := messages.Tool[weather](name, "")
		if (err == nil) != form.MatchString(name) || (err == nil) != (tool != nil) {
			t.Errorf("%q: got %v, %v", name, tool, err)
		}
	}
}

type unit string

func (unit) Enum() []string { return []string{"celsius", "fahrenheit", "Réaumur"} }

// level decodes itself, and has its enum on the pointer.
type level int

func (*level) Enum() []string { return []string{"low", "high"} }

func (l *level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return fmt.Errorf("no such level: %s", text)
	}
	return nil
}

type Measure struct {
	Unit  unit   `json:"unit"`
	Other *unit  `json:"other"`
	Units []unit `json:"units,omitempty" jsonschema:"other units"`
	Level level  `json:"level,omitzero"`
}

// embeds has fields of several structs with the same names.
type embeds struct {
	Measure `json:"measure"`
	weather
	Inner
	City   string `json:"city"`
	Number int    `json:"number,string"`
	Odd    int    `json:"o'dd"` //nolint:staticcheck // encoding/json ignores such a name, and so does Tool
}

type Inner struct {
	Measure
	Left
	Right
}

type (
	Left  struct{ Side int }
	Right struct{ Side int }
)

func TestEnumsAndEmbedded(t *testing.T) {
	t.Parallel()
	const units, orNull = `{"type":"string","enum":["celsius","fahrenheit","Réaumur"]}`, `{"type":["null","string"],"enum":["celsius","fahrenheit","Réaumur",null]}`
	const fields = `"unit":` + units + `,"other":` + orNull + `,"units":{"type":"array","items":` + units + `,"description":"other units"},"level":{"type":"string","enum":["low","high"]}`
	const measure = `{"type":"object","properties":{` + fields + `},"required":["unit","other"],"additionalProperties":false}`
	tool, err := messages.Tool[Measure]("measure", "")
	if err != nil {
		t.Fatal(err)
	}
	if string(tool.InputSchema) != measure {
		t.Errorf("got  %s\nwant %s", tool.InputSchema, measure)
	}
	format, err := messages.OutputFormat[embeds]()
	if err != nil {
		t.Fatal(err)
	}
	// Two embedded structs have a Side, so there is none.
	want := `{"type":"object","properties":{"measure":` + measure + `,"days":{"type":"integer"},` + fields + `,"city":{"type":"string"},"number":{"type":"string","description":"integer in quotation marks"},"Odd":{"type":"integer"}},` +
		`"required":["measure","unit","other","city","number","Odd"],"additionalProperties":false}`
	if string(format.Schema) != want {
		t.Errorf("got  %s\nwant %s", format.Schema, want)
	}
	// encoding/json agrees.
	x, err := messages.DecodeText[embeds](withText("end_turn", `{"measure":{"unit":"celsius","other":null},"unit":"celsius","other":null,"city":"a","number":"5","Odd":7,"days":3,"Side":4}`))
	if err != nil || x.Measure.Unit != "celsius" || x.Inner.Unit != "celsius" || x.City != "a" || x.Number != 5 || x.Odd != 7 || x.weather.Days != 3 || x.Left.Side != 0 {
		t.Errorf("got %+v, %v", x, err)
	}
}
