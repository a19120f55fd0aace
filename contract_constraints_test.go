package messagebatches_test

import (
	"encoding/json"
	"slices"
	"strings"
)

// A description is an earlier description of the API, as far as it limits values.
type description struct {
	Schemas map[string]struct {
		TypeConst   string                                `json:"type_const"`
		Constraints map[string]map[string]json.RawMessage // by property and keyword
	}
}

// constraintsHold: what the earlier description limits the contract limits as well.
func constraintsHold(d *document, report reporter) {
	got, want := make(facts), make(facts)
	for name, schema := range readFacts[description]("constraints.json").Schemas {
		for property, keywords := range schema.Constraints {
			heirs := d.heirs(name, schema.TypeConst, property)
			if len(heirs) == 0 {
				want[name+"/"+property] = nil
			}
			texts := limits(func(keyword string) string { return strings.Trim(string(keywords[keyword]), `"`) })
			for _, s := range heirs {
				p := s.at("properties", property)
				place := s.key() + "/" + property
				want[place] = append(want[place], texts...)
				have := limits(func(keyword string) string { return p.at(keyword).value })
				got[place] = slices.DeleteFunc(have, func(text string) bool { return !slices.Contains(want[place], text) })
			}
		}
	}
	compare(d, report, got, want, map[string]string{
		"BetaCreateMessageParams/max_tokens: want minimum 0":           "a batch refuses 0",
		"BetaTextBlock/text: want maxLength *":                         "a client must not refuse an answer because of a text in it",
		"BetaToolUseBlock/name: want minLength *":                      "the same",
		"BetaToolReferenceBlock/tool_name: want *":                     "the same",
		"BetaCitationsWebSearchResultLocation/title: want maxLength *": "the same",
		"BetaContainerSkill/*: want m??Length *":                       "the same",
		"Beta*ToolUseBlock/id: want pattern *":                         "the same: the service may change the form of its ids",
		"Beta*ToolResultBlock/tool_use_id: want pattern *":             "the same",
	})
}

// heirs returns the components that a schema lives on in. Those that have another name now have the same constant as
// their type and stand on the same side.
func (d *document) heirs(name, typeConst, property string) []*node {
	name = strings.ReplaceAll(name, "_", "")
	if name == "BetaSkill" {
		name = "BetaContainerSkill"
	}
	if s := d.component(name); s.exists() {
		return []*node{s}
	}
	return slices.DeleteFunc(slices.Clone(d.components()), func(s *node) bool {
		asked := d.requests[s.pointer()]
		otherSide := strings.HasPrefix(name, "BetaRequest") && !asked || strings.HasPrefix(name, "BetaResponse") && asked
		return otherSide || !s.at("properties").has(property) || !slices.Contains(constants(s.at("properties", "type")), typeConst)
	})
}

// limits returns the keywords that limit values, in one form: a whole number above 0 is at least 1, and nothing is
// shorter than 0.
func limits(value func(keyword string) string) []string {
	var limits []string
	for keyword := range strings.FieldsSeq("minimum exclusiveMinimum maximum minLength maxLength pattern minItems maxItems") {
		switch limit := value(keyword); {
		case limit == "", limit == "0" && (keyword == "minLength" || keyword == "minItems"):
		case limit == "0" && keyword == "exclusiveMinimum":
			limits = append(limits, "minimum 1")
		default:
			limits = append(limits, keyword+" "+limit)
		}
	}
	return limits
}
