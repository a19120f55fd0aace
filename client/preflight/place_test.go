package preflight_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// TestIssuesAreWhereTheMistakeIs makes one mistake at a time, at every place of every example of the contract. All
// issues must be at that place.
func TestIssuesAreWhereTheMistakeIs(t *testing.T) {
	t.Parallel()
	type mistake struct {
		kind string
		at   jsontext.Pointer
	}
	var mistakes []mistake
	var lines []string
	eachPart(t, func(request any, at jsontext.Pointer, part any) {
		for kind, value := range map[string]any{"null": nil, "kind": otherKind(part), "text": "\x00 what no enum and no pattern takes", "missing": missing{}} {
			mistakes = append(mistakes, mistake{kind, at})
			lines = append(lines, marshal(t, replace(request, at, value)))
		}
	})
	hit := make(map[jsontext.Pointer]bool)
	issues := check(t, strings.Join(lines, "\n"), preflight.Options{
		Betas:   allBetas(),
		Disable: append([]preflight.Rule{preflight.RefusedByBatch, preflight.UnknownModel, preflight.DuplicateID}, acrossRules...),
	})
	for _, i := range issues {
		m := mistakes[i.Index]
		hit[m.at] = true
		switch {
		case i.Pointer == m.at:
		case m.kind == "missing" && i.Pointer == m.at.Parent() && (i.Rule == preflight.Limit || i.Rule == preflight.RefusedValue): // an element of a list
		case inTool.MatchString(string(m.at)) && m.at.Parent() == i.Pointer.Parent(): // without a type it is a custom tool
		default:
			t.Errorf("%s at %s is found at %v\n%s", m.kind, m.at, i, lines[i.Index])
		}
	}
	t.Logf("%d mistakes, %d issues at %d pointers", len(mistakes), len(issues), len(hit))
}

// acrossRules concern several values, so that their issues may be elsewhere.
var acrossRules = []preflight.Rule{
	preflight.RefusedByModel, preflight.Conflict, preflight.Misplaced, preflight.TooMany, preflight.Duplicate, preflight.Order,
	preflight.Unpaired, preflight.Unresolved, preflight.NotAll, preflight.Mixed, preflight.JSONSchema,
}

var inTool = regexp.MustCompile(`/(tools/\d+|definition)/type$`)

// eachPart calls f for all parts of all samples, once for parts that several samples share.
func eachPart(t *testing.T, f func(request any, at jsontext.Pointer, part any)) {
	seen := make(map[string]bool)
	for _, s := range samples(t) {
		for at, part := range pointers(s.request, "") {
			if key := string(at) + " " + marshal(t, part); !seen[key] {
				seen[key] = true
				f(s.request, at, part)
			}
		}
	}
}

// missing marks a property to omit.
type missing struct{}

func otherKind(v any) any {
	if _, ok := v.(bool); ok {
		return 7.5
	}
	return true
}

// pointers returns the pointers of all values in v.
func pointers(v any, at jsontext.Pointer) map[jsontext.Pointer]any {
	all := make(map[jsontext.Pointer]any)
	var add func(v any, at jsontext.Pointer)
	add = func(v any, at jsontext.Pointer) {
		if at != "" {
			all[at] = v
		}
		switch v := v.(type) {
		case []any:
			for i := range v {
				add(v[i], at.AppendToken(strconv.Itoa(i)))
			}
		case map[string]any:
			for name := range v {
				add(v[name], at.AppendToken(name))
			}
		}
	}
	add(v, at)
	return all
}

// replace returns v with another value at a place.
func replace(v any, at jsontext.Pointer, value any) any {
	if at == "" {
		return value
	}
	token, rest, _ := strings.Cut(string(at[1:]), "/")
	if rest != "" {
		rest = "/" + rest
	}
	switch v := v.(type) {
	case []any:
		changed := slices.Clone(v)
		i, _ := strconv.Atoi(token)
		changed[i] = replace(v[i], jsontext.Pointer(rest), value)
		if changed[i] == (missing{}) {
			return slices.Delete(changed, i, i+1)
		}
		return changed
	case map[string]any:
		changed := maps.Clone(v)
		name := jsontext.Pointer("/" + token).LastToken()
		changed[name] = replace(v[name], jsontext.Pointer(rest), value)
		if changed[name] == (missing{}) {
			delete(changed, name)
		}
		return changed
	}
	return v
}
