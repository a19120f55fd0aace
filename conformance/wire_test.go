package conformance_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/conformance/drift"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A comparison counts equal JSON values of theirs, which are the SDK's, and ours, and collects their differences.
//
// Places are written as in package drift, except that a level names the union member wherever an object has a type or
// role.
type comparison struct {
	report  drift.Report
	places  map[string]bool // places with a difference
	found   int             // differences, including those at known places
	samples int
	equal   int             // samples without a difference
	covered map[string]bool // components at the places of interest of equal samples
}

func newComparison() *comparison {
	return &comparison{places: make(map[string]bool), covered: make(map[string]bool)}
}

// sample compares the two values decoded from a sample, and ours with the sample itself.
func (c *comparison) sample(s sample, place string, theirs, ours any) {
	before := c.found
	c.compare(place, theirs, ours)
	c.compare(place, withoutNulls(s.decoded()), withoutNulls(ours))
	c.samples++
	if c.found == before {
		c.equal++
		for _, name := range s.covers {
			c.covered[name] = true
		}
	}
}

// compare compares two values as package json decodes them.
func (c *comparison) compare(place string, theirs, ours any) {
	switch ours := ours.(type) {
	case map[string]any:
		if theirs, ok := theirs.(map[string]any); ok {
			place += member(ours)
			for name := range ours {
				if _, ok := theirs[name]; !ok {
					c.differ(place+"."+name, "none", show(ours[name]))
				} else {
					c.compare(place+"."+name, theirs[name], ours[name])
				}
			}
			for name := range theirs {
				if _, ok := ours[name]; !ok {
					c.differ(place+"."+name, show(theirs[name]), "none")
				}
			}
			return
		}
	case []any:
		if theirs, ok := theirs.([]any); ok && len(theirs) == len(ours) {
			for i := range ours {
				c.compare(place+"[]", theirs[i], ours[i])
			}
			return
		}
	case string:
		if reflect.DeepEqual(theirs, []any{map[string]any{"type": "text", "text": ours}}) {
			place += ".string" // the short and the long form of the same value
		}
	}
	if !reflect.DeepEqual(theirs, ours) {
		c.differ(place, show(theirs), show(ours))
	}
}

func (c *comparison) differ(place, theirs, ours string) {
	c.found++
	if !c.places[place] {
		c.places[place] = true
		c.report.Differences = append(c.report.Differences, drift.Difference{Place: place, Text: "theirs " + theirs + ", ours " + ours})
	}
}

// member returns the level of a place for the type or role of an object.
func member(object map[string]any) string {
	for _, tag := range []string{"type", "role"} {
		if name, ok := object[tag].(string); ok {
			return "." + name
		}
	}
	return ""
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// finish reports the differences that are not in wire-exceptions.txt, using its lines that begin with root. A component
// below the root without an equal sample is a difference, too.
func (c *comparison) finish(t *testing.T, root, component string) {
	t.Helper()
	text, err := os.ReadFile("wire-exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		if !strings.HasPrefix(lines[i], root) {
			lines[i] = "" // the line numbers of the others must not change
		}
	}
	components := reachable(t, component)
	for _, name := range components {
		if !c.covered[name] {
			c.differ(root+"("+name+")", "none", "none that is equal")
		}
	}
	all := len(c.report.Differences)
	c.report.Except("wire-exceptions.txt", strings.Join(lines, "\n"))
	slices.SortFunc(c.report.Differences, func(a, b drift.Difference) int { return strings.Compare(a.Place, b.Place) })
	others := slices.DeleteFunc(slices.Clone(c.report.Differences), func(d drift.Difference) bool { return strings.HasSuffix(d.Place, ")") })
	if len(others) == 0 {
		others = c.report.Differences // those in parentheses may just follow from the others
	}
	for _, d := range others {
		t.Error(d)
	}
	t.Logf("%d of %d samples and %d of %d components are equal on both sides; %d differences are known",
		c.equal, c.samples, len(c.covered), len(components), all-len(c.report.Differences))
}

// asJSON returns a place in a value of the SDK or of ours that is kept as raw JSON and not in a typed field, because
// comparing it would prove nothing. It is empty if there is none.
func asJSON(v reflect.Value, place string) string {
	if v.Kind() == reflect.Struct && v.CanInterface() {
		if o, ok := reflect.TypeAssert[interface{ Overrides() (any, bool) }](v); ok {
			if _, overridden := o.Overrides(); overridden {
				return place
			}
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return asJSON(v.Elem(), place)
	case reflect.Slice:
		for i := range v.Len() {
			if found := asJSON(v.Index(i), place+"[]"); found != "" {
				return found
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[gen.Unknown]() {
			return place
		}
		for i := range v.NumField() {
			switch field := v.Type().Field(i); {
			case field.Name == "Extra" && v.Field(i).Len() > 0:
				return place + ".Extra"
			case field.IsExported():
				if found := asJSON(v.Field(i), place+"."+field.Name); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// withoutNulls removes the properties that are null, which mean the same as absent ones.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if item == nil {
				delete(v, name)
			} else {
				withoutNulls(item)
			}
		}
	case []any:
		for _, item := range v {
			withoutNulls(item)
		}
	}
	return v
}

// TestExceptionsAreUsed finds a line that no test uses; finish finds one that matches nothing.
func TestExceptionsAreUsed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("wire-exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`^(#.*|(create|batch|page|deletion|result)[.(].*)?$`)
	for line := range strings.Lines(string(text)) {
		if !used.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("wire-exceptions.txt: no test has the root of %s", line)
		}
	}
}

// TestComparison would fail if comparisons found no differences.
func TestComparison(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ theirs, ours, place string }{
		{`{"a":[1,"x",{"b":true}]}`, `{"a":[1,"x",{"b":true}]}`, ""},
		{`{"a":1}`, `{"a":2}`, "root.a"},
		{`{"a":1}`, `{}`, "root.a"},
		{`{}`, `{"a":0}`, "root.a"},
		{`{"a":[1]}`, `{"a":[1,2]}`, "root.a"},
		{`{"a":[{"type":"text","b":1}]}`, `{"a":[{"type":"text","b":"1"}]}`, "root.a[].text.b"},
		{`[{"type":"text","text":"x"}]`, `"x"`, "root.string"},
		{`[{"type":"text","text":"x"}]`, `"y"`, "root"},
	} {
		c := newComparison()
		c.compare("root", decoded(t, []byte(tt.theirs)), decoded(t, []byte(tt.ours)))
		place := ""
		for _, d := range c.report.Differences {
			place += d.Place
		}
		if place != tt.place {
			t.Errorf("%s and %s differ at %q, want %q", tt.theirs, tt.ours, place, tt.place)
		}
	}
}
