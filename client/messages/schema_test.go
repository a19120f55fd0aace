package messages_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
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
		"raw":true,
		"value":true,
		"addr":{"type":"string"},
		"bytes":{"type":"string","description":"base64"},
		"any":true,
		"inner":{"type":"object","properties":{"X":{"type":["null","integer"]},"Y":{"type":["null","integer"]}},"required":["X","Y"],"additionalProperties":false},
		"city":{"type":"string","description":"name of the city, in the language of the country"},
		"days":{"type":"integer"}},
		"required":["z","a","list","lists","two","small","time","big","number","raw","value","addr","bytes","any","inner","city"],
		"additionalProperties":false}`, format.Schema)

	p := params()
	p.Tools = []gen.BetaToolUnion{tool}
	p.OutputConfig = &gen.BetaOutputConfig{Format: format}
	checkParams(t, p)
}

// checkSchema compares schemas and the order of their properties, which is that of the fields.
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
	tool := func(f func(string, string) (*gen.BetaTool, error)) func() error {
		return func() error { _, err := f("f", ""); return err }
	}
	format := func(f func() (*gen.BetaJSONOutputFormat, error)) func() error {
		return func() error { _, err := f(); return err }
	}
	for name, tt := range map[string]struct {
		make func() error
		want string // empty for none
	}{
		"tool/list":     {tool(messages.Tool[[]int]), "not an object"},
		"tool/string":   {tool(messages.Tool[string]), "not an object"},
		"tool/any":      {tool(messages.Tool[any]), "not an object"},
		"tool/time":     {tool(messages.Tool[time.Time]), "not an object"},
		"tool/itself":   {tool(messages.Tool[node]), "cycle"},
		"tool/func":     {tool(messages.Tool[struct{ F func() }]), "func"},
		"tool/map":      {tool(messages.Tool[map[string]int]), ""},
		"tool/nothing":  {tool(messages.Tool[struct{}]), ""},
		"tool/own form": {tool(messages.Tool[struct{ A []*own }]), "field A: messages_test.own has a JSON form of its own"},
		"tool/message":  {tool(messages.Tool[client.Params]), "JSON form of its own"},
		"tool/tag": {tool(messages.Tool[struct {
			A int `jsonschema:"minimum=1"`
		}]), "WORD="},
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
