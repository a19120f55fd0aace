package page

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// JSON returns a contract, an OpenAPI document in YAML, as JSON on one line.
func JSON(contract string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(contract), &doc); err != nil {
		return nil, err
	}
	var object bytes.Buffer
	err := writeJSON(&object, &doc)
	object.WriteByte('\n')
	return object.Bytes(), err
}

// writeJSON writes a YAML node as JSON. It keeps the order of properties, which is meant for readers. No text in it can end
// a script, because "<" is escaped.
func writeJSON(w *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return writeJSON(w, n.Content[0])
	case yaml.AliasNode:
		return writeJSON(w, n.Alias)
	case yaml.SequenceNode:
		w.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := writeJSON(w, item); err != nil {
				return err
			}
		}
		w.WriteByte(']')
		return nil
	case yaml.MappingNode:
		w.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := writeValue(w, n.Content[i].Value); err != nil {
				return err
			}
			w.WriteByte(':')
			if err := writeJSON(w, n.Content[i+1]); err != nil {
				return err
			}
		}
		w.WriteByte('}')
		return nil
	case yaml.ScalarNode:
		var v any
		if n.ShortTag() == "!!timestamp" { // JSON has no timestamps: use the text
			v = n.Value
		} else if err := n.Decode(&v); err != nil {
			return err
		}
		return writeValue(w, v)
	}
	return fmt.Errorf("line %d: a node of kind %d", n.Line, n.Kind)
}

func writeValue(w *bytes.Buffer, v any) error {
	text, err := json.Marshal(v) // escapes <, > and &
	w.Write(text)
	return err
}
