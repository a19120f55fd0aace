package jsonschema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/internal/jsonschema"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const ticket = `{"type":"object","properties":{"category":{"type":"string","enum":["billing","other"]},"tags":{"type":"array","items":{"$ref":"#/$defs/tag"}},` +
		`"owner":{"anyOf":[{"type":"null"},{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}]}},` +
		`"required":["category"],"additionalProperties":false,"$defs":{"tag":{"type":"string","pattern":"^[a-z]+$"}}}`
	for _, tt := range []struct{ name, schema, text, want string }{
		{"object/all", ticket, `{"category":"billing","tags":["a","b"],"owner":{"name":"x"}}`, ""},
		{"object/null choice", ticket, `{"category":"other","owner":null}`, ""},
		{"object/missing", ticket, `{"tags":[]}`, `"category" is missing`},
		{"object/additional", ticket, `{"category":"other","secret":1}`, "has a property that is not in the schema"},
		{"object/deepest choice", ticket, `{"category":"other","owner":{"name":1}}`, `owner.name: not of type "string"`},
		{"object/others", `{"additionalProperties":{"type":"integer"}}`, `{"a":1,"b":"x"}`, `*: not of type "integer"`},
		{"object/not one", ticket, `[]`, `not of type "object"`},
		{"enum/case", ticket, `{"category":"Billing"}`, "category: not one of the values of the enum"},
		{"enum/number", `{"enum":[1,2.0]}`, `2`, ""},
		{"enum/large", `{"enum":[9007199254740993]}`, `9007199254740992`, "not one of the values of the enum"},
		{"enum/object", `{"enum":[{"a":[1,null]}]}`, `{"a":[1.0,null]}`, ""},
		{"enum/object differs", `{"enum":[{"a":[1,null]}]}`, `{"a":[1]}`, "not one of the values of the enum"},
		{"const/equal", `{"const":"a"}`, `"a"`, ""},
		{"const/other", `{"const":null}`, `0`, "not the constant"},
		{"array/reference", ticket, `{"category":"other","tags":["a","B"]}`, "tags[1]: does not match the pattern"},
		{"array/least", `{"minItems":1}`, `[]`, "shorter than minItems"},
		{"array/most", `{"maxItems":1}`, `[1,2]`, "longer than maxItems"},
		{"array/prefix", `{"prefixItems":[{"type":"string"}],"items":false}`, `["a",1]`, "[1]: not allowed"},
		{"array/prefix alone", `{"prefixItems":[{"type":"string"}]}`, `["a",1]`, ""},
		{"text/characters", `{"maxLength":2,"minLength":2}`, `"äö"`, ""},
		{"text/short", `{"minLength":3}`, `"äö"`, "shorter than minLength"},
		{"text/unknown pattern", `{"pattern":"(?=x)"}`, `"a"`, ""},
		{"number/integer", `{"type":"integer"}`, `1e2`, ""},
		{"number/fraction", `{"type":"integer"}`, `1.5`, `not of type "integer"`},
		{"number/minimum", `{"minimum":2}`, `1`, "not within minimum"},
		{"number/exclusive", `{"exclusiveMaximum":2}`, `2`, "not within exclusiveMaximum"},
		{"number/multiple", `{"multipleOf":3}`, `7`, "not within multipleOf"},
		{"type/several", `{"type":["null","boolean"]}`, `true`, ""},
		{"type/none of several", `{"type":["null","boolean"]}`, `1`, "not of any of the types"},
		{"combined/all", `{"allOf":[{"type":"integer"},{"minimum":3}]}`, `2`, "not within minimum"},
		{"combined/one", `{"oneOf":[{"type":"integer"},{"minimum":3}]}`, `4`, "matches 2 schemas of oneOf"},
		{"combined/not", `{"not":{"type":"integer"}}`, `4`, "matches the schema of not"},
		{"schema/true", `true`, `4`, ""},
		{"schema/itself", `{"properties":{"next":{"$ref":"#"}},"required":["id"]}`, `{"id":1,"next":{"next":{}}}`, `next: "id" is missing`},
		{"schema/endless", `{"$ref":"#"}`, `{}`, "the schema refers to itself without end"},
		{"schema/lost reference", `{"$ref":"#/$defs/x"}`, `{}`, `the schema refers to "#/$defs/x", which it does not have`},
		{"schema/escaped reference", `{"$ref":"#/$defs/a~1b/0","$defs":{"a/b":[{"type":"null"}]}}`, `1`, `not of type "null"`},
		{"json/fence", ticket, "```json\n{}\n```", "not JSON after byte 1"},
		{"json/cut", ticket, `{"category":"bil`, "not JSON: unexpected end"},
		{"json/more", ticket, `{"category":"other"} and so on`, "unexpected data after the JSON"},
		{"json/empty", ticket, ``, "not JSON: unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := jsonschema.Parse([]byte(tt.schema))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := s.Check([]byte(tt.text)); err != nil {
				got = err.Error()
				if found := new(jsonschema.Error); errors.As(err, &found) == strings.HasPrefix(tt.name, "json/") {
					t.Errorf("the error is a %T", err)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := jsonschema.Parse([]byte(`{`)); err == nil {
		t.Error("Parse accepted a schema that is not JSON")
	}
}
