package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// annotations are keywords that do not affect whether a value is valid.
var annotations = []string{"default", "deprecated", "description", "examples", "externalDocs", "title"}

// Schemas returns the text of package schema's copy of a contract as JSON: its date and its components, each on its own
// line, with open forms folded and without annotations.
func Schemas(text string) ([]byte, error) {
	f, err := fold(text)
	if err != nil {
		return nil, err
	}
	if len(f.schemas) == 0 {
		return nil, fmt.Errorf("the contract has no schemas")
	}
	var out bytes.Buffer
	info, _ := f.document["info"].(map[string]any)
	day, err := json.Marshal(info["x-as-of"])
	if err != nil {
		return nil, err
	}
	separator := fmt.Sprintf("{\"x-as-of\": %s, \"schemas\": {\n", day)
	for _, name := range slices.Sorted(maps.Keys(f.schemas)) {
		if s, ok := f.schemas[name].(map[string]any); ok {
			bare(s)
		}
		line, err := json.Marshal(f.schemas[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&out, "%s%q: %s", separator, name, line)
		separator = ",\n"
	}
	out.WriteString("\n}}\n")
	return out.Bytes(), nil
}

// bare removes the annotations of a schema and of the schemas in it.
func bare(schema map[string]any) {
	for _, keyword := range annotations {
		delete(schema, keyword)
	}
	for keyword, value := range schema {
		switch value := value.(type) {
		case map[string]any:
			switch keyword {
			case "properties":
				for _, property := range value {
					if property, ok := property.(map[string]any); ok {
						bare(property)
					}
				}
			case "items", "additionalProperties":
				bare(value)
			}
		case []any:
			if keyword != "oneOf" && keyword != "anyOf" {
				break
			}
			for _, member := range value {
				if member, ok := member.(map[string]any); ok {
					bare(member)
				}
			}
		}
	}
}
