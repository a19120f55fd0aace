package batchtest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fitting are schemas with values, and impossible are schemas without values, or for which none is found.
var (
	fitting = map[string]string{
		"anything":              `{}`,
		"true":                  `true`,
		"string":                `{"type":"string"}`,
		"string/length":         `{"type":"string","minLength":50,"maxLength":60}`,
		"string/short":          `{"type":"string","maxLength":2}`,
		"string/pattern":        `{"type":"string","pattern":"^[A-Z]{2,4}-\\d+(foo|bar)?$"}`,
		"string/open pattern":   `{"type":"string","pattern":"x+[^a-z]"}`,
		"string/formats":        `{"type":"array","items":false,"prefixItems":[{"format":"date-time"},{"format":"date"},{"format":"time"},{"format":"duration"},{"format":"email"},{"format":"hostname"},{"format":"ipv4"},{"format":"ipv6"},{"format":"uri"},{"format":"uuid"}],"minItems":10}`,
		"enum":                  `{"enum":["a",7,null,{"b":[true]}]}`,
		"const":                 `{"const":{"a":1e3}}`,
		"nullable":              `{"type":["null","integer"]}`,
		"null":                  `{"type":"null"}`,
		"boolean":               `{"type":"boolean"}`,
		"integer/range":         `{"type":"integer","minimum":-3,"maximum":-3}`,
		"integer/exclusive":     `{"type":"integer","exclusiveMinimum":4,"exclusiveMaximum":6}`,
		"integer/steps":         `{"type":"integer","minimum":1,"multipleOf":7,"maximum":13}`,
		"number/fraction":       `{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}`,
		"number/from below":     `{"maximum":-5.5}`,
		"object":                `{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0}},"required":["name","age"],"additionalProperties":false}`,
		"object/optional":       `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`,
		"object/not described":  `{"type":"object","required":["a","b"]}`,
		"object/map":            `{"type":"object","additionalProperties":{"type":"integer"},"minProperties":3}`,
		"object/empty":          `{"type":"object","properties":{}}`,
		"array":                 `{"type":"array","items":{"type":"string"},"minItems":5,"maxItems":5}`,
		"array/unique":          `{"type":"array","items":{"enum":["a","b","c"]},"minItems":3,"uniqueItems":true}`,
		"array/tuple":           `{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}`,
		"array/of nothing":      `{"type":"array","items":false}`,
		"union/anyOf":           `{"anyOf":[{"type":"string","maxLength":3},{"type":"object","properties":{"k":{"const":"v"}},"required":["k"]}]}`,
		"union/oneOf":           `{"type":"object","oneOf":[{"properties":{"k":{"const":"a"}},"required":["k"]},{"properties":{"k":{"const":"b"}},"required":["k"]}]}`,
		"union/with one branch": `{"anyOf":[false,{"type":"integer"}]}`,
		"allOf":                 `{"allOf":[{"type":"object","properties":{"a":{"minimum":3}},"required":["a"]},{"properties":{"a":{"type":"integer","maximum":4},"b":{"type":"null"}},"required":["b"]}]}`,
		"ref":                   `{"$defs":{"name":{"type":"string","minLength":40}},"type":"object","properties":{"a":{"$ref":"#/$defs/name"}},"required":["a"]}`,
		"ref/old":               `{"definitions":{"n":{"type":"integer"}},"$ref":"#/definitions/n"}`,
		"ref/tree":              `{"$defs":{"tree":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/tree"}},"name":{"type":"string"}},"required":["name","children"],"additionalProperties":false}},"$ref":"#/$defs/tree"}`,
		"ref/list":              `{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"]}`,
		"names":                 `{"type":"object","properties":{"a\"b":{"type":"integer"},"ü/~":{"type":"string"}},"required":["a\"b","ü/~"]}`,
	}
	impossible = map[string]string{
		"false":        `false`,
		"required":     `{"type":"object","properties":{"a":false},"required":["a"]}`,
		"endless":      `{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`,
		"too long":     `{"type":"string","minLength":1000000000}`,
		"too many":     `{"type":"array","minItems":1000000000}`,
		"too wide":     `{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"object","required":["x"],"properties":{"x":{"$ref":"#"}}}}}`,
		"loop":         `{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}`,
		"nowhere":      `{"$ref":"#/$defs/a"}`,
		"no integer":   `{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":2}`,
		"lookahead":    `{"type":"string","pattern":"^(?!a)"}`,
		"not a schema": `[]`,
	}
)

func TestFit(t *testing.T) {
	t.Parallel()
	for name, schema := range fitting {
		seen := make(map[string]bool)
		for seed := range uint64(20) {
			value, ok := fit([]byte(schema), seed)
			if !ok {
				t.Errorf("%s: no value for seed %d", name, seed)
				break
			}
			if again, _ := fit([]byte(schema), seed); !bytes.Equal(value, again) {
				t.Errorf("%s: a seed produces %s and %s", name, value, again)
			}
			if err := validate(t, schema, value); err != nil {
				t.Errorf("%s: %s does not fit: %v", name, value, err)
			}
			seen[string(value)] = true
		}
		if strings.HasPrefix(name, "string/pattern") && len(seen) < 8 {
			t.Errorf("%s: only %d different values", name, len(seen))
		}
	}
	for name, schema := range impossible {
		if value, ok := fit([]byte(schema), 1); ok {
			t.Errorf("%s: got %s", name, value)
		}
	}
}

// validate checks a value with a third-party validator.
func validate(t testing.TB, schema string, value []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", document); err != nil {
		return err
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return compiled.Validate(v)
}

// FuzzFit checks that fit ends and makes JSON for any schema, and that values of nested schemas with known keywords
// fit.
func FuzzFit(f *testing.F) {
	for _, schema := range fitting {
		f.Add([]byte(schema), uint64(1))
	}
	for _, schema := range impossible {
		f.Add([]byte(schema), uint64(1))
	}
	f.Fuzz(func(t *testing.T, schema []byte, seed uint64) {
		value, ok := fit(schema, seed)
		if !ok {
			return
		}
		if _, err := jsonschema.UnmarshalJSON(bytes.NewReader(value)); err != nil {
			t.Errorf("%s: %s is not JSON: %v", schema, value, err)
		}
	})
}

// FuzzReadAnswers checks that each line is an answer or an error, and that the answers of any file work.
func FuzzReadAnswers(f *testing.F) {
	for _, line := range []string{
		`{"custom_id":"a*","text":"Hi","times":1}`, `{"contains":"x","json":{"a":[1]}}`, `{"truncated":""}`, `{"refused":true}`, `{"tool":"t"}`,
		`{"message":{"content":[{"type":"text","text":"a"}]}}`, `{"error":{"type":"overloaded_error","message":"m"}}`, `{"result":{"type":"new"}}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		rules, err := readAnswers(bytes.NewReader(file))
		if err != nil {
			return
		}
		q := request{customID: "a", params: []byte(`{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"x"}]}`)}
		decoded, err := q.decode()
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			if result, problem := ask(rule.answer, &decoded); problem != "" || result == nil {
				t.Errorf("%s: %s", file, problem)
			}
			rule.fits(q)
		}
	})
}
