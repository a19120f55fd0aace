package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compare returns the differences between the service and the fake.
func compare(service, fake *run) (differences []string) {
	differences = append(differences, compareFacts(service.facts, fake.facts)...)
	there, here := shapes(service.recorder.of("")), shapes(fake.recorder.of(""))
	for _, response := range slices.Sorted(maps.Keys(there)) {
		if here[response] != nil {
			differences = append(differences, compareShapes(response, there[response], here[response])...)
		}
	}
	return append(differences, compareHeaders(service.recorder.of(""), fake.recorder.of(""))...)
}

// compareFacts compares the facts of steps that both have reached.
func compareFacts(there, here []fact) (differences []string) {
	for _, f := range there {
		i := slices.IndexFunc(here, func(g fact) bool { return g.step == f.step && g.name == f.name })
		if i >= 0 && here[i].value != f.value {
			differences = append(differences, fmt.Sprintf("%s, %s: the service says %s, the fake %s", f.step, f.name, f.value, here[i].value))
		}
	}
	return differences
}

// A shape has the kinds of JSON values seen at each path.
type shape map[string]map[string]bool

// shapes returns the shape of each kind of response.
func shapes(exchanges []*exchange) map[string]shape {
	all := make(map[string]shape)
	for _, e := range exchanges {
		if !e.whole || e.op == "" {
			continue
		}
		name := fmt.Sprintf("%s, %d", e.op, e.status)
		for line := range bytes.SplitSeq(bytes.TrimSpace(e.body), []byte("\n")) {
			var value any
			if json.Unmarshal(line, &value) != nil {
				continue
			}
			if all[name] == nil {
				all[name] = make(shape)
			}
			all[name].add("", value)
		}
	}
	return all
}

func (s shape) add(path string, value any) {
	kind := kindOf(value)
	if _, ok := value.(float64); ok {
		kind = "number"
	}
	if s[path] == nil {
		s[path] = make(map[string]bool)
	}
	s[path][kind] = true
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			s.add(path+"[]", element)
		}
	case map[string]any:
		for name, inner := range value {
			s.add(path+"."+name, inner)
		}
	}
}

func (s shape) kinds(path string) string {
	if s[path] == nil {
		return "absent"
	}
	return strings.Join(slices.Sorted(maps.Keys(s[path])), " or ")
}

// compareShapes names each path with different kinds of values. It skips paths below one that the other side lacks.
func compareShapes(response string, there, here shape) (differences []string) {
	paths := maps.Clone(there)
	maps.Copy(paths, here)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		parent := strings.TrimSuffix(path, "[]")
		if parent == path {
			parent = path[:max(0, strings.LastIndex(path, "."))]
		}
		if there[parent] == nil || here[parent] == nil {
			continue
		}
		if a, b := there.kinds(path), here.kinds(path); a != b {
			differences = append(differences, fmt.Sprintf("%s: %s is %s, and %s in the fake", response, path, a, b))
		}
	}
	return differences
}

// compareHeaders names each header that only one side sends, except connection headers.
func compareHeaders(there, here []*exchange) (differences []string) {
	a, b := headerNames(there), headerNames(here)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !b[name] {
			differences = append(differences, fmt.Sprintf("header %s: only the service sends it", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if !a[name] {
			differences = append(differences, fmt.Sprintf("header %s: only the fake sends it", name))
		}
	}
	return differences
}

func headerNames(exchanges []*exchange) map[string]bool {
	names := make(map[string]bool)
	for _, e := range exchanges {
		for name := range e.header {
			switch name = strings.ToLower(name); name {
			case "connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding":
			default:
				names[name] = true
			}
		}
	}
	return names
}
