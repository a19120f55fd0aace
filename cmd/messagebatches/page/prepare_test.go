package page

import (
	"bytes"
	"testing"

	"go.yaml.in/yaml/v3"
)

const schemas = "{components: {schemas: {"

func TestPrepare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ yaml, want string }{
		"enum/open": {
			"{description: A., anyOf: [{type: string, enum: [a]}, {type: string}]}",
			`{"description":"A.\n\nOther values are possible.","type":"string","enum":["a"]}`,
		},
		"enum/closed":   {"{anyOf: [{type: string, enum: [a]}, {type: 'null'}]}", `{"anyOf":[{"type":"string","enum":["a"]},{"type":"null"}]}`},
		"enum/property": {"{properties: {anyOf: {type: string}}}", `{"properties":{"anyOf":{"type":"string"}}}`},
		"document/one tag": {
			"{tags: [{name: a}], paths: {/a: {get: {tags: [a], summary: A}}}}",
			`{"paths":{"/a":{"get":{"summary":"A"}}}}`,
		},
		"document/rules of a component": {
			schemas + "A: {x-needs-beta: [b]}, B: {properties: {a: {$ref: '#/components/schemas/A', description: Mine.}}}}}}",
			`{"components":{"schemas":{"A":{"x-needs-beta":["b"],"description":"Needs the beta ` + "`b`" + `."},` +
				`"B":{"properties":{"a":{"$ref":"#/components/schemas/A","description":"Mine.\n\nNeeds the beta ` + "`b`" + `."}}}}}}`,
		},
		"document/rules of a parameter": {
			"{parameters: [{description: Mine., schema: {items: {$ref: '#/components/schemas/A'}}}], components: {schemas: {A: {x-needs-beta: [b]}}}}",
			`{"parameters":[{"description":"Mine.\n\nNeeds the beta ` + "`b`" + `.","schema":{"items":{"$ref":"#/components/schemas/A"}}}],` +
				`"components":{"schemas":{"A":{"x-needs-beta":["b"],"description":"Needs the beta ` + "`b`" + `."}}}}`,
		},
		"document/open union": {
			schemas + "U: {anyOf: [{$ref: '#/components/schemas/K'}, {$ref: '#/components/schemas/N'}]}," +
				" K: {oneOf: [{$ref: '#/components/schemas/A'}]}, N: {x-unknown-member: true}, A: {}}}}",
			`{"components":{"schemas":{"U":{"anyOf":[{"$ref":"#/components/schemas/A"},{"$ref":"#/components/schemas/N"}]},` +
				`"K":{"oneOf":[{"$ref":"#/components/schemas/A"}]},"N":{"x-unknown-member":true,"title":"newer"},"A":{}}}}`,
		},
		"document/reference to a union": {
			schemas + "U: {description: A union., oneOf: [{type: string}]}, B: {properties: {u: {$ref: '#/components/schemas/U', description: Mine.}}}}}}",
			`{"components":{"schemas":{"U":{"description":"A union.","oneOf":[{"type":"string"}]},` +
				`"B":{"properties":{"u":{"description":"Mine.","oneOf":[{"type":"string"}],"title":"U"}}}}}}`,
		},
		"document/member of a union": {
			schemas + "U: {discriminator: {propertyName: t, mapping: {a: '#/components/schemas/A'}}}, A: {description: An A., properties: {t: {description: Always a.}}}}}}",
			`{"components":{"schemas":{"U":{"discriminator":{"propertyName":"t","mapping":{"a":"#/components/schemas/A"}}},` +
				`"A":{"description":"An A.","properties":{"t":{"description":"Always a.\n\nAn A."}}}}}}`,
		},
		"rules/several": {
			"{x-needs-beta: [a], x-refused: [{batch: true, source: s}]}",
			`{"x-needs-beta":["a"],"x-refused":[{"batch":true,"source":"s"}],"description":"- Needs the beta ` + "`a`" + `.\n- Refused in a batch (s)."}`,
		},
		"rules/none": {"{items: {x-deprecated: {}}}", `{"items":{"x-deprecated":{}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(tt.yaml), &doc); err != nil {
				t.Fatal(err)
			}
			prepare(&doc)
			var got bytes.Buffer
			if err := writeJSON(&got, &doc); err != nil || got.String() != tt.want {
				t.Errorf("got %s, %v, want %s", got.String(), err, tt.want)
			}
		})
	}
}
